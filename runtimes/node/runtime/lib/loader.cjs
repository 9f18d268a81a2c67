'use strict';

// From the text of a function's Handler (`dir/file.fn`, `file.obj.fn`) to the function.

const fs = require('fs');
const path = require('path');
const { faults } = require('./errors.cjs');
const streaming = require('./streaming.cjs');

const NAME = /^([^.]*)\.(.+)$/;

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Whether the nearest package.json makes `.js` files ES modules. */
function isModulePackage(folder) {
  for (let at = folder; !at.endsWith('/node_modules'); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, 'utf8'))?.type === 'module';
      } catch (error) {
        console.warn(`${file} cannot be read, its module type is taken to be commonjs.`, error);
        return false;
      }
    }
    if (at === path.dirname(at)) break;
  }
  return false;
}

/** Order of AWS: as named (file or folder), .js, .mjs, .cjs, then as `require` would find it. */
async function loadModule(root, folder, name, require_) {
  const base = path.resolve(root, folder, name);
  const esm = (file) => import(require('url').pathToFileURL(file).href);
  if (fs.existsSync(base)) return require_(base);
  if (isFile(`${base}.js`)) {
    return isModulePackage(path.dirname(base)) ? esm(`${base}.js`) : require_(`${base}.js`);
  }
  if (isFile(`${base}.mjs`)) return esm(`${base}.mjs`);
  if (isFile(`${base}.cjs`)) return require_(`${base}.cjs`);
  return require_(require_.resolve(name, { paths: [root, path.join(root, folder)] }));
}

async function load(root, handler, runtimeDir) {
  if (handler.includes('..')) {
    throw new faults.MalformedHandlerName(
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root ` +
        'directories in handler names.',
    );
  }
  const last = path.basename(handler);
  const match = NAME.exec(last);
  if (!match) throw new faults.MalformedHandlerName('Bad handler');
  const folder = handler.slice(0, handler.length - last.length);
  streaming.installGlobal();

  // Messages about missing modules list who required them: AWS's main file is index.mjs.
  const require_ = require('module').createRequire(path.join(runtimeDir, 'index.mjs'));
  let loaded;
  try {
    loaded = await loadModule(root, folder, match[1], require_);
  } catch (error) {
    if (error instanceof SyntaxError) throw new faults.UserCodeSyntaxError(error);
    if (error?.code === 'MODULE_NOT_FOUND') throw new faults.ImportModuleError(error);
    throw error;
  }
  const found = match[2].split('.').reduce((object, key) => object && object[key], loaded);
  if (!found) throw new faults.HandlerNotFound(`${handler} is undefined or not exported`);
  if (typeof found !== 'function') {
    throw new faults.HandlerNotFound(`${handler} is not a function`);
  }
  return found;
}

module.exports = { load };

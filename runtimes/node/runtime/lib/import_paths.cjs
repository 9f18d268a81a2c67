'use strict';

// Preloaded (`--require`): lets ES modules find packages in NODE_PATH, where Node.js itself looks
// for CommonJS modules only. AWS's Node.js is changed so; layers and the SDK rely on it.
//
// The usual search comes first, with the hooks that a function may have, and costs what it always
// does: only when it has found nothing are the folders looked at. Node.js's public hooks would be
// asked at every `require`, too, some 20 us each, so the methods of its loader are wrapped; the
// hooks are for a version whose loader is no more where it was.

const path = require('path');
const { pathToFileURL } = require('url');

const NOT_FOUND = 'ERR_MODULE_NOT_FOUND';
const PACKAGE = /^(?:@[^/\\%]+\/)?[^./\\%#@:][^/\\%:]*(?=\/|$)/;

const folders = (process.env.NODE_PATH ?? '').split(path.delimiter).filter(path.isAbsolute);

/**
 * What to search for instead, one after the other: [specifier, parent or undefined]. Seen from a
 * file beside a folder named node_modules, its packages are found as usual; in other folders only
 * whole folders are packages.
 */
function* places(specifier) {
  const name = PACKAGE.exec(specifier)?.[0];
  if (!name) return;
  for (const folder of folders) {
    if (path.basename(folder) === 'node_modules') {
      yield [specifier, pathToFileURL(path.join(folder, '..', '-.mjs')).href];
    } else if (require('fs').statSync(path.join(folder, name), { throwIfNoEntry: false })) {
      const { resolve } = require('module').createRequire(path.join(folder, '-.cjs'));
      try {
        yield [pathToFileURL(resolve(`./${specifier}`)).href, undefined];
      } catch (error) {
        if (error?.code !== 'MODULE_NOT_FOUND') throw error;
      }
    }
  }
}

/** The first that `search` finds; the error of the usual search when there is none. */
function searchPlaces(specifier, usualError, search) {
  if (usualError?.code !== NOT_FOUND) throw usualError;
  for (const [wanted, parent] of places(specifier)) {
    try {
      return search(wanted, parent);
    } catch (error) {
      if (error?.code !== NOT_FOUND) throw error;
    }
  }
  throw usualError;
}

/** The same where `search` answers a promise: a loader of the function's own, on its thread. */
async function searchPlacesLater(specifier, usualError, search) {
  if (usualError?.code !== NOT_FOUND) throw usualError;
  for (const [wanted, parent] of places(specifier)) {
    try {
      return await search(wanted, parent);
    } catch (error) {
      if (error?.code !== NOT_FOUND) throw error;
    }
  }
  throw usualError;
}

/**
 * Arguments are (specifier, parent, ...), from Node.js 24 on (parent, {specifier, ...}, ...).
 * Returns the specifier, and what makes arguments of another one and its parent.
 */
function read(args) {
  const [first, second, ...more] = args;
  if (typeof second?.specifier === 'string') {
    const request = (wanted) => ({ ...second, specifier: wanted });
    return [second.specifier, (wanted, parent) => [parent ?? first, request(wanted), ...more]];
  }
  return [String(first), (wanted, parent) => [wanted, parent ?? second, ...more]];
}

function extend(loader, method) {
  const usual = loader[method];
  loader[method] = function (...args) {
    const again = (error, searchAll) => {
      const [specifier, other] = read(args);
      return searchAll(specifier, error, (...place) => usual.apply(this, other(...place)));
    };
    let answer;
    try {
      answer = usual.apply(this, args);
    } catch (error) {
      return again(error, searchPlaces);
    }
    if (typeof answer?.then !== 'function') return answer;
    return answer.then(undefined, (error) => again(error, searchPlacesLater));
  };
}

/** Node.js's own loader of ES modules; undefined where it is not where it used to be. */
function findLoader() {
  try {
    const made = require('internal/modules/esm/loader').getOrInitializeCascadedLoader?.();
    return made ?? require('internal/process/esm_loader').esmLoader;
  } catch {
    return undefined;
  }
}

function registerHooks() {
  require('module').registerHooks?.({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        return searchPlaces(specifier, error, (wanted, parentURL) =>
          next(wanted, parentURL ? { ...context, parentURL } : context),
        );
      }
    },
  });
}

function install() {
  const loader = findLoader();
  const methods = ['resolve', 'resolveSync'].filter((name) => typeof loader?.[name] === 'function');
  for (const name of methods) extend(loader, name);
  if (methods.length === 0) registerHooks();
}

if (folders.length > 0) install();

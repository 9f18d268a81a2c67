'use strict';

// The bare start floor for Node.js: loads the standard modules that are named, loads the handler,
// calls it, writes the answer. No sandbox, no runtime client.
//
//   node bare_start.cjs HANDLER_FILE EVENT MODULES_FILE

const fs = require('fs');

const [handlerFile, event, modulesFile] = process.argv.slice(2);
for (const name of fs.readFileSync(modulesFile, 'utf8').split(/\s+/)) {
  if (name) require(name);
}
require(handlerFile)
  .handler(JSON.parse(event), {})
  .then((answer) => fs.writeSync(1, JSON.stringify(answer)));

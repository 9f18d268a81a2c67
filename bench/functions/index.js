'use strict';

exports.handler = async (event) => ({ message: 'Hello ' + event.name });

// How this interpreter was started, for the floors to do the same.
exports.facts = async () => ({
  version: process.versions.node,
  flags: process.execArgv,
  modules: process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule '))
    .map((name) => name.slice('NativeModule '.length))
    .filter((name) => require('module').builtinModules.includes(name) && !name.startsWith('_')),
});

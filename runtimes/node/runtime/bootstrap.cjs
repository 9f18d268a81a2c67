'use strict';

// First file Node.js runs. CommonJS on purpose: starting with an ES module loads the whole module
// loader before our first line, which many functions never need.
require('./lib/loop.cjs').main(__dirname);

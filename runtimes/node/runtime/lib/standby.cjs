'use strict';

// Waiting for a function: a process that was started before anybody knew which one it would serve.
//
// What to become comes over a descriptor: the environment, as `KEY=value` parts that end in a zero
// byte, until the end of the stream. Nothing at all means that the server has gone.

const fs = require('fs');

const FD_VARIABLE = '_LAPWING_STANDBY_FD';

// What functions and the AWS SDK load sooner or later.
const COMMON = ['assert', 'buffer', 'child_process', 'crypto', 'dns', 'events', 'http', 'https',
  'os', 'path', 'process', 'querystring', 'stream', 'tls', 'url', 'util', 'zlib'];

function readAll(fd) {
  const parts = [];
  const buffer = Buffer.allocUnsafe(65536);
  for (;;) {
    const count = fs.readSync(fd, buffer, 0, buffer.length, null);
    if (count === 0) break;
    parts.push(Buffer.from(buffer.subarray(0, count)));
  }
  fs.closeSync(fd);
  return Buffer.concat(parts).toString('utf8');
}

function takeEnvironment(content) {
  for (const key of Object.keys(process.env)) delete process.env[key];
  for (const entry of content.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) process.env[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
}

/** Returns when this process has a function: its environment and folder. */
function wait() {
  const fd = process.env[FD_VARIABLE];
  if (fd === undefined) return;
  for (const name of COMMON) require(name);
  const content = readAll(Number(fd));
  if (content === '') process.exit(0);
  takeEnvironment(content);
  process.chdir(process.env.LAMBDA_TASK_ROOT ?? '/var/task');
}

module.exports = { wait };

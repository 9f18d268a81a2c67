'use strict';

// `console` and the standard streams as functions find them on AWS: one line a record, with time,
// request and level; JSON lines on demand; frames where the server offers a descriptor for them.

const fs = require('fs');
const util = require('util');
const errors = require('./errors.cjs');

// The low bits of a frame's type: 3 text, 2 JSON; the level's number in the bits above.
const FRAME_TEXT = 0xa55a0003;
const FRAME_JSON = 0xa55a0002;
const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };

// AWS's names for these, which logging libraries read.
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');
const TENANT_ID = Symbol.for('aws.lambda.runtime.tenantId');

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes everything before it returns, also where someone made the pipe non-blocking. */
function writeAll(fd, data) {
  let rest = data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(fd, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/**
 * Makes process.stdout and process.stderr synchronous. Node.js queues what a full pipe does not
 * take, and a function killed at its time limit would lose it.
 */
function patchStreams() {
  for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
    let stream;
    const make = () => {
      const { Writable } = require('stream');
      stream = new Writable({
        decodeStrings: true,
        write(chunk, _encoding, done) {
          try {
            writeAll(fd, chunk);
            done();
          } catch (error) {
            done(error);
          }
        },
      });
      stream.fd = fd;
      stream._type = 'pipe';
      stream.destroySoon = stream.destroy;
      stream._destroy = (error, done) => done(error); // the descriptor stays open, as Node's does
      return stream;
    };
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => stream ?? make(),
    });
  }
}

function setInvocation(requestId, tenantId) {
  globalThis[REQUEST_ID] = requestId;
  globalThis[TENANT_ID] = tenantId;
}

function textRecord(level, time, params) {
  return `${time}\t${globalThis[REQUEST_ID]}\t${level}\t${util.format(...params)}`;
}

function errorMembers(error) {
  return {
    errorType: error.constructor?.name ?? 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : error.stack,
  };
}

function jsonRecord(level, time, params) {
  const record = { timestamp: time, level, requestId: globalThis[REQUEST_ID] };
  if (globalThis[TENANT_ID] != null) record.tenantId = globalThis[TENANT_ID];
  if (params.length === 1) {
    record.message = params[0];
    try {
      return JSON.stringify(record, (_key, value) => {
        return value instanceof Error ? { ...errorMembers(value), ...value } : value;
      });
    } catch {
      record.message = util.format(params[0]); // a cycle, a BigInt
      return JSON.stringify(record);
    }
  }
  record.message = util.format(...params);
  const error = params.find((param) => param instanceof Error);
  return JSON.stringify(error ? { ...record, ...errorMembers(error) } : record);
}

function lineWriter(format) {
  return (level, params) => {
    const line = format(level, new Date().toISOString(), params).replace(/\n/g, '\r');
    process.stdout.write(`${line}\n`);
  };
}

function frameWriter(format, fd, kind) {
  return (level, params) => {
    const now = new Date();
    const body = Buffer.from(format(level, now.toISOString(), params));
    const head = Buffer.alloc(16);
    head.writeUInt32BE((kind | (LEVELS[level] << 2)) >>> 0, 0);
    head.writeUInt32BE(body.length, 4);
    head.writeBigUInt64BE(BigInt(now.valueOf()) * 1000n, 8);
    writeAll(fd, Buffer.concat([head, body]));
  };
}

function logDescriptor() {
  const text = process.env._LAMBDA_TELEMETRY_LOG_FD;
  delete process.env._LAMBDA_TELEMETRY_LOG_FD;
  return /^\d+$/.test(text ?? '') ? Number(text) : undefined;
}

/** Returns the function that logs an error of the runtime: (title, error). */
function patch() {
  patchStreams();
  const json = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const format = json ? jsonRecord : textRecord;
  const fd = logDescriptor();
  const write =
    fd === undefined
      ? lineWriter(format)
      : frameWriter(format, fd, json ? FRAME_JSON : FRAME_TEXT);
  const least = LEVELS[process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE;
  // A first parameter always, so that console.log() writes `undefined` as it does on AWS.
  const logger = (level) => {
    if (LEVELS[level] < least) return () => {};
    return (message, ...params) => write(level, [message, ...params]);
  };
  console.trace = logger('TRACE');
  console.debug = logger('DEBUG');
  console.info = logger('INFO');
  console.log = console.info;
  console.warn = logger('WARN');
  console.error = logger('ERROR');
  console.fatal = logger('FATAL');
  return json
    ? (_title, thrown) => console.error(errors.asError(thrown))
    : (title, thrown) => console.error(title, `\t${errors.logText(errors.asError(thrown))}`);
}

module.exports = { patch, setInvocation };

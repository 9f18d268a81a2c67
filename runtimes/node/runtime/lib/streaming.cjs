'use strict';

// Streamed responses: `awslambda.streamifyResponse`, `awslambda.HttpResponseStream`, and the
// stream such a handler writes to.

const { faults } = require('./errors.cjs');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const HTTP_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_END = Buffer.alloc(8);

class HttpResponseStream {
  /** Status, headers and cookies go first, as JSON, ended by eight zero bytes. */
  static from(stream, prelude) {
    stream.setContentType(HTTP_CONTENT_TYPE);
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(PRELUDE_END);
    };
    return stream;
  }
}

function installGlobal() {
  if (/^(1|true)$/.test(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? '')) return;
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') {
        handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream,
  };
}

function isStreaming(handler) {
  const mark = handler[STREAMING];
  if (mark === undefined || mark === null || mark === false) return false;
  if (mark === 'response') return true;
  throw new faults.MalformedStreamingHandler('Only response streaming is supported.');
}

/**
 * The stream a streaming handler gets. The request to the server starts with the first byte, so a
 * handler that fails before writing still yields a plain error. `stream.answered` resolves when
 * the server has taken the whole response, and rejects when the connection breaks.
 */
function createResponseStream(api, invocation, handler) {
  const { Writable } = require('stream');
  let contentType = 'application/octet-stream';
  let request = null;
  let failure;
  let answered;
  const whenAnswered = new Promise((resolve, reject) => (answered = { resolve, reject }));
  whenAnswered.catch(() => {});

  const stream = new Writable({
    highWaterMark: handler[HIGH_WATER_MARK],
    write(chunk, _encoding, done) {
      request ??= api.startStream(invocation, contentType);
      request.write(chunk, done);
    },
    final(done) {
      request ??= api.startStream(invocation, contentType);
      request.end(failure).then(
        (status) => {
          answered.resolve(status);
          done();
        },
        (error) => {
          answered.reject(error);
          done(error);
        },
      );
    },
  });
  const write = stream.write;
  let wrote = false;
  stream.write = (chunk, ...rest) => {
    const bytes = typeof chunk === 'string' || chunk instanceof Uint8Array;
    if (!wrote) {
      wrote = true;
      stream._onBeforeFirstWrite?.((part) => write.call(stream, part));
    }
    return write.call(stream, bytes ? chunk : JSON.stringify(chunk), ...rest);
  };
  const end = stream.end;
  stream.end = (chunk, ...rest) => {
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      stream.write(chunk, ...rest.filter((r) => typeof r === 'string'));
      chunk = undefined;
    } else if (!wrote && stream._onBeforeFirstWrite && !failure) {
      wrote = true;
      stream._onBeforeFirstWrite((part) => write.call(stream, part));
    }
    return end.call(stream, ...[chunk, ...rest].filter((r) => typeof r === 'function'));
  };
  stream.setContentType = (type) => {
    if (wrote) throw new faults.InvalidStreamingOperation('Cannot set content-type, too late.');
    contentType = type;
  };
  return {
    stream,
    answered: whenAnswered,
    get started() {
      return request !== null;
    },
    /** Ends the response where it is, saying why in its trailers. */
    fail(error) {
      failure = error;
      stream.end();
    },
  };
}

module.exports = { installGlobal, isStreaming, createResponseStream };

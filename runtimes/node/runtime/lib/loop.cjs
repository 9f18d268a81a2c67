'use strict';

// The life of a runtime process: prepare, load the handler, serve events until the end.

const consoles = require('./console.cjs');
const errors = require('./errors.cjs');
const loader = require('./loader.cjs');
const standby = require('./standby.cjs');
const streaming = require('./streaming.cjs');
const { ApiError, ConnectionLost, RuntimeApi } = require('./api.cjs');
const { Invocation } = require('./invocation.cjs');

// Exit statuses of AWS's Node.js runtime.
const EXIT_UNSETTLED = 13; // Node.js's own for a top-level await that never ends
const EXIT_REJECTION = 128;
const EXIT_EXCEPTION = 129;
const CALLBACKS_END = 24; // first runtime that refuses callback handlers and their context members

const NO_MORE_CALLBACKS =
  'ERROR: AWS Lambda has removed support for callback-based function handlers starting with ' +
  'Node.js 24. You need to modify this function to use a supported handler signature to use ' +
  'Node.js 24 or later. For more information see ' +
  'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.';
const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly ' +
  'caused by a Promise that was never settled. For more information, see ' +
  'https://nodejs.org/docs/latest/api/process.html#exit-codes';

class Runtime {
  #api;
  #handler;
  #logError;
  #current = null; // {invocation, streamed} of the event under way
  #idle = () => process.exit(EXIT_UNSETTLED); // what to do when nothing is left to do
  #initialised = false;
  #dying = false; // the connection belongs to the last report; nothing else may use it

  constructor(api, logError) {
    this.#api = api;
    this.#logError = logError;
    process.on('beforeExit', () => this.#idle());
    process.on('uncaughtException', (error) => {
      this.die('Uncaught Exception', error, EXIT_EXCEPTION);
    });
    process.on('unhandledRejection', (reason, promise) => {
      const error = new errors.faults.UnhandledPromiseRejection(reason);
      error.reason = reason;
      error.promise = promise;
      this.die('Unhandled Promise Rejection', error, EXIT_REJECTION);
    });
  }

  serve(handler) {
    this.#serveOne = streaming.isStreaming(handler) ? this.#serveStream : this.#serveBuffered;
    this.#handler = handler;
    this.#scheduleNext(); // lets rejections of the module's own code come out first
  }

  /** Tells the server that this process is lost, then ends it. */
  async die(title, error, status) {
    this.#logError(title, error);
    if (this.#dying) return;
    this.#dying = true;
    const current = this.#current;
    const report = errors.payload(error);
    try {
      if (!this.#initialised) await this.#api.failInit(report);
      else if (current?.streamed?.started) await this.#failStream(current.streamed, report);
      // Between events the connection is taken by `next`: the end of the process has to say it.
      else if (current && !this.#api.busy) {
        await this.#api.fail(current.invocation, report, errors.cause(error));
      }
    } finally {
      process.exit(status);
    }
  }

  #serveOne;

  #scheduleNext() {
    this.#current = null;
    this.#idle = () => {};
    setImmediate(async () => {
      if (this.#dying) return;
      this.#initialised = true;
      try {
        const invocation = new Invocation(await this.#api.next());
        this.#current = { invocation };
        consoles.setInvocation(invocation.id, invocation.tenantId);
        invocation.forwardTrace();
        await this.#serveOne(invocation);
      } catch (error) {
        this.#lost(error);
      }
    });
  }

  #lost(error) {
    if (this.#dying) return undefined;
    if (!(error instanceof ApiError)) return this.die('Uncaught Exception', error, EXIT_EXCEPTION);
    if (!(error instanceof ConnectionLost)) process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }

  // -- buffered ------------------------------------------------------------------------------

  #serveBuffered(invocation) {
    let posted = false;
    const post = (exchange) => {
      if (this.#dying) return;
      posted = true;
      this.#idle = () => {};
      exchange().then(
        () => this.#scheduleNext(),
        (error) => this.#lost(error),
      );
    };
    const fail = (error) => {
      if (posted) return;
      this.#logError('Invoke Error', error);
      post(() => this.#api.fail(invocation, errors.payload(error), errors.cause(error)));
    };
    const succeed = (result) => {
      if (posted) return;
      const body = serialize(result);
      post(() => this.#api.respond(invocation, body));
    };
    const { context, callback } = completions(succeed, fail, (action) => {
      this.#idle = action;
    });
    const handler = this.#handler;
    const isAsync = handler.constructor?.name === 'AsyncFunction';
    this.#idle = () => {
      if (isAsync) fail(new errors.faults.NodeJsExit(NEVER_SETTLED));
      else succeed(null);
    };
    try {
      const given = invocation.describe(callbacksEnded() ? {} : context);
      const result = handler(invocation.event(), given, callback);
      if (typeof result?.then === 'function') {
        result.then(context.succeed, context.fail).catch(context.fail);
      }
    } catch (error) {
      callback(error);
    }
  }

  // -- streamed ------------------------------------------------------------------------------

  async #serveStream(invocation) {
    const handler = this.#handler;
    const streamed = streaming.createResponseStream(this.#api, invocation, handler);
    this.#current.streamed = streamed;
    let waitForIdle = true;
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waitForIdle;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waitForIdle = value;
      },
    };
    const idle = new Promise((resolve) => (this.#idle = resolve));
    try {
      invocation.describe(context);
      const work = handler(invocation.event(), streamed.stream, context);
      if (typeof work?.then !== 'function') {
        throw 'Streaming does not support non-async handlers.';
      }
      const done = Promise.resolve(work).then((result) => {
        if (result !== undefined) console.warn('Streaming handlers ignore return values.');
        return streamed.answered;
      });
      await Promise.race([done, idle]);
      if (!streamed.stream.writableFinished) throw 'Response stream is not finished.';
    } catch (error) {
      if (error instanceof ApiError) throw error;
      this.#logError('Invoke Error', error);
      const report = errors.payload(error);
      if (streamed.started) await this.#failStream(streamed, report);
      else await this.#api.fail(invocation, report, errors.cause(error));
      waitForIdle = false;
    }
    if (!waitForIdle) this.#scheduleNext();
    else this.#idle = () => this.#scheduleNext();
  }

  async #failStream(streamed, report) {
    if (!streamed.stream.writableEnded) streamed.fail(report);
    await streamed.answered;
  }
}

function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

/**
 * The ways a handler can say that it is done: `callback`, the three old methods of `context`, and
 * its promise, which uses two of these. The first one counts. A callback's success waits until
 * nothing is left to do, unless the handler said otherwise.
 */
function completions(succeed, fail, whenIdle) {
  let waitForIdle = true;
  let finished = false;
  const first = (action) => (...args) => {
    if (finished) return;
    action(...args); // may throw: a result that is no JSON leaves room for the error
    finished = true;
  };
  const done = (error, result) => {
    if (error !== undefined && error !== null) fail(error);
    else succeed(result);
  };
  const callback = (error, result) => {
    if (waitForIdle && (error === undefined || error === null)) {
      whenIdle(() => setImmediate(() => succeed(result)));
    } else {
      done(error, result);
    }
  };
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waitForIdle;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waitForIdle = value;
    },
    succeed: first((result) => done(null, result)),
    fail: first((error) => done(error ?? 'handled')),
    done: first(done),
  };
  return { context, callback: first(callback) };
}

/** By the runtime the function asked for, which may not be the version of Node.js that serves. */
function callbacksEnded() {
  const version = /nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? '')?.[1];
  return Number(version) >= CALLBACKS_END;
}

function refuseCallbacks(handler) {
  if (callbacksEnded() && handler.length >= 3 && !streaming.isStreaming(handler)) {
    throw new errors.faults.CallbackHandlerDeprecated(NO_MORE_CALLBACKS);
  }
}

function connect() {
  const text = process.env._LAPWING_RUNTIME_FD;
  delete process.env._LAPWING_RUNTIME_FD;
  return new RuntimeApi({
    address: process.env.AWS_LAMBDA_RUNTIME_API ?? '127.0.0.1:9001',
    fd: /^\d+$/.test(text ?? '') ? Number(text) : undefined,
    agent: `lapwing-nodejs/${process.versions.node}`,
  });
}

async function main(runtimeDir) {
  standby.wait();
  const runtime = new Runtime(connect(), consoles.patch());
  const root = process.env.LAMBDA_TASK_ROOT ?? '/var/task';
  try {
    const handler = await loader.load(root, process.env._HANDLER ?? '', runtimeDir);
    refuseCallbacks(handler);
    runtime.serve(handler);
  } catch (error) {
    runtime.die(callbacksEnded() ? 'Init Error' : 'Uncaught Exception', error, EXIT_EXCEPTION);
  }
}

module.exports = { main };

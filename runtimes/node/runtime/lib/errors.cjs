'use strict';

// What goes wrong in a function, as AWS's Node.js runtime tells it.

/** Faults of the runtime; their `name` is the errorType the caller sees. */
const faults = {};
for (const name of [
  'ImportModuleError',
  'HandlerNotFound',
  'MalformedHandlerName',
  'UserCodeSyntaxError',
  'MalformedStreamingHandler',
  'InvalidStreamingOperation',
  'CallbackHandlerDeprecated',
  'NodeJsExit',
  'UnhandledPromiseRejection',
]) {
  const Fault = { [name]: class extends Error {} }[name];
  Object.defineProperty(Fault.prototype, 'name', { value: `Runtime.${name}`, writable: true });
  faults[name] = Fault;
}

function asError(thrown) {
  return thrown instanceof Error ? thrown : new Error(thrown);
}

/** A control character that HTTP stacks stumble over. */
function clean(text) {
  return text.replace(/\x7f/g, '%7F');
}

function looksLikeError(value) {
  // An Error of another realm (vm, jest) is no `instanceof Error` here.
  return (
    value instanceof Error ||
    (typeof value?.name === 'string' &&
      typeof value.message === 'string' &&
      typeof value.stack === 'string')
  );
}

/** The body of an error report. */
function payload(thrown) {
  try {
    if (looksLikeError(thrown)) {
      return {
        errorType: clean(String(thrown.name)),
        errorMessage: clean(String(thrown.message)),
        trace: clean(String(thrown.stack ?? '')).split('\n'),
      };
    }
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving ' +
        'one or more of its message, name, and stack',
    };
  }
}

/** Error as the JSON text that follows `Invoke Error` in a text log. */
function logText(thrown) {
  try {
    return JSON.stringify(thrown, (_key, value) => {
      if (!(value instanceof Error)) return value;
      const members = {
        errorType: value.name,
        errorMessage: value.message,
        code: value.code,
        ...value,
      };
      if (typeof value.stack === 'string') members.stack = value.stack.split('\n');
      return members;
    });
  } catch {
    return JSON.stringify(payload(thrown));
  }
}

/** `    at label (path:line:column)` or `    at path:line:column`. */
const FRAME = /^\s*at (?:(.*) \()?(.*?):(\d+)(?::\d+)?\)?$/;

/** X-Ray's view, for a header: JSON in ASCII, so it has no line ends. */
function cause(thrown) {
  if (!looksLikeError(thrown)) return '';
  const stack = [];
  for (const line of String(thrown.stack ?? '').split('\n')) {
    const match = FRAME.exec(line);
    if (!match) continue;
    stack.push({ path: match[2], line: Number(match[3]), label: match[1] ?? 'anonymous' });
  }
  try {
    const text = JSON.stringify({
      working_directory: process.cwd(),
      exceptions: [{ type: thrown.name, message: thrown.message, stack }],
      paths: [...new Set(stack.map((frame) => frame.path))],
    });
    return text.replace(/[\x7f-\uffff]/g, (c) => {
      return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
  } catch {
    return '';
  }
}

module.exports = { faults, asError, payload, logText, cause };

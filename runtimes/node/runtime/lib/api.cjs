'use strict';

// The Runtime API (2018-06-01) over one keep-alive HTTP/1.1 connection: the inherited descriptor
// where there is one, otherwise TCP. Written by hand because loading `http` costs more than
// everything else the bootstrap does.
//
// The connection keeps the process alive only while an exchange is under way, so that Node.js
// notices (`beforeExit`) when a function has nothing left to do.

const net = require('net');

const BASE = '/2018-06-01/runtime/';
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const HEAD_LIMIT = 1024 * 1024; // request line and headers of the real service
const ERROR_CAUSE_LIMIT = 64 * 1024; // of the X-Ray header; more is not kept by the server
const SMALL_BODY = 32 * 1024; // below this, head and body leave in one write

/** The other side refused a call or the connection broke: the runtime cannot go on. */
class ApiError extends Error {}

// The environment is over: nobody is left to tell.
class ConnectionLost extends ApiError {}

class RuntimeApi {
  #address;
  #fd;
  #inherited;
  #socket = null;
  #common;
  #parser = null;
  #waiting = null; // {resolve, reject} of the exchange under way

  constructor({ address, fd, agent }) {
    this.#address = address;
    this.#fd = fd;
    this.#inherited = fd !== undefined;
    this.#common = `Host: ${address}\r\nUser-Agent: ${agent}\r\n`;
    if (this.#inherited) this.#open();
  }

  get busy() {
    return this.#waiting !== null;
  }

  /** Waits for the next event, without limit: {headers, body}. */
  async next() {
    const request = `GET ${BASE}invocation/next HTTP/1.1\r\n${this.#common}\r\n`;
    let answer;
    try {
      answer = await this.#exchange(request);
    } catch (error) {
      // An idle TCP connection may be closed by the other side at any time, and asking again is
      // harmless. An inherited connection cannot be made again.
      if (this.#inherited) throw error;
      answer = await this.#exchange(request);
    }
    if (answer.status !== 200) {
      const said = answer.body.toString('utf8', 0, 1000);
      throw new ApiError(`Failed to get next invocation: status ${answer.status}: ${said}`);
    }
    return answer;
  }

  respond(invocation, body) {
    return this.#post(
      `invocation/${invocation.id}/response`,
      Buffer.from(body),
      `${echo(invocation)}Content-Type: application/json\r\n`,
    );
  }

  fail(invocation, error, cause) {
    let headers = echo(invocation) + errorHeaders(error);
    if (cause && cause.length <= ERROR_CAUSE_LIMIT) {
      headers += `Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\n`;
    }
    const body = Buffer.from(JSON.stringify(error));
    return this.#post(`invocation/${invocation.id}/error`, body, headers);
  }

  failInit(error) {
    return this.#post('init/error', Buffer.from(JSON.stringify(error)), errorHeaders(error));
  }

  /** Starts a streamed response; `write` the parts, then `end`. */
  startStream(invocation, contentType) {
    this.#send(
      `POST ${BASE}invocation/${invocation.id}/response HTTP/1.1\r\n${this.#common}` +
        `${echo(invocation)}Content-Type: ${contentType}\r\n` +
        'Lambda-Runtime-Function-Response-Mode: streaming\r\n' +
        'Transfer-Encoding: chunked\r\n' +
        'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n',
    );
    return {
      write: (part, done) => {
        if (part.length === 0) return done();
        this.#socket.cork();
        this.#socket.write(`${part.length.toString(16)}\r\n`);
        this.#socket.write(part);
        this.#socket.write(LINE_END, done);
        this.#socket.uncork();
      },
      /** Resolves with the status once the server has taken everything. */
      end: async (error) => {
        let last = '0\r\n';
        if (error) {
          const body = Buffer.from(JSON.stringify(error)).toString('base64');
          last +=
            `Lambda-Runtime-Function-Error-Type: ${plain(error.errorType)}\r\n` +
            `Lambda-Runtime-Function-Error-Body: ${body}\r\n`;
        }
        const answer = await this.#exchange(`${last}\r\n`);
        return answer.status;
      },
    };
  }

  async #post(path, body, headers) {
    const head =
      `POST ${BASE}${path} HTTP/1.1\r\n${this.#common}${headers}` +
      `Content-Length: ${body.length}\r\n\r\n`;
    const answer = await this.#exchange(head, body);
    // 4xx: this answer was not wanted (too large, too late, timed out); the server has told the
    // caller already and the environment is still good. 5xx: the manual says to leave.
    if (answer.status >= 500) {
      const said = answer.body.toString('utf8', 0, 1000);
      throw new ApiError(`POST ${path} failed: status ${answer.status}: ${said}`);
    }
    return answer.status;
  }

  #exchange(head, body) {
    if (this.#waiting) throw new ApiError('an exchange is already under way');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#send(head, body);
      this.#socket?.ref();
    });
  }

  #send(head, body) {
    if (!this.#socket) this.#open();
    const socket = this.#socket;
    if (!body || body.length === 0) {
      socket.write(head);
    } else if (body.length <= SMALL_BODY) {
      socket.write(Buffer.concat([Buffer.from(head), body]));
    } else {
      socket.write(head);
      socket.write(body);
    }
  }

  #open() {
    if (this.#inherited) {
      this.#socket = new net.Socket({ fd: this.#fd, readable: true, writable: true });
    } else {
      const colon = this.#address.lastIndexOf(':');
      this.#socket = net.connect({
        host: this.#address.slice(0, colon).replace(/^\[|\]$/g, ''),
        port: Number(this.#address.slice(colon + 1)),
        noDelay: true,
      });
      this.#socket.setNoDelay(true);
    }
    const socket = this.#socket;
    this.#parser = new AnswerParser();
    let cause = null;
    socket.on('data', (data) => this.#received(data));
    socket.on('error', (error) => (cause = error));
    socket.on('close', () => this.#closed(socket, cause));
    socket.unref();
  }

  #received(data) {
    let answer;
    try {
      answer = this.#parser.push(data);
    } catch (error) {
      this.#socket.destroy(error);
      return;
    }
    if (!answer) return;
    this.#socket.unref();
    if (answer.headers.connection?.toLowerCase() === 'close' && !this.#inherited) {
      const socket = this.#socket;
      this.#socket = null;
      socket.destroy();
    }
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(answer);
  }

  #closed(socket, cause) {
    if (this.#socket !== socket) return; // we closed it ourselves
    if (!this.#inherited) this.#socket = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    const closed = !cause || cause.code === 'ECONNRESET' || cause.code === 'EPIPE';
    const Kind = closed ? ConnectionLost : ApiError; // else it is our end that was broken
    waiting?.reject(
      new Kind(`Connection to the Runtime API lost: ${cause?.message ?? 'closed'}`),
    );
  }
}

/** Collects the bytes of one answer after the other; `push` returns an answer once it is whole. */
class AnswerParser {
  #parts = [];
  #size = 0;
  #head = null;
  #need = 1; // bytes wanted before looking again
  #body = [];

  push(data) {
    this.#parts.push(data);
    this.#size += data.length;
    if (this.#size < this.#need) return null;
    let rest = this.#parts.length === 1 ? data : Buffer.concat(this.#parts, this.#size);
    let answer = null;
    while (answer === null) {
      if (!this.#head) {
        const end = rest.indexOf(HEAD_END);
        if (end < 0) {
          if (rest.length > HEAD_LIMIT) throw new ApiError('more than 1 MiB of headers');
          break;
        }
        const head = parseHead(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 4);
        if (head.status >= 200) this.#head = head;
        continue;
      }
      const taken = this.#head.chunked ? this.#takeChunk(rest) : this.#takeWhole(rest);
      if (!taken) break;
      rest = taken.rest;
      answer = taken.answer;
    }
    this.#parts = rest.length ? [rest] : [];
    this.#size = rest.length;
    if (answer) this.#need = 1;
    return answer;
  }

  #finish(body) {
    const { status, headers } = this.#head;
    this.#head = null;
    return { status, headers, body };
  }

  #takeWhole(data) {
    const length = this.#head.length;
    this.#need = length;
    if (data.length < length) return null;
    return { rest: data.subarray(length), answer: this.#finish(data.subarray(0, length)) };
  }

  #takeChunk(data) {
    this.#need = 1;
    const line = data.indexOf(LINE_END);
    if (line < 0) return null;
    const size = Number.parseInt(data.toString('latin1', 0, line), 16);
    if (Number.isNaN(size)) throw new ApiError('malformed chunk');
    if (size > 0) {
      const end = line + 2 + size;
      this.#need = end + 2;
      if (data.length < end + 2) return null;
      this.#body.push(data.subarray(line + 2, end));
      return { rest: data.subarray(end + 2), answer: null };
    }
    // The last chunk, then trailers up to an empty line.
    const end = data.indexOf(HEAD_END, line);
    if (end < 0) return null;
    const body = Buffer.concat(this.#body);
    this.#body = [];
    return { rest: data.subarray(end + 4), answer: this.#finish(body) };
  }
}

function parseHead(text) {
  const lines = text.split('\r\n');
  const status = Number(lines[0].split(' ', 2)[1]);
  if (!lines[0].startsWith('HTTP/1.') || !Number.isInteger(status)) {
    throw new ApiError(`not HTTP: ${lines[0].slice(0, 200)}`);
  }
  const headers = {};
  for (let i = 1; i < lines.length; i++) {
    const colon = lines[i].indexOf(':');
    headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
  }
  const chunked = headers['transfer-encoding']?.toLowerCase() === 'chunked';
  return { status, headers, chunked, length: Number(headers['content-length'] ?? 0) };
}

/** The attempt's id goes back, so that the answer to a timed-out attempt is refused. */
function echo(invocation) {
  return invocation.attempt ? `Lambda-Runtime-Invocation-Id: ${invocation.attempt}\r\n` : '';
}

function errorHeaders(error) {
  return (
    'Content-Type: application/json\r\n' +
    `Lambda-Runtime-Function-Error-Type: ${plain(error.errorType)}\r\n`
  );
}

/** What may stand in a header: visible ASCII. */
function plain(text) {
  return String(text).replace(/[^!-~]/g, '');
}

module.exports = { RuntimeApi, ApiError, ConnectionLost };

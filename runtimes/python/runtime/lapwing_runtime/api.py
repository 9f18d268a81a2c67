"""The Runtime API (2018-06-01) spoken over one keep-alive HTTP/1.1 connection.

The connection is inherited where there is one (a socket, or two pipes), otherwise TCP. Reading and writing go
through `os`, not `socket`, whose import alone is a third of a bare interpreter's start.
"""

import os

_BASE = "/2018-06-01/runtime/"
_READ_SIZE = 64 * 1024
_HEAD_LIMIT = 1024 * 1024  # request line and headers of the real service
_ERROR_CAUSE_LIMIT = 64 * 1024  # of the X-Ray header; more is not kept by the server
_SMALL_BODY = 32 * 1024  # below this, head and body leave in one write


class ApiError(Exception):
    """The other side refused a call or the connection broke: the runtime cannot go on."""


class ConnectionLost(ApiError):
    """The other side closed it: the environment is over, and nobody is left to tell."""


def _lost(error):
    closed = isinstance(error, (EOFError, ConnectionError))
    kind = ConnectionLost if closed else ApiError  # else it is our end that was broken
    return kind("Connection to the Runtime API lost: {!r}".format(error))


class RuntimeApi:
    def __init__(self, address, inherited=None, agent="lapwing-python"):
        """`inherited`: the descriptors to read from and to write to."""
        self._address = address
        self._in, self._out = inherited or (None, None)
        self._inherited = inherited is not None
        self._buffer = b""
        self._accepted = None  # an accepted answer's bytes, always the same, and what they say
        self._asked = False  # for the next event, together with the last answer
        self._common = "Host: {}\r\nUser-Agent: {}\r\n".format(address, agent)
        self._next = "GET {}invocation/next HTTP/1.1\r\n{}\r\n".format(_BASE, self._common).encode()
        self._post_start = "POST {}".format(_BASE)
        self._post_rest = " HTTP/1.1\r\n{}".format(self._common)

    def descriptors(self):
        return self._in, self._out

    # -- calls ---------------------------------------------------------------------------------

    def next(self):
        """Waits for the next event, without limit: its headers (lower-case names) and body."""
        if self._asked:
            self._asked = False
            try:
                status, headers, body = self._receive()
            except (OSError, EOFError) as e:
                raise _lost(e)
        else:
            status, headers, body = self._exchange(self._next, retry=True)
        if status != 200:
            raise ApiError(
                "Failed to get next invocation: status {}: {!r}".format(status, body[:1000])
            )
        return headers, body

    def respond(self, request_id, attempt, body, content_type, then_next):
        """`then_next`: nothing happens any more until the next event is asked for."""
        head = "Content-Type: " + content_type + "\r\n"
        if attempt:
            head = self._echo(attempt) + head
        return self._post("invocation/" + request_id + "/response", body, head, then_next)

    def fail(self, request_id, attempt, body, error_type, cause):
        head = self._echo(attempt) + self._error_headers(error_type)
        if cause and len(cause) <= _ERROR_CAUSE_LIMIT:
            head += "Lambda-Runtime-Function-XRay-Error-Cause: {}\r\n".format(cause)
        return self._post("invocation/{}/error".format(request_id), body, head)

    def fail_init(self, body, error_type):
        return self._post("init/error", body, self._error_headers(error_type))

    def fail_restore(self, body, error_type):
        return self._post("restore/error", body, self._error_headers(error_type))

    # -- connection ----------------------------------------------------------------------------

    @staticmethod
    def _echo(attempt):
        """The attempt's id goes back, so that the answer to a timed-out attempt is refused."""
        return "Lambda-Runtime-Invocation-Id: {}\r\n".format(attempt) if attempt else ""

    @staticmethod
    def _error_headers(error_type):
        plain = "".join(c for c in error_type if " " < c < "\x7f")
        return "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {}\r\n".format(
            plain
        )

    def _post(self, path, body, headers, then_next=False):
        length = "Content-Length: " + str(len(body)) + "\r\n\r\n"
        head = self._post_start + path + self._post_rest + headers + length
        head = head.encode("utf-8", "replace")
        if then_next and self._inherited and len(body) <= _SMALL_BODY:
            # One write and one wake-up of the server for both; the answers come in order.
            body += self._next
            self._asked = True
        status, _, answer = self._exchange(head, body)
        # 4xx: this answer was not wanted (too large, too late, timed out); the server has told the
        # caller already and the environment is still good. 5xx: the manual says to leave.
        if status >= 500:
            raise ApiError("POST {} failed: status {}: {!r}".format(path, status, answer[:1000]))
        return status

    def _exchange(self, head, body=b"", retry=False):
        if self._in is None:
            self._connect()
        try:
            self._send(head, body)
            return self._receive()
        except (OSError, EOFError) as e:
            # An idle TCP connection may be closed by the other side at any time; asking again for
            # the next event is harmless. An inherited connection cannot be made again.
            if self._inherited or not retry:
                raise _lost(e)
        os.close(self._in)
        self._buffer = b""
        self._connect()
        try:
            self._send(head, body)
            return self._receive()
        except (OSError, EOFError) as e:
            raise _lost(e)

    def _connect(self):
        import socket

        host, _, port = self._address.rpartition(":")
        try:
            connection = socket.create_connection((host.strip("[]"), int(port)))
        except (OSError, ValueError) as e:
            raise ApiError("Cannot connect to the Runtime API at {}: {}".format(self._address, e))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(None)
        self._in = self._out = connection.detach()

    def _send(self, head, body):
        if len(body) <= _SMALL_BODY:
            head += body
            sent = os.write(self._out, head)
            if sent == len(head):
                return
            head = head[sent:]
            body = b""
        for part in (head, body):
            view = memoryview(part)
            while view:
                view = view[os.write(self._out, view) :]

    def _more(self):
        data = os.read(self._in, _READ_SIZE)
        if not data:
            raise EOFError("closed by the other side")
        return data

    def _receive(self):
        if not self._buffer:
            self._buffer = self._more()
        if self._accepted and self._buffer.startswith(self._accepted[0]):
            self._buffer = self._buffer[len(self._accepted[0]) :]
            return self._accepted[1]
        status = 100
        while 100 <= status < 200:
            status, headers, head = self._receive_head()
        if "transfer-encoding" in headers and headers["transfer-encoding"].lower() == "chunked":
            body = self._receive_chunks()
        else:
            body = self._take(int(headers.get("content-length", "0")))
        if "connection" in headers:
            if headers["connection"].lower() == "close" and not self._inherited:
                os.close(self._in)
                self._in = None
                self._buffer = b""
        elif status == 202 and not body and "transfer-encoding" not in headers:
            self._accepted = head + b"\r\n\r\n", (status, headers, body)
        return status, headers, body

    def _receive_head(self):
        end = self._buffer.find(b"\r\n\r\n")
        while end < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                raise ApiError("Runtime API answer with more than 1 MiB of headers")
            self._buffer += self._more()
            end = self._buffer.find(b"\r\n\r\n")
        head = self._buffer[:end]
        self._buffer = self._buffer[end + 4 :]
        lines = head.decode("utf-8", "replace").split("\r\n")
        try:
            status = int(lines[0].split(" ", 2)[1])
        except (IndexError, ValueError):
            raise ApiError("Runtime API answer is not HTTP: {!r}".format(lines[0][:200]))
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, head

    def _take(self, size):
        """The next `size` bytes; what is missing is read straight into place."""
        have = self._buffer
        if len(have) >= size:
            self._buffer = have[size:]
            return have[:size]
        self._buffer = b""
        whole = bytearray(size)
        at = len(have)
        whole[:at] = have
        view = memoryview(whole)
        while at < size:
            count = os.readv(self._in, [view[at:]])
            if count == 0:
                raise EOFError("closed by the other side")
            at += count
        view.release()
        return bytes(whole)

    def _receive_chunks(self):
        parts = []
        while True:
            size = int(self._line().split(b";", 1)[0], 16)
            if size == 0:
                break
            parts.append(self._take(size))
            self._line()
        while self._line():  # trailers
            pass
        return b"".join(parts)

    def _line(self):
        end = self._buffer.find(b"\r\n")
        while end < 0:
            self._buffer += self._more()
            end = self._buffer.find(b"\r\n")
        line = self._buffer[:end]
        self._buffer = self._buffer[end + 2 :]
        return line

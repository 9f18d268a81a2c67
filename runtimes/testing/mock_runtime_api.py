"""A Runtime API for tests: real HTTP over a socket pair, two pipes or TCP, one environment, no sandbox.

    with Environment(command, task_root, over="fd") as env:
        answer = env.invoke({"name": "World"})

`invoke` gives one event to the waiting `next` call and returns what came back: a response, an
error, a report of failed init, or the end of the process.
"""

import json
import os
import select
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass, field

WAIT_SECONDS = 60
ARN = "arn:aws:lambda:us-east-1:000000000000:function:under-test"
CHUNK_THRESHOLD = 4096  # events longer than this go out chunked when `chunked` is set


@dataclass
class Answer:
    kind: str  # response | error | init_error | exit
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    trailers: dict = field(default_factory=dict)
    exit_status: int = None
    printed: str = ""  # what was in the log pipe at the moment the answer arrived
    request_id: str = ""

    def json(self):
        return json.loads(self.body)


class Gone(Exception):
    pass


class Pipes:
    """Our ends of two pipes, as far as a socket is needed here."""

    def __init__(self):
        self._in, their_out = os.pipe()
        their_in, self._out = os.pipe()
        self.theirs = their_in, their_out
        self._timeout = None

    def settimeout(self, seconds):
        self._timeout = seconds

    def recv(self, size):
        if not select.select([self._in], [], [], self._timeout)[0]:
            raise socket.timeout()
        return os.read(self._in, size)

    def sendall(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view):]

    def close(self):
        os.close(self._in)
        os.close(self._out)


class Environment:
    def __init__(self, command, task_root, handler="app.handler", over="fd", env=None,
                 chunked=False, frames=False, runtime="python3.12", close_after_each=False):
        self.command = command
        self.task_root = str(task_root)
        self.over = over
        self.chunked = chunked
        self.close_after_each = close_after_each
        self.frames = b""
        self.becomes_something = True  # when started "standby"
        self._want_frames = frames
        self._log = b""
        self._buffer = b""
        self._peer = None
        self.requests = []
        self.variables = {
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": self.task_root,
            "AWS_LAMBDA_FUNCTION_NAME": "under-test",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/under-test",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]0123456789abcdef",
            "AWS_EXECUTION_ENV": "AWS_Lambda_" + runtime,
            "AWS_REGION": "us-east-1",
        }
        self.variables.update(env or {})

    # -- process -------------------------------------------------------------------------------

    def __enter__(self):
        pass_fds = []
        self._listener = None
        theirs = ()
        if self.over == "tcp":
            self._listener = socket.create_server(("127.0.0.1", 0))
            self._listener.settimeout(0.1)
            port = self._listener.getsockname()[1]
            self.variables["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:{}".format(port)
        else:
            if self.over == "pipes":
                self._peer = Pipes()
                theirs = self._peer.theirs
            else:
                self._peer, their_socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                theirs = (their_socket.detach(),)
            self.variables["_LAPWING_RUNTIME_FD"] = ":".join(str(fd) for fd in theirs)
            self.variables["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9"
            pass_fds += theirs
        self._frames_fd = None
        given = self.variables
        if self.over == "standby":
            # Started before it is known which function it will serve.
            standby, tell = os.pipe()
            pass_fds.append(standby)
            known = ("PATH", "LANG", "TZ", "LAMBDA_TASK_ROOT", "NODE_PATH")
            given = {name: self.variables[name] for name in known if name in self.variables}
            given["_LAPWING_STANDBY_FD"] = str(standby)
        if self._want_frames:
            self._frames_fd, theirs_frames = os.pipe()
            os.set_blocking(self._frames_fd, False)
            self.variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(theirs_frames)
            pass_fds.append(theirs_frames)
        self._log_fd, log_end = os.pipe()
        os.set_blocking(self._log_fd, False)
        self.process = subprocess.Popen(
            self.command, cwd="/" if self.over == "standby" else self.task_root, env=given, stdin=subprocess.DEVNULL,
            stdout=log_end, stderr=log_end, pass_fds=pass_fds,
        )
        os.close(log_end)
        if self.over == "standby":
            os.close(standby)
            if self.becomes_something:
                parts = [f"{k}={v}".encode() + b"\0" for k, v in self.variables.items()]
                os.write(tell, b"".join(parts))
            os.close(tell)
        for fd in theirs:
            os.close(fd)
        if self._peer:
            self._peer.settimeout(0.1)
        if self._want_frames:
            os.close(theirs_frames)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for s in (self._peer, self._listener):
            if s:
                s.close()
        self._drain()
        os.close(self._log_fd)
        if self._frames_fd is not None:
            os.close(self._frames_fd)

    def until_asleep(self):
        """Until the process waits in the kernel, seen twice in a row. A signal that comes just before
        it does is noticed only when the wait is over."""
        seen = 0
        deadline = time.monotonic() + WAIT_SECONDS
        while seen < 2 and time.monotonic() < deadline:
            with open("/proc/{}/stat".format(self.process.pid)) as stat:
                seen = seen + 1 if stat.read().rsplit(")", 1)[1].split()[0] == "S" else 0
            time.sleep(0.02)

    def wait(self):
        """Until the process has ended; its exit status."""
        status = self.process.wait(WAIT_SECONDS)
        self._drain()
        return status

    def printed(self):
        self._drain()
        return self._log.decode("utf-8", "replace")

    def _drain(self):
        for fd, name in ((self._log_fd, "_log"), (self._frames_fd, "frames")):
            while fd is not None:
                try:
                    data = os.read(fd, 1 << 20)
                except BlockingIOError:
                    break
                if not data:
                    break
                setattr(self, name, getattr(self, name) + data)

    # -- one invocation ------------------------------------------------------------------------

    def invoke(self, event=None, headers=None, raw=None, answer_status=202):
        body = json.dumps(event).encode() if raw is None else raw
        request_id = str(uuid.uuid4())
        seen = len(self.printed())
        try:
            method, path, head, data, _ = self._request()
            if path.endswith("/runtime/init/error"):
                self._answer(202, b'{"status":"OK"}\n')
                # Printed perhaps before we asked.
                return Answer("init_error", data, head, printed=self.printed())
            assert (method, path) == ("GET", "/2018-06-01/runtime/invocation/next"), (method, path)
            self._answer(200, body, {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 30000),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
                **(headers or {}),
            })
            method, path, head, data, trailers = self._request()
            printed = self.printed()[seen:]
            base = "/2018-06-01/runtime/invocation/{}/".format(request_id)
            assert method == "POST" and path.startswith(base), (method, path)
            self._answer(answer_status, b'{"status":"OK"}\n')
            kind = path[len(base):]
            return Answer(kind, data, head, trailers, printed=printed, request_id=request_id)
        except Gone:
            status = self.wait()
            return Answer("exit", exit_status=status, printed=self.printed()[seen:],
                          request_id=request_id)

    def settle(self):
        """Until the runtime asks for its next event, or has ended: it has nothing more to say."""
        try:
            while b"\r\n\r\n" not in self._buffer:
                self._buffer += self._receive()
        except Gone:
            self.wait()
        self._drain()

    # -- HTTP ----------------------------------------------------------------------------------

    def _receive(self):
        """More bytes; keeps emptying the log so that a talkative function is never blocked."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            self._drain()
            try:
                if self._peer is None:
                    self._peer, _ = self._listener.accept()
                    self._peer.settimeout(0.1)
                data = self._peer.recv(1 << 20)
                if not data and self._listener and self.process.poll() is None:
                    self._peer.close()
                    self._peer = None
                    self._buffer = b""
                    continue
                if not data:
                    raise Gone()
                return data
            except socket.timeout:
                if self._peer is None and self.process.poll() is not None:
                    raise Gone()
                assert time.monotonic() < deadline, "no request: " + self.printed()
            except ConnectionResetError:
                raise Gone()

    def _until(self, mark):
        while mark not in self._buffer:
            self._buffer += self._receive()
        part, self._buffer = self._buffer.split(mark, 1)
        return part

    def _exactly(self, size):
        while len(self._buffer) < size:
            self._buffer += self._receive()
        part, self._buffer = self._buffer[:size], self._buffer[size:]
        return part

    @staticmethod
    def _fields(lines):
        return {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}

    def _request(self):
        lines = self._until(b"\r\n\r\n").decode().split("\r\n")
        method, path, version = lines[0].split(" ")
        assert version == "HTTP/1.1"
        head = self._fields(lines[1:])
        assert "host" in head
        trailers = {}
        if head.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                size = int(self._until(b"\r\n"), 16)
                if size == 0:
                    break
                body += self._exactly(size)
                assert self._exactly(2) == b"\r\n"
            lines = []
            while True:
                line = self._until(b"\r\n").decode()
                if not line:
                    break
                lines.append(line)
            trailers = self._fields(lines)
        else:
            body = self._exactly(int(head.get("content-length", "0")))
        self.requests.append((method, path))
        return method, path, head, body, trailers

    def _answer(self, status, body, headers=None):
        fields = dict(headers or {"Content-Type": "application/json"})
        if self.chunked and len(body) > CHUNK_THRESHOLD:
            fields["Transfer-Encoding"] = "chunked"
            size = CHUNK_THRESHOLD - 1
            parts = [body[i:i + size] for i in range(0, len(body), size)] + [b""]
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
        else:
            fields["Content-Length"] = str(len(body))
        if self.close_after_each:
            fields["Connection"] = "close"
        text = "HTTP/1.1 {} X\r\n".format(status)
        text += "".join("{}: {}\r\n".format(k, v) for k, v in fields.items())
        self._peer.settimeout(WAIT_SECONDS)
        try:
            self._peer.sendall(text.encode() + b"\r\n" + body)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone()
        self._peer.settimeout(0.1)
        if self.close_after_each:
            self._peer.close()
            self._peer = None
            self._buffer = b""

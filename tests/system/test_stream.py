"""Streamed responses under pressure: what a slow caller costs, and callers that vanish."""
import json
import socket
import threading

import pytest
from api import Api
from botocore.eventstream import EventStreamBuffer
from serving import Server
from waiting import eventually

MIB = 1 << 20
APP = '''
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const piece = Buffer.alloc(65536, 'x');
  let written = 0;
  while (written < event.mib * 1048576) {
    if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
    written += piece.length;
    if (written % 1048576 === 0) console.log('written', written / 1048576);
  }
  console.log('finished', event.mib);
  stream.end();
});
'''
EARLY = '''
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  console.log('begun');
  await new Promise((resolve) => setTimeout(resolve, 500));
  stream.end('late');
  await new Promise((resolve) => stream.once('finish', resolve));
  console.log('finished');
});
'''
# What may be under way between a function and a caller that reads nothing: socket buffers.
UNDER_WAY_MIB = 32
GROWTH_MIB = 12


class Caller:
    """A raw connection with one streaming invocation on it."""

    def __init__(self, address, name, event, wait=True):
        self.socket = socket.create_connection(address, 60)
        body = json.dumps(event).encode()
        self.socket.sendall(
            b"POST /2021-11-15/functions/%s/response-streaming-invocations HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Length: %d\r\n\r\n%s" % (name.encode(), len(body), body))
        self.file = self.socket.makefile("rb")
        if not wait:
            return
        head = list(iter(self.file.readline, b"\r\n"))
        if b" 200 " not in head[0]:
            length = next(h for h in head if h.lower().startswith(b"content-length:"))
            raise AssertionError(head, self.file.read(int(length.split(b":")[1])))

    def chunks(self):
        """The body, HTTP chunk by HTTP chunk."""
        while True:
            size = int(self.file.readline(), 16)
            data = self.file.read(size)
            assert len(data) == size and self.file.read(2) == b"\r\n"
            if size == 0:
                return
            yield data

    def events(self):
        buffer = EventStreamBuffer()
        for chunk in self.chunks():
            buffer.add_data(chunk)
            yield from buffer

    def vanish(self):
        self.file.close()
        self.socket.close()


def to_the_end(caller):
    """(bytes of payload, the InvokeComplete document)"""
    size, complete = 0, None
    for event in caller.events():
        assert complete is None
        if event.headers[":event-type"] == "PayloadChunk":
            size += len(event.payload)
        else:
            complete = json.loads(event.payload)
    return size, complete


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Several loops, whatever the machine: callers and environments live on different ones."""
    one = Server(tmp_path_factory.mktemp("data"), "--set", "streaming.kib_per_second=0",
                 "--set", "server.loops=3").start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def api(server):
    return Api(server.address, 120)


def memory(server):
    with open(f"/proc/{server.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def peak(server):
    with open(f"/proc/{server.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def messages(api, name):
    answer = api.call("POST", "/", {"logGroupName": "/aws/lambda/" + name}, {
        "X-Amz-Target": "Logs_20140328.FilterLogEvents",
        "Content-Type": "application/x-amz-json-1.1"})
    return [event["message"].rstrip() for event in answer.json().get("events", [])]


def logged(api, name):
    return [message.split("\t")[-1] for message in messages(api, name)]


def reported(api, name):
    """How many invocations came to their end: an environment is idle before its REPORT shows."""
    return sum(message.startswith("REPORT RequestId:") for message in messages(api, name))


def test_200_mb_hold_a_few_mb(server, api):
    name = api.deploy("large", {"app.js": APP}, "nodejs20.x", MemorySize=512)
    assert to_the_end(Caller(server.address, name, {"mib": 1})) == (MIB, {})
    before = memory(server)
    with open(f"/proc/{server.pid}/clear_refs", "w") as reset:
        reset.write("5")  # the peak counts from here
    caller = Caller(server.address, name, {"mib": 200})
    # Nobody reads: the function stands still, as its log shows, once every buffer is full.
    marks = [-1]

    def stands_still():
        marks.append(sum(line.startswith("written ") for line in logged(api, name)))
        return len(marks) > 10 and len(set(marks[-10:])) == 1 and marks[-1] > 1
    assert eventually(stands_still, 60)
    assert marks[-1] - 1 < UNDER_WAY_MIB, marks
    size, complete = to_the_end(caller)
    assert size == 200 * MIB and complete == {}
    assert peak(server) - before < GROWTH_MIB, (before, peak(server))


def test_a_caller_that_vanishes_leaves_the_function_running(server, api):
    name = api.deploy("left", {"app.js": APP}, "nodejs20.x", MemorySize=512)
    caller = Caller(server.address, name, {"mib": 50})
    next(caller.events())
    caller.vanish()
    assert eventually(lambda: reported(api, name) == 1, 60)
    assert "finished 50" in logged(api, name)
    # The environment is whole: the next caller is served by it.
    assert to_the_end(Caller(server.address, name, {"mib": 1})) == (MIB, {})
    assert sum(line.startswith("Runtime Version ARN") for line in logged(api, name)) == 1


def test_a_caller_that_reads_nothing_takes_the_function_to_its_timeout(server, api):
    name = api.deploy("stalled", {"app.js": APP}, "nodejs20.x", MemorySize=512, Timeout=2)
    caller = Caller(server.address, name, {"mib": 200})
    assert eventually(lambda: any(line.startswith("Status: timeout")
                                  for line in logged(api, name)), 60)
    # What was on its way still arrives, and then why there is no more.
    size, complete = to_the_end(caller)
    assert 0 < size < UNDER_WAY_MIB * MIB
    assert complete["ErrorCode"] == "Unhandled"
    assert json.loads(complete["ErrorDetails"])["errorType"] == "Sandbox.Timedout"
    assert to_the_end(Caller(server.address, name, {"mib": 1})) == (MIB, {})


def test_a_caller_that_vanishes_before_the_first_byte(server, api):
    name = api.deploy("early", {"app.js": EARLY}, "nodejs20.x", MemorySize=256)
    caller = Caller(server.address, name, {}, wait=False)
    assert eventually(lambda: "begun" in logged(api, name), 60)
    caller.vanish()
    assert eventually(lambda: "finished" in logged(api, name), 60)
    assert to_the_end(Caller(server.address, name, {})) == (4, {})


def test_many_at_once_over_several_loops(server, api):
    names = [api.deploy(f"many{n}", {"app.js": APP}, "nodejs20.x", MemorySize=256)
             for n in range(3)]
    found = []

    def call(name):
        found.append(to_the_end(Caller(server.address, name, {"mib": 10})))
    threads = [threading.Thread(target=call, args=(name,), daemon=True)
               for name in names for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [(10 * MIB, {})] * 6
    metrics = api.call("GET", "/_lapwing/metrics").body.decode()
    assert "lapwing_streams_total " in metrics
    sent = next(line for line in metrics.splitlines()
                if line.startswith("lapwing_stream_bytes_total "))
    assert int(sent.split()[1]) >= 60 * MIB


def test_limit(tmp_path):
    server = Server(tmp_path / "data", "--set", "streaming.mib_max=1").start()
    try:
        api = Api(server.address, 120)
        name = api.deploy("limit", {"app.js": APP}, "nodejs20.x", MemorySize=256)
        assert to_the_end(Caller(server.address, name, {"mib": 1})) == (MIB, {})
        size, complete = to_the_end(Caller(server.address, name, {"mib": 2}))
        assert size <= MIB and complete["ErrorCode"] == "Unhandled"
        assert json.loads(complete["ErrorDetails"]) == {
            "errorType": "Function.ResponseSizeTooLarge", "errorMessage":
            "Response payload size exceeded maximum allowed payload size (1048576 bytes)."}
        assert to_the_end(Caller(server.address, name, {"mib": 1})) == (MIB, {})
    finally:
        server.stop()


def test_stopping_with_a_stream_under_way(tmp_path):
    server = Server(tmp_path / "data").start()
    api = Api(server.address, 120)
    name = api.deploy("stop", {"app.js": APP}, "nodejs20.x", MemorySize=256)
    caller = Caller(server.address, name, {"mib": 200})
    next(caller.events())
    assert server.stop() < 10
    caller.vanish()

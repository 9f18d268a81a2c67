"""What one caller can take from others: of the memory for events and answers, and of the places for
connections. See test_neighbours_http.py for what all of them together can make the server hold."""
import contextlib
import json
import socket
import threading
import time

import pytest
from api import FUNCTIONS, Api
from serving import Server
from test_neighbours_http import LARGE, PAYLOAD, UPLOAD, head, metrics, read_all, signature, status
from waiting import eventually

MIB = 1 << 20
SLOW = """
import time
def handler(event, context):
    time.sleep(event["seconds"])
"""
# Posts responses that do not come, again and again, to keep their room.
ANNOUNCES = """
import os, socket, time
def handler(event, context):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    until = time.monotonic() + event["seconds"]
    while time.monotonic() < until:
        with socket.create_connection((host, int(port)), 10) as one:
            one.sendall((f"POST /2018-06-01/runtime/invocation/{context.aws_request_id}/response "
                         f"HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: {event['size']}\\r\\n\\r\\n"
                         ).encode())
            one.settimeout(1.9)
            try:
                one.recv(100)
            except TimeoutError:
                pass
"""
DRIPS = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let i = 0; i < 30; ++i) {
    stream.write('x');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  stream.end();
});
"""


# ---- events of invocations at work

def test_slow_invocations_of_one_caller(tmp_path):
    """Two users: one, with two keys, has many slow invocations of large events, the other is
    served."""
    config = tmp_path / "lapwing.toml"
    config.write_text("".join(
        f"[[credentials]]\naccess_key_id = '{key}'\nsecret_access_key = 'secret'\n"
        f"principal = 'arn:aws:iam::000000000000:user/{user}'\n"
        for key, user in (("greedy", "greedy"), ("greedy2", "greedy"), ("modest", "modest"))))
    server = Server(tmp_path / "data").start()
    Api(server.address).deploy("slow", SLOW, MemorySize=128, Timeout=60)
    server.stop()
    server = Server(tmp_path / "data", "--auth", "verify", "--config", config, "--set",
                    "server.payloads_mb=64").start()
    path = FUNCTIONS + "/slow/invocations"
    said, most = [], 0

    def invoke(key, seconds):
        event = json.dumps({"seconds": seconds, "pad": "x" * 4_000_000}).encode()
        with socket.create_connection(server.address, 60) as one:
            one.sendall(head(path, len(event), *signature(path, key), "Connection: close") + event)
            return read_all(one)
    try:
        api = Api(server.address)
        callers = [threading.Thread(target=lambda key=key: said.append(invoke(key, 12)),
                                    daemon=True) for key in ["greedy", "greedy2"] * 7]
        for one in callers:
            one.start()
        # As many as its share holds, half of the whole: the others are refused at once.
        assert eventually(lambda: len(said) >= 6), metrics(api)["lapwing_payload_bytes"]
        assert all(status(a) == 429 and b"Too many payloads in flight" in a for a in said), said
        most = metrics(api)["lapwing_payload_bytes"]
        assert status(invoke("modest", 0)) == 200
        assert len(said) == 6, "the slow ones were at work meanwhile"
        for one in callers:
            one.join(60)
        assert sorted(map(status, said)) == [200] * 8 + [429] * 6, list(map(status, said))
        assert 8 * 4_000_000 <= most <= 32 * MIB
        assert eventually(lambda: metrics(api)["lapwing_payload_bytes"] == 0)
    finally:
        server.stop()


def test_an_event_is_counted_while_its_function_runs(server):
    """A caller of a stream that goes away leaves the function running, and its event in memory."""
    api = Api(server.address)
    api.deploy("drips", {"index.js": DRIPS}, runtime="nodejs22.x", Handler="index.handler",
               MemorySize=256)
    event = json.dumps({"pad": "x" * 3_000_000}).encode()
    with socket.create_connection(server.address, 30) as one:
        one.sendall(head("/2021-11-15/functions/drips/response-streaming-invocations",
                         len(event)) + event)
        assert status(one.recv(100)) == 200
    begun = time.monotonic()
    assert eventually(lambda: metrics(api)["lapwing_payload_bytes"] < 3_000_000)
    assert time.monotonic() - begun > 1.5  # it runs for three seconds
    assert eventually(lambda: metrics(api)["lapwing_payload_bytes"] == 0)


# ---- answers on their way

def test_replies_that_do_not_come(server):
    """A function announces large answers and does not send them: another's do not wait for it."""
    api = Api(server.address, timeout=60)
    api.deploy("announces", ANNOUNCES, MemorySize=128, Timeout=60)
    api.deploy("other", LARGE, MemorySize=256, Timeout=60)
    assert api.invoke("other", {"size": 1_000_000}).status == 200
    said = []
    attack = [threading.Thread(daemon=True, target=lambda: said.append(Api(
        server.address).invoke("announces", {"seconds": 20, "size": PAYLOAD}).status))
        for _ in range(40)]
    for one in attack:
        one.start()
    assert eventually(lambda: metrics(api)["lapwing_answer_bytes"] > 30e6)
    took = []
    while not said and len(took) < 40:
        begun = time.monotonic()
        assert api.invoke("other", {"size": 1_000_000}).status == 200
        took.append(time.monotonic() - begun)
    print(f"{len(took)} answers, {max(took):.2f} s at most")
    assert max(took) < 2.5, took  # those that find no room wait for 5 s
    for one in attack:
        one.join(60)
    assert set(said) == {200}
    assert eventually(lambda: metrics(api)["lapwing_answer_bytes"] == 0)


# ---- who is one caller

def test_addresses_of_the_machine_are_one_caller(server):
    api = Api(server.address)
    text = head(FUNCTIONS, UPLOAD) + b'{"' + b"x" * (UPLOAD - 3)
    uploads = []

    def upload(host):
        one = socket.create_connection(server.address, 60, source_address=(host, 0))
        uploads.append(one)
        with contextlib.suppress(OSError):
            one.sendall(text)
    senders = [threading.Thread(target=upload, args=(f"127.0.0.{i}",), daemon=True)
               for i in range(2, 6)]
    for sender in senders:
        sender.start()
    held = []

    def beyond_a_share():
        held.append(metrics(api)["lapwing_request_body_bytes"])
        return held[-1] > 90e6
    assert not eventually(beyond_a_share, 5), held[-1]
    assert max(held) > 50e6
    for one in uploads:
        one.close()
    for sender in senders:
        sender.join(60)


# ---- connections

@pytest.mark.parametrize("text", [b"GET /_lap", b"", head("/", 10) + b"x"],
                         ids=["heads", "nothing", "bodies"])
def test_a_storm_of_what_does_not_end(data_dir, text):
    """Connections kept between two requests survive it, and new ones are served at once."""
    server = Server(data_dir, "--set", "server.connections_max=200").start()
    kept = [Api(server.address) for _ in range(20)]
    stop = threading.Event()

    def storm():
        held = []
        while not stop.is_set():
            one = socket.create_connection(server.address, timeout=10)
            held.append(one)
            with contextlib.suppress(OSError):
                one.sendall(text)
            if len(held) > 1000:
                held.pop(0).close()
        for one in held:
            one.close()

    def ask(api):
        sent_again = api.connection is not None and api.connection.sock is None
        return not sent_again and api.call("GET", "/_lapwing/health").status == 200
    attack = threading.Thread(target=storm, daemon=True)
    try:
        assert all(ask(api) for api in kept)
        ports = [api.connection.sock.getsockname() for api in kept]
        attack.start()
        until = time.monotonic() + 3
        rounds = 0
        while time.monotonic() < until:
            assert all(ask(api) for api in kept)
            rounds += 1
        print(f"{rounds} rounds of {len(kept)} requests")
        assert [api.connection.sock.getsockname() for api in kept] == ports
        if text:  # what has asked nothing is as new as the storm's
            assert ask(Api(server.address))
    finally:
        stop.set()
        attack.join(30)
        server.stop()

"""What clients of queues can make the server hold: received messages that nobody reads, and long
polls. Others are served beside them."""
import concurrent.futures
import contextlib
import json
import select
import socket
import threading
import time
import urllib.parse

import pytest
from api import Api
from bystander import RESIDENT_MIB, resident_mib
from serving import Server
from test_neighbours_http import metrics, read_all, status
from waiting import eventually

MESSAGE = 1 << 20
CALLERS = 30
SERVED_S = 5
CONNECTIONS_MAX = 200


def request(**fields):
    """A request of the query protocol."""
    body = urllib.parse.urlencode({"Version": "2012-11-05", **fields})
    return (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded"
            f"\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Queue:
    def __init__(self, server, name):
        self.api = Api(server.address, timeout=60)
        self.url = self("CreateQueue", QueueName=name)["QueueUrl"]

    def ask(self, operation, **members):
        if operation != "CreateQueue":
            members["QueueUrl"] = self.url
        return self.api.call("POST", "/", json.dumps(members).encode(), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS." + operation})

    def __call__(self, operation, **members):
        answer = self.ask(operation, **members)
        assert answer.status == 200, answer.body[:300]
        return json.loads(answer.body or b"{}")


def asked(server, text):
    """A connection that takes next to nothing."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(60)
    one.connect(server.address)
    one.sendall(text)
    return one


def answered(connections):
    return [one for one in connections if select.select([one], [], [], 0)[0]]


@contextlib.contextmanager
def others_are_served(server):
    """Health, and messages of another queue, while the block runs; and the server stays small."""
    other, seen, done = Queue(server, "other"), [], threading.Event()

    def ask():
        while not done.is_set():
            begun = time.monotonic()
            assert other.api.call("GET", "/_lapwing/health").status == 200
            other("SendMessage", MessageBody="x")
            # It may be asked to come again, as all are one caller.
            assert other.ask("ReceiveMessage").status < 500
            seen.append((time.monotonic() - begun, resident_mib(server.pid)))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield
        finally:
            done.set()
        asking.result()
    slowest, largest = max(seen)[0], max(resident for _, resident in seen)
    print(f"others: {len(seen)} times, {slowest * 1e3:.0f} ms at most; server {largest:.0f} MiB")
    assert slowest < SERVED_S and largest < RESIDENT_MIB


@pytest.mark.parametrize("visibility", [0, 600], ids=["the same ones", "others"])
def test_received_messages_that_nobody_reads(server, visibility):
    """Thirty callers ask for ten of 1 MiB each, at once, and again and again."""
    queue = Queue(server, "large")
    body = "x" * (MESSAGE - 10)
    for _ in range(60):
        queue("SendMessage", MessageBody=body)
    ten = request(Action="ReceiveMessage", QueueUrl=queue.url, MaxNumberOfMessages=10,
                  VisibilityTimeout=visibility)
    held = []
    with others_are_served(server):
        for _ in range(4):
            unread = [asked(server, ten) for _ in range(CALLERS)]
            for one in unread:
                assert one.recv(1, socket.MSG_PEEK) == b"H"
            held.append(metrics(queue.api)["lapwing_answer_bytes"])
            for one in unread:
                one.close()
    print("answers held:", [f"{bytes / 1e6:.0f} MB" for bytes in held])
    assert max(held) < 128e6 + 10 * MESSAGE
    assert eventually(lambda: metrics(queue.api)["lapwing_answer_bytes"] == 0)
    # A caller that reads gets what there is.
    queue("SendMessage", MessageBody="small")
    queue("PurgeQueue")
    queue("SendMessage", MessageBody=body)
    got = queue("ReceiveMessage", MaxNumberOfMessages=10)
    assert len(got["Messages"][0]["Body"]) == len(body)


def test_a_receive_takes_what_fits(server):
    """A reader gets all of many large messages, as many at once as there is room for."""
    queue = Queue(server, "many")
    for i in range(40):
        queue("SendMessage", MessageBody=f"{i:02}" + "x" * (MESSAGE - 10))
    found, counts = set(), []
    while len(found) < 40:
        got = queue("ReceiveMessage", MaxNumberOfMessages=10)["Messages"]
        counts.append(len(got))
        found |= {message["Body"][:2] for message in got}
        queue("DeleteMessageBatch", Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(got)])
    assert max(counts) >= 4, counts


def test_long_polls_leave_connections_to_others(data_dir):
    """One caller may hold a part of the connections with polls; beyond that it is told so."""
    server = Server(data_dir, "--set", f"server.connections_max={CONNECTIONS_MAX}").start()
    queue, polls = Queue(server, "polled"), []
    poll = request(Action="ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
    share = CONNECTIONS_MAX * 3 // 4 // 2
    try:
        for _ in range(CONNECTIONS_MAX // 2):
            polls.append(asked(server, poll))
        assert eventually(lambda: len(answered(polls)) == CONNECTIONS_MAX // 2 - share)
        refused = answered(polls)
        for answer in [read_all(one, 0.2) for one in refused]:
            assert status(answer) == 403 and b"OverLimit" in answer, answer
        # A receive that does not wait, other operations and other services are served.
        assert "Messages" not in queue("ReceiveMessage")
        for _ in range(50):
            assert Api(server.address).call("GET", "/_lapwing/health").status == 200
        waiting = [one for one in polls if one not in refused]
        queue("SendMessage", MessageBody="for one of them")
        assert eventually(lambda: answered(waiting))
        woken = answered(waiting)
        assert len(woken) == 1 and b"for one of them" in read_all(woken[0], 0.2)
        # A poll that ends makes room for another.
        for one in polls:
            one.close()
        assert eventually(lambda: metrics(queue.api)["lapwing_long_waits"] == 0)
        with contextlib.closing(asked(server, poll)) as one:
            assert read_all(one, 0.2) == b""
    finally:
        for one in polls:
            one.close()
        server.stop()

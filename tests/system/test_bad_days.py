"""Days on which much goes wrong at once: subscribers that never answer, a disk that fills, a crash
with everything still queued, events that call themselves. What is accepted arrives, nobody else
waits, and it recovers by itself.

LAPWING_LONG=1: a million messages are queued at the start, else 20,000.
"""
import concurrent.futures
import contextlib
import http.server
import json
import os
import pathlib
import threading
import time

import pytest
from chain.pieces import (allow, function_arn, invoke_event, open_queue, put_rule, queue_arn, received,
                          subscribe, tell_success, topic_arn)
from conftest import LONG
from killing import Services, queue_url
from serving import Server
from small_disk import MIB, small_server
from waiting import eventually

QUEUED = 1_000_000 if LONG else 20_000
READY_SECONDS = 10
# Called by itself through a topic, as an SDK would publish: with the trace that it was called with.
LOOP = '''
import http.client, os, urllib.parse

def handler(event, context):
    print("once more")
    at = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    connection = http.client.HTTPConnection(at, timeout=5)
    connection.request("POST", "/", urllib.parse.urlencode({
        "Action": "Publish", "Version": "2010-03-31", "Message": "again",
        "TopicArn": event["Records"][0]["Sns"]["TopicArn"]}), {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"],
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sns/"
                             "aws4_request, SignedHeaders=host, Signature=0"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
'''


class Listener(http.server.BaseHTTPRequestHandler):
    """Confirms what it is asked to, and answers notifications as its path says."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["Type"] == "SubscriptionConfirmation":
            self.server.tokens.append((self.path, body["Token"]))
        elif self.path == "/never":
            self.server.over.wait(60)
            return
        else:
            self.server.got.append(body["Message"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def listening():
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    listener.tokens, listener.got, listener.over = [], [], threading.Event()
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield listener
    finally:
        listener.over.set()
        listener.shutdown()
        listener.server_close()


def test_a_subscriber_that_never_answers(data_dir):
    """It costs itself time, and nobody else; what it missed lies in its dead-letter queue."""
    count = 30
    server = Server(data_dir).start()
    to = Services(server.address)
    with listening() as listener:
        to.sns("CreateTopic", {"Name": "t"})
        open_queue(to, "q")
        open_queue(to, "missed")
        subscribe(to, "t", "sqs", queue_arn("q"), RawMessageDelivery="true")
        once = json.dumps({"healthyRetryPolicy": {
            "numRetries": 0, "minDelayTarget": 1, "maxDelayTarget": 1}})
        for path, more in (("never", {"RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": queue_arn("missed")}), "DeliveryPolicy": once}),
                ("soon", {})):
            subscribe(to, "t", "http", f"http://127.0.0.1:{listener.server_port}/{path}", **more)
        assert eventually(lambda: len(listener.tokens) == 2)
        for _, token in listener.tokens:
            to.sns("ConfirmSubscription", {"TopicArn": topic_arn("t"), "Token": token})
        begun = time.monotonic()
        for number in range(count):
            to.sns("Publish", {"TopicArn": topic_arn("t"), "Message": str(number)})
        wanted = sorted(map(str, range(count)))
        assert sorted(received(to, "q", 10, count)) == wanted
        assert eventually(lambda: sorted(listener.got) == wanted, 10), listener.got
        print(f"the others had all after {time.monotonic() - begun:.1f} s")
        missed = received(to, "missed", 120, count)
        assert sorted(json.loads(one)["Message"] for one in missed) == wanted
        to.sns("Publish", {"TopicArn": topic_arn("t"), "Message": "last"})
        assert server.stop() < 10


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of the test's own needs root")
def test_a_full_disk(tmp_path):
    """What is not accepted says so; what was arrives; and with room again all goes on by itself."""
    with small_server(tmp_path, 400, "--set", "disk.reserve_mb=100") as (disk, server, api):
        to = Services(server.address)
        open_queue(to, "q", MessageRetentionPeriod="1209600")
        to.sns("CreateTopic", {"Name": "t"})
        subscribe(to, "t", "sqs", queue_arn("q"), RawMessageDelivery="true")
        put_rule(to, "r", {"source": ["full"]},
                 {"Id": "q", "Arn": queue_arn("q"), "InputPath": "$.detail.n"})
        to.api.deploy("f", "def handler(event, context):\n    return 1\n", MemorySize=128)
        tell_success(to, "f", "q")
        hog = disk.place / "hog"
        with open(hog, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while disk.free() > 125 * MIB:
                    file.write(bytes(MIB))
        ways = {"publish": lambda n: to.sns("Publish", {
            "TopicArn": topic_arn("t"), "Message": f"{n}" + "x" * 100_000}),
            "put": lambda n: to.events("PutEvents", Entries=[{
                "Source": "full", "DetailType": "t",
                "Detail": json.dumps({"n": f"{n}" + "x" * 100_000})}]),
            "invoke": lambda n: invoke_event(to, "f", f"{n}" + "x" * 100_000)}
        accepted, refused = send_until_refused(ways)
        print({way: len(each) for way, each in accepted.items()}, refused)
        assert set(refused) == set(ways) and all(accepted.values()), refused
        assert disk.free() > 50 * MIB
        hog.unlink()
        for way, send in ways.items():
            assert eventually(lambda: not refusal(lambda: send("again " + way)), 30), way
        wanted = {n for each in accepted.values() for n in each} | {"again " + way for way in ways}
        got = {short(one) for one in received(to, "q", 60, len(wanted))}
        assert wanted <= got, sorted(wanted - got)[:5]


def short(body):
    if body.startswith("{"):
        body = json.loads(body)["requestPayload"]
    return body.strip('"').rstrip("x")


def refusal(send):
    try:
        answer = send()
        if isinstance(answer, dict) and answer.get("FailedEntryCount"):
            return answer["Entries"][0]
        return None
    except AssertionError as error:
        return error.args[0]


def send_until_refused(ways):
    """{way: what was accepted}, {way: the words of its refusal}"""
    accepted, refused = {way: [] for way in ways}, {}
    for number in range(2000):
        for way, send in ways.items():
            if way in refused:
                continue
            why = refusal(lambda: send(f"{way} {number} "))
            if why is None:
                accepted[way].append(f"{way} {number} ")
            else:
                refused[way] = str(why)[:200]
        if len(refused) == len(ways):
            break
    return accepted, refused


def fill(address, first, count):
    """So many messages, ten a request."""
    sqs = Services(address).sqs
    for start in range(first, first + count, 10):
        answer = sqs("SendMessageBatch", QueueUrl=queue_url("q"), Entries=[
            {"Id": str(i), "MessageBody": f"{start + i:08}" + "x" * 92} for i in range(10)])
        assert len(answer["Successful"]) == 10, answer


def test_everything_is_still_queued_at_the_start(data_dir):
    """The start after a crash does not depend on how much is queued, and all of it is there."""
    server = Server(data_dir).start()
    to = Services(server.address)
    open_queue(to, "q")
    share = QUEUED // 4
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(fill, server.address, i * share, share) for i in range(4)]:
            done.result()
    print(f"{QUEUED} sent in {time.monotonic() - begun:.0f} s")
    server.kill()
    begun = time.monotonic()
    server = Server(data_dir).start()
    ready = time.monotonic() - begun
    to = Services(server.address)
    try:
        counts = to.sqs("GetQueueAttributes", QueueUrl=queue_url("q"), AttributeNames=["All"])
        first = received(to, "q", 20, 10)
        usable = time.monotonic() - begun
        resident = resident_kb(server)
        print(f"ready after {ready:.2f} s, in use after {usable:.2f} s, {resident / 1024:.0f} MiB")
        assert int(counts["Attributes"]["ApproximateNumberOfMessages"]) == QUEUED
        assert len(first) == 10
        assert ready < READY_SECONDS and usable < READY_SECONDS + 10
        assert resident < 300 * 1024
    finally:
        server.stop()


def resident_kb(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:", 1)[1].split()[0])


def test_a_topic_that_calls_itself(server):
    """Through its function: it ends after as many runs as AWS allows, in the dead letters."""
    to = Services(server.address)
    open_queue(to, "dead")
    to.sns("CreateTopic", {"Name": "t"})
    to.api.deploy("f", LOOP, MemorySize=128, DeadLetterConfig={"TargetArn": queue_arn("dead")})
    allow(to, "f", "sns")
    subscribe(to, "t", "lambda", function_arn("f"))
    to.sns("Publish", {"TopicArn": topic_arn("t"), "Message": "first"})
    [letter] = received(to, "dead", 60, 1)
    assert json.loads(letter)["Records"][0]["Sns"]["Message"] == "again"
    metrics = to.api.call("GET", "/_lapwing/metrics").body.decode()
    assert "\nlapwing_recursive_invocations_dropped_total 1\n" in metrics
    logs = to.api.call("POST", "/", json.dumps({
        "logGroupName": "/aws/lambda/f", "filterPattern": "once"}).encode(), {
            "X-Amz-Target": "Logs_20140328.FilterLogEvents",
            "Content-Type": "application/x-amz-json-1.1"}).json()
    assert len(logs["events"]) == 16, len(logs["events"])

"""kill -9 of the server while log events are written to groups with a subscription: what was
acknowledged, and every line that can still be read, reaches the function.

LAPWING_LONG=1 kills 100 times, else 4. LAPWING_SEED repeats a run's choices.
"""
import base64
import collections
import gzip
import json
import os
import random
import time

from api import Api
from conftest import LONG
from functions import package
from killing import Logs, Sqs, counter, storm
from serving import Server

ROUNDS = 100 if LONG else 4
ACKNOWLEDGED_MAX = 300  # a round's kill comes after 1 to so many acknowledged calls
WRITERS = 3
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:done"


class Writer:
    """What one client has had acknowledged, into a stream of its own."""

    def __init__(self, number, numbers):
        self.stream, self.numbers = f"s{number}", numbers
        self.acknowledged = set()

    def work(self, to):
        message = f"line {next(self.numbers)}"
        to.logs("PutLogEvents", logGroupName="written", logStreamName=self.stream, logEvents=[
            {"timestamp": int(time.time() * 1000), "message": message}])
        self.acknowledged.add(message)


class Printer:
    """A function whose output is followed; what it printed last may be lost with the server."""

    def __init__(self, numbers):
        self.numbers = numbers

    def work(self, to):
        answer = to.api.invoke("prints", {"n": next(self.numbers)})
        assert answer.status == 200, (answer.status, answer.body)


def make_function(api, name, code):
    answer = api.create(name, package({"app.py": code}))
    assert answer.status == 201, answer.body
    api.active(name)


def set_up(server):
    sqs, api, logs = Sqs(server.address), Api(server.address), Logs(server.address)
    sqs("CreateQueue", QueueName="done")
    make_function(api, "gets", "def handler(event, context):\n    return None\n")
    make_function(api, "prints", "def handler(event, context):\n    print('line', event['n'])\n")
    answer = api.call("PUT", "/2019-09-25/functions/gets/event-invoke-config", {
        "DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}})
    assert answer.status == 200, answer.body
    answer = api.call("POST", "/2015-03-31/functions/gets/policy", {
        "StatementId": "logs", "Action": "lambda:InvokeFunction",
        "Principal": "logs.amazonaws.com"})
    assert answer.status == 201, answer.body
    for group in ("written", "/aws/lambda/prints"):
        logs("CreateLogGroup", logGroupName=group)
        logs("PutSubscriptionFilter", logGroupName=group, filterName="f", filterPattern="line",
             destinationArn=ARN + "gets")
    for writer in range(WRITERS):
        logs("CreateLogStream", logGroupName="written", logStreamName=f"s{writer}")


def readable(logs, group):
    """Ids of the events that are in the group and match."""
    found, token = set(), {}
    while True:
        page = logs("FilterLogEvents", logGroupName=group, filterPattern="line", **token)
        found |= {event["eventId"] for event in page["events"]}
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def collect(sqs, messages, ids, missing):
    quiet = time.monotonic()
    while time.monotonic() - quiet < 3:
        got = sqs("ReceiveMessage", QueueUrl="http://any/000000000000/done",
                  MaxNumberOfMessages=10).get("Messages", [])
        if got:
            for message in got:
                payload = json.loads(message["Body"])["requestPayload"]
                data = json.loads(gzip.decompress(base64.b64decode(payload["awslogs"]["data"])))
                assert data["messageType"] == "DATA_MESSAGE"
                for event in data["logEvents"]:
                    messages[event["message"].strip()] += 1
                    ids.add(event["id"])
            sqs("DeleteMessageBatch", QueueUrl="http://any/000000000000/done", Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(got)])
            quiet = time.monotonic()
        elif missing():
            assert time.monotonic() - quiet < 60, "lost: {}".format(sorted(missing())[:5])
            quiet = max(quiet, time.monotonic() - 2)
            time.sleep(0.1)


def test_kills_under_load(data_dir):
    seed = int(os.environ.get("LAPWING_SEED", random.randrange(1 << 30)))
    print("LAPWING_SEED =", seed)
    random.seed(seed)
    writers = [Writer(i, counter(i << 24)) for i in range(WRITERS)]
    printer = Printer(counter(WRITERS << 24))
    server = Server(data_dir).start()
    set_up(server)
    for _ in range(ROUNDS):
        storm(server, [each.work for each in (*writers, printer)],
              random.randint(1, ACKNOWLEDGED_MAX))
        server = Server(data_dir).start()
    try:
        logs = Logs(server.address)
        wanted = set().union(*(writer.acknowledged for writer in writers))
        there = readable(logs, "written") | readable(logs, "/aws/lambda/prints")
        messages, ids = collections.Counter(), set()
        collect(Sqs(server.address), messages, ids,
                lambda: (wanted - messages.keys()) | (there - ids))
        twice = sum(count > 1 for count in messages.values())
        print(f"{len(wanted)} written, {len(there)} readable over {ROUNDS} kills; {twice} twice")
    finally:
        server.stop()

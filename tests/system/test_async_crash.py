"""kill -9 of the server while events are accepted, run and told of: every event that was acknowledged
was run at least once, and its end told to the right destination; what was run twice is counted.

LAPWING_LONG=1 kills 200 times, else 5. LAPWING_SEED repeats a run's choices.
"""
import collections
import json
import os
import random
import time

from api import Api
from conftest import LONG
from functions import package
from killing import Sqs, counter, storm
from serving import Server
from waiting import eventually

ROUNDS = 200 if LONG else 5
ACKNOWLEDGED_MAX = 300  # a round's kill comes after 1 to so many acknowledged events
SENDERS = 4
QUEUES = ("done", "failed", "dead")
APP = '''
def handler(event, context):
    if event["fail"]:
        raise RuntimeError("told to")
    return event
'''


class Events:
    """What one sender has had acknowledged."""

    def __init__(self, numbers):
        self.numbers, self.acknowledged, self.doubtful = numbers, {}, set()

    def work(self, to):
        number = next(self.numbers)
        event = {"n": number, "fail": number % 5 == 0}
        self.doubtful.add(number)
        answer = to.api.invoke("f", event, **{"X-Amz-Invocation-Type": "Event"})
        assert answer.status == 202, (answer.status, answer.body)
        self.acknowledged[number] = event
        self.doubtful.discard(number)


def arn(queue):
    return "arn:aws:sqs:us-east-1:000000000000:" + queue


def set_up(server):
    sqs, api = Sqs(server.address), Api(server.address)
    for queue in QUEUES:
        sqs("CreateQueue", QueueName=queue)
    answer = api.create("f", package({"app.py": APP}), DeadLetterConfig={"TargetArn": arn("dead")})
    assert answer.status == 201, answer.body
    api.active("f")
    answer = api.call("PUT", "/2019-09-25/functions/f/event-invoke-config", {
        "MaximumRetryAttempts": 0, "DestinationConfig": {
            "OnSuccess": {"Destination": arn("done")}, "OnFailure": {"Destination": arn("failed")}}})
    assert answer.status == 200, answer.body


def collect(sqs, found, still_wanted):
    """Takes what is in the queues until nothing is wanted any more, and a moment longer."""
    quiet = time.monotonic()
    while time.monotonic() - quiet < 3:
        for queue in QUEUES:
            url = "http://any/000000000000/" + queue
            got = sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10,
                      MessageAttributeNames=["All"]).get("Messages", [])
            if not got:
                continue
            for message in got:
                body = json.loads(message["Body"])
                if queue != "dead":
                    check_record(queue, body)
                    body = body["requestPayload"]
                found[queue][body["n"]] += 1
            sqs("DeleteMessageBatch", QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(got)])
            quiet = time.monotonic()
        if still_wanted():
            assert time.monotonic() - quiet < 60, "lost: {}".format(sorted(still_wanted())[:5])
            quiet = max(quiet, time.monotonic() - 2)
            time.sleep(0.1)


def check_record(queue, record):
    condition = record["requestContext"]["condition"]
    assert condition == ("Success" if queue == "done" else "RetriesExhausted"), record
    assert record["requestPayload"]["fail"] == (queue == "failed"), record


def test_kills_under_load(data_dir):
    seed = int(os.environ.get("LAPWING_SEED", random.randrange(1 << 30)))
    print("LAPWING_SEED =", seed)
    random.seed(seed)
    senders = [Events(counter(i << 24)) for i in range(SENDERS)]
    server = Server(data_dir).start()
    set_up(server)
    for _ in range(ROUNDS):
        storm(server, [sender.work for sender in senders], random.randint(1, ACKNOWLEDGED_MAX))
        server = Server(data_dir).start()
    found = {queue: collections.Counter() for queue in QUEUES}
    wanted = {number: event for sender in senders for number, event in sender.acknowledged.items()}

    def missing():
        return [n for n, event in wanted.items() if not (
            found["failed"][n] and found["dead"][n] if event["fail"] else found["done"][n])]

    try:
        collect(Sqs(server.address), found, missing)
        assert not missing()
        known = set(wanted) | {n for sender in senders for n in sender.doubtful}
        for queue in QUEUES:
            assert set(found[queue]) <= known, "nobody sent these"
        twice = sum(1 for queue in QUEUES for count in found[queue].values() if count > 1)
        print(f"{len(wanted)} events over {ROUNDS} kills; {twice} told of more than once")
        assert eventually(lambda: Api(server.address).get("f").status == 200)
    finally:
        server.stop()

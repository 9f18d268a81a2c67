"""kill -9 of the server while events are put and rules are made: every event that was acknowledged
reaches its queue, and its archive, and every rule that was acknowledged is there.

LAPWING_LONG=1 kills 100 times, else 4. LAPWING_SEED repeats a run's choices.
"""
import json
import os
import random

from conftest import LONG
from killing import Events, Sqs, counter, queue_url, storm
from serving import Server

ROUNDS = 100 if LONG else 4
ACKNOWLEDGED_MAX = 200  # a round's kill comes after 1 to so many acknowledged requests
SENDERS = 3
QUEUE = queue_url("crash")
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:crash"
BUS_ARN = "arn:aws:events:us-east-1:000000000000:event-bus/default"


class Sender:
    """Puts events of one to ten entries, and now and then a rule."""

    def __init__(self, name):
        self.label, self.numbers = name, counter()
        self.sent, self.rules = set(), set()

    def work(self, to):
        numbers = [f"{self.label}-{next(self.numbers)}" for _ in range(random.randint(1, 10))]
        answer = to.events("PutEvents", Entries=[
            {"Source": "crash", "DetailType": "t", "Detail": json.dumps({"n": number})}
            for number in numbers])
        assert answer["FailedEntryCount"] == 0, answer
        self.sent.update(numbers)
        if random.random() < 0.1:
            rule = numbers[0]
            to.events("PutRule", Name=rule, EventPattern='{"source":["nobody"]}')
            self.rules.add(rule)


def drain(sqs, wanted):
    """What is in the queue, until all that is wanted has come, or nothing does for some seconds."""
    found, empty = set(), 0
    while not wanted <= found and empty < 5:
        messages = sqs("ReceiveMessage", QueueUrl=QUEUE, MaxNumberOfMessages=10, WaitTimeSeconds=2,
                       VisibilityTimeout=600).get("Messages", [])
        empty = 0 if messages else empty + 1
        found |= {json.loads(message["Body"])["detail"]["n"] for message in messages}
        if messages:
            sqs("DeleteMessageBatch", QueueUrl=QUEUE, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(messages)])
    return found


def test_kills_under_load(data_dir):
    seed = int(os.environ.get("LAPWING_SEED", random.randrange(1 << 30)))
    print("LAPWING_SEED =", seed)
    random.seed(seed)
    server = Server(data_dir).start()
    sqs, events = Sqs(server.address), Events(server.address)
    sqs("CreateQueue", QueueName="crash", Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Sid": "events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": QUEUE_ARN}]})})
    events("PutRule", Name="crash", EventPattern='{"source":["crash"]}')
    events("PutTargets", Rule="crash", Targets=[{"Id": "q", "Arn": QUEUE_ARN}])
    events("CreateArchive", ArchiveName="crash", EventSourceArn=BUS_ARN)
    senders = [Sender(f"s{i}") for i in range(SENDERS)]
    for _ in range(ROUNDS):
        storm(server, [sender.work for sender in senders], random.randint(1, ACKNOWLEDGED_MAX))
        server = Server(data_dir).start()
    sent = {number for sender in senders for number in sender.sent}
    rules = {rule for sender in senders for rule in sender.rules}
    try:
        found = drain(Sqs(server.address), sent)
        assert sent <= found, f"lost: {sorted(sent - found)[:5]} of {len(sent)}"
        events, there, token = Events(server.address), set(), {}
        while True:
            page = events("ListRules", **token)
            there |= {rule["Name"] for rule in page["Rules"]}
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert rules <= there, f"lost: {sorted(rules - there)[:5]}"
        archived = events("DescribeArchive", ArchiveName="crash")["EventCount"]
        assert archived >= len(sent), (archived, len(sent))
    finally:
        server.stop()

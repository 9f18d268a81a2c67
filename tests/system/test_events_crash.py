"""kill -9 of the server while events are put and rules are made: every event that was acknowledged
reaches its queue, and its archive, and every rule that was acknowledged is there.

LAPWING_LONG=1 kills 100 times, else 4. LAPWING_SEED repeats a run's choices.
"""
import json
import os
import random
import threading

from api import Api, Gone
from conftest import LONG
from serving import Server

ROUNDS = 100 if LONG else 4
ACKNOWLEDGED_MAX = 200  # a round's kill comes after 1 to so many acknowledged requests
SENDERS = 3
QUEUE = "http://any/000000000000/crash"
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:crash"
BUS_ARN = "arn:aws:events:us-east-1:000000000000:event-bus/default"


class Service:
    def __init__(self, address, prefix, scope, version):
        self.api, self.prefix, self.scope, self.version = Api(address), prefix, scope, version

    def __call__(self, operation, **members):
        answer = self.api.call("POST", "/", json.dumps(members).encode(), {
            "Content-Type": "application/x-amz-json-" + self.version,
            "X-Amz-Target": self.prefix + operation,
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{self.scope}/"
                             "aws4_request, SignedHeaders=host, Signature=0"})
        assert answer.status == 200, (operation, answer.status, answer.body)
        return json.loads(answer.body or b"{}")


def events_of(address):
    return Service(address, "AWSEvents.", "events", "1.1")


def sqs_of(address):
    return Service(address, "AmazonSQS.", "sqs", "1.0")


class Sender(threading.Thread):
    """Puts events of one to ten entries, and now and then a rule, until the server is gone."""

    def __init__(self, name, address, acknowledged):
        super().__init__(daemon=True)
        self.label, self.events, self.acknowledged = name, events_of(address), acknowledged
        self.sent, self.rules, self.failure = [], [], None

    def run(self):
        count = 0
        try:
            while True:
                numbers = [f"{self.label}-{count + i}" for i in range(random.randint(1, 10))]
                count += len(numbers)
                answer = self.events("PutEvents", Entries=[
                    {"Source": "crash", "DetailType": "t", "Detail": json.dumps({"n": number})}
                    for number in numbers])
                assert answer["FailedEntryCount"] == 0, answer
                self.sent += numbers
                if random.random() < 0.1:
                    rule = f"{self.label}-{count}"
                    self.events("PutRule", Name=rule, EventPattern='{"source":["nobody"]}')
                    self.rules.append(rule)
                self.acknowledged.release()
        except Gone:
            pass
        except BaseException as error:  # told by the main thread
            self.failure = error


def storm(server, round_number):
    acknowledged = threading.Semaphore(0)
    senders = [Sender(f"r{round_number}s{i}", server.address, acknowledged)
               for i in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(random.randint(1, ACKNOWLEDGED_MAX)):
        while not acknowledged.acquire(timeout=1):
            assert not any(sender.failure for sender in senders), \
                [sender.failure for sender in senders]
    server.kill()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
        if sender.failure:
            raise sender.failure
    return ({number for sender in senders for number in sender.sent},
            {rule for sender in senders for rule in sender.rules})


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
    sqs, events = sqs_of(server.address), events_of(server.address)
    sqs("CreateQueue", QueueName="crash", Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Sid": "events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": QUEUE_ARN}]})})
    events("PutRule", Name="crash", EventPattern='{"source":["crash"]}')
    events("PutTargets", Rule="crash", Targets=[{"Id": "q", "Arn": QUEUE_ARN}])
    events("CreateArchive", ArchiveName="crash", EventSourceArn=BUS_ARN)
    sent, rules = set(), set()
    for number in range(ROUNDS):
        more_sent, more_rules = storm(server, number)
        sent |= more_sent
        rules |= more_rules
        server = Server(data_dir).start()
    try:
        found = drain(sqs_of(server.address), sent)
        assert sent <= found, f"lost: {sorted(sent - found)[:5]} of {len(sent)}"
        events, there, token = events_of(server.address), set(), {}
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

"""kill -9 of the server while messages go through a pipe: every one that was acknowledged arrives at the
target, once, as its queue knows what it has taken."""
import itertools
import json
import random
import time
import uuid

import boto3
from botocore.config import Config
from conftest import LONG
from killing import storm
from serving import Server

ROUNDS = 20 if LONG else 4
ACKNOWLEDGED_MAX = 400
SENDERS = 3
URL = "http://any/000000000000/"
ARN = "arn:aws:sqs:us-east-1:000000000000:"
ROLE = "arn:aws:iam::000000000000:role/p"


def client_of(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"max_attempts": 0}, read_timeout=60))


def sender(name, sent):
    numbers = itertools.count()

    def work(to):
        bodies = [f"{name}-{next(numbers)}" for _ in range(random.randint(1, 10))]
        answer = to.sqs("SendMessageBatch", QueueUrl=URL + "crash", Entries=[
            {"Id": str(i), "MessageBody": json.dumps({"n": body})}
            for i, body in enumerate(bodies)])
        assert not answer.get("Failed"), answer
        sent.extend(bodies)
    return work


def drained(server, wanted, seconds=90):
    """How often each came, until all wanted have."""
    sqs, seen = client_of(server, "sqs"), {}
    end = time.monotonic() + seconds
    while wanted - seen.keys() and time.monotonic() < end:
        messages = sqs.receive_message(QueueUrl=URL + "out", MaxNumberOfMessages=10,
                                       WaitTimeSeconds=1).get("Messages", [])
        for message in messages:
            seen[message["Body"]] = seen.get(message["Body"], 0) + 1
        if messages:
            sqs.delete_message_batch(QueueUrl=URL + "out", Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(messages)])
    return seen


def test_nothing_is_lost_under_kills(data_dir):
    server = Server(data_dir).start()
    sqs, pipes = client_of(server, "sqs"), client_of(server, "pipes")
    # Short: what was taken when the server was killed comes back when its visibility ends.
    sqs.create_queue(QueueName="crash", Attributes={"VisibilityTimeout": "6"})
    sqs.create_queue(QueueName="out")
    pipes.create_pipe(Name="p", Source=ARN + "crash", Target=ARN + "out", RoleArn=ROLE,
                      TargetParameters={"InputTemplate": "<$.body.n>"})
    for round_number in range(ROUNDS):
        sent = []
        works = [sender(f"r{round_number}s{i}-{uuid.uuid4().hex[:6]}", sent)
                 for i in range(SENDERS)]
        storm(server, works, random.randint(1, ACKNOWLEDGED_MAX))
        server = Server(data_dir).start()
        assert client_of(server, "pipes").describe_pipe(Name="p")["DesiredState"] == "RUNNING"
        seen = drained(server, set(sent))
        assert not set(sent) - seen.keys(), "lost"
        assert all(count == 1 for count in seen.values()), "doubled"
    server.stop()


def test_a_change_that_a_kill_has_cut_is_finished(data_dir):
    server = Server(data_dir).start()
    client_of(server, "sqs").create_queue(QueueName="crash")
    names = []
    for number in range(20):
        client_of(server, "pipes").create_pipe(
            Name=f"p{number}", Source=ARN + "crash", Target=ARN + "out", RoleArn=ROLE,
            DesiredState="STOPPED" if number % 2 else "RUNNING")
        names.append(f"p{number}")
    server.kill()
    server = Server(data_dir).start()
    pipes = client_of(server, "pipes")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        states = {each["Name"]: each["CurrentState"] for each in pipes.list_pipes()["Pipes"]}
        if set(states.values()) == {"RUNNING", "STOPPED"}:
            break
        time.sleep(0.1)
    assert states == {name: "STOPPED" if int(name[1:]) % 2 else "RUNNING" for name in names}
    server.stop()

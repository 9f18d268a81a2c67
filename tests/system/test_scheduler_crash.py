"""kill -9 while schedules are made and are due: each that was acknowledged is there after a restart,
and each occurrence comes once at least, none that was before its time."""
import datetime
import json
import random
import time

import boto3
from botocore.config import Config
from conftest import LONG
from killing import counter, storm
from serving import Server

ROUNDS = 12 if LONG else 3
MAKERS = 2
ROLE = "arn:aws:iam::000000000000:role/r"


def client_of(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"max_attempts": 0}, read_timeout=60))


def maker(label, queue, taken, numbers):
    """Makes schedules that are due within some seconds; `taken` has those that were acknowledged."""
    def work(to):
        name = f"{label}-{next(numbers)}"
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
            seconds=random.randint(1, 3))
        due = due.replace(microsecond=0) + datetime.timedelta(seconds=1)
        to.scheduler.create(
            name, ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"}, ActionAfterCompletion="DELETE",
            Target={"Arn": queue, "RoleArn": ROLE, "Input": json.dumps({
                "name": name, "due": due.timestamp()})})
        taken.add(name)
        time.sleep(0.01)  # so that what is made can be delivered, too
    return work


def drained(server, url, wanted, seconds=60):
    """Names of what came, until all wanted have."""
    sqs = client_of(server, "sqs")
    seen = {}
    end = time.monotonic() + seconds
    while wanted - seen.keys() and time.monotonic() < end:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                           WaitTimeSeconds=1).get("Messages", []):
            body = json.loads(message["Body"])
            assert time.time() >= body["due"] - 0.01, "before its time"
            seen[body["name"]] = seen.get(body["name"], 0) + 1
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return seen


def test_what_is_due_comes_over_a_kill(data_dir):
    for round in range(ROUNDS):
        server = Server(data_dir).start()
        sqs = client_of(server, "sqs")
        url = sqs.create_queue(QueueName="crash")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"]
        taken = set()
        storm(server, [maker(f"r{round}m{i}", queue, taken, counter()) for i in range(MAKERS)], 1,
              longer=random.uniform(2, 5))
        server = Server(data_dir).start()
        seen = drained(server, url, set(taken))
        assert not taken - seen.keys(), "lost"
        # The queue knows the invocation's id: what was sent again is taken once.
        assert all(count == 1 for count in seen.values()), "doubled"
        end = time.monotonic() + 10
        scheduler = client_of(server, "scheduler")
        while time.monotonic() < end and scheduler.list_schedules()["Schedules"]:
            time.sleep(0.2)
        assert not scheduler.list_schedules()["Schedules"]
        server.stop()

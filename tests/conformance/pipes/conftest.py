import time
import uuid

import pytest


@pytest.fixture(scope="session")
def pipes(client):
    return client("pipes")


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def name():
    return "conformance-" + uuid.uuid4().hex[:12]


@pytest.fixture
def queue(sqs):
    """queue(): (URL, ARN) of a new queue; deleted at the end."""
    made = []

    def create(suffix="", **attributes):
        url = sqs.create_queue(QueueName="conformance-" + uuid.uuid4().hex[:12] + suffix,
                               Attributes=attributes)["QueueUrl"]
        made.append(url)
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"]["QueueArn"]
    yield create
    for url in made:
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="session")
def settled(pipes):
    """settled(name): the pipe, once it is on its way no more; None where it is gone."""
    def wait(name, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                pipe = pipes.describe_pipe(Name=name)
            except pipes.exceptions.NotFoundException:
                return None
            if not pipe["CurrentState"].endswith("ING") or pipe["CurrentState"] == "RUNNING":
                return pipe
            time.sleep(0.05)
        raise AssertionError(f"{name} stays {pipe['CurrentState']}")
    return wait


@pytest.fixture
def pipe(pipes, role, name, settled):
    """pipe(source ARN, target ARN, **members): a pipe that has settled; deleted at the end."""
    made = []

    def create(source, target, wanted="RUNNING", **members):
        own = members.pop("Name", name)
        answer = pipes.create_pipe(Name=own, Source=source, Target=target, RoleArn=role, **members)
        made.append(own)
        assert answer["CurrentState"] == "CREATING"
        found = settled(own)
        assert found["CurrentState"] == wanted, found
        return found
    yield create
    for own in made:
        if settled(own):
            pipes.delete_pipe(Name=own)
            assert settled(own) is None


@pytest.fixture(scope="session")
def received(sqs):
    """received(url, count): bodies of at least `count` messages, taken out."""
    def receive(url, count=1, seconds=60):
        out = []
        end = time.monotonic() + seconds
        while len(out) < count and time.monotonic() < end:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                               WaitTimeSeconds=5).get("Messages", []):
                out.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return out
    return receive


@pytest.fixture(scope="session")
def empties(sqs):
    """empties(url): all of the queue is consumed."""
    def wait(url, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            if counts["ApproximateNumberOfMessages"] == "0" and \
                    counts["ApproximateNumberOfMessagesNotVisible"] == "0":
                return True
            time.sleep(0.1)
        return False
    return wait

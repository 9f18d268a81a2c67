import uuid

import pytest


@pytest.fixture(scope="session")
def events(client):
    return client("events")


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def name():
    return "conformance-" + uuid.uuid4().hex[:12]


@pytest.fixture
def bus(events, name):
    """A bus of its own, gone with its rules at the end."""
    events.create_event_bus(Name=name)
    yield name
    for rule in events.list_rules(EventBusName=name)["Rules"]:
        ids = [target["Id"] for target in events.list_targets_by_rule(
            Rule=rule["Name"], EventBusName=name)["Targets"]]
        if ids:
            events.remove_targets(Rule=rule["Name"], EventBusName=name, Ids=ids)
        events.delete_rule(Name=rule["Name"], EventBusName=name)
    events.delete_event_bus(Name=name)


@pytest.fixture
def queue(sqs):
    """queue(): (URL, ARN) of a new queue that EventBridge may send to."""
    made = []

    def create(allowed=True):
        url = sqs.create_queue(QueueName="conformance-" + uuid.uuid4().hex[:12])["QueueUrl"]
        made.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"]["QueueArn"]
        if allowed:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": (
                '{"Version":"2012-10-17","Statement":[{"Sid":"events","Effect":"Allow",'
                '"Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",'
                '"Resource":"%s"}]}' % arn)})
        return url, arn
    yield create
    for url in made:
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="session")
def received(sqs):
    """received(url, count): the messages of the queue, `count` of them at least, taken out."""
    def receive(url, count=1, wait=10):
        out = []
        while True:
            got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait, MaxNumberOfMessages=10,
                                      MessageAttributeNames=["All"]).get("Messages", [])
            for message in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            out += got
            if len(out) >= count or not got:
                return out
    return receive

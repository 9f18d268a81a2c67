import uuid

import pytest


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs):
    """queue(**attributes) -> URL of a new queue; `fifo=True` makes it one; deleted at the end."""
    made = []

    def create(fifo=False, **attributes):
        name = "conformance-" + uuid.uuid4().hex[:12] + (".fifo" if fifo else "")
        if fifo:
            attributes["FifoQueue"] = "true"
        made.append(sqs.create_queue(QueueName=name, Attributes={
            key: str(value) for key, value in attributes.items()})["QueueUrl"])
        return made[-1]
    yield create
    for url in made:
        try:
            sqs.delete_queue(QueueUrl=url)
        except sqs.exceptions.QueueDoesNotExist:
            pass


@pytest.fixture(scope="session")
def arn_of(sqs):
    def ask(url):
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"]["QueueArn"]
    return ask

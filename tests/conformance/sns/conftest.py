import uuid

import pytest


@pytest.fixture(scope="session")
def sns(client):
    return client("sns")


@pytest.fixture
def topic(sns):
    """topic(fifo=False, **attributes) -> ARN of a new topic; deleted at the end."""
    made = []

    def create(fifo=False, tags=(), **attributes):
        name = "conformance-" + uuid.uuid4().hex[:12] + (".fifo" if fifo else "")
        if fifo:
            attributes["FifoTopic"] = "true"
        made.append(sns.create_topic(Name=name, Attributes=attributes, Tags=list(tags))["TopicArn"])
        return made[-1]
    yield create
    for arn in made:
        sns.delete_topic(TopicArn=arn)

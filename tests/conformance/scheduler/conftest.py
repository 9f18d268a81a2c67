import uuid

import pytest


@pytest.fixture(scope="session")
def scheduler(client):
    return client("scheduler")


@pytest.fixture
def queue(client):
    """(URL, ARN) of a new queue; deleted at the end."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="conformance-" + uuid.uuid4().hex[:12])["QueueUrl"]
    yield url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def group(scheduler):
    """The name of a new group; deleted at the end, with its schedules."""
    name = "conformance-" + uuid.uuid4().hex[:12]
    scheduler.create_schedule_group(Name=name)
    yield name
    try:
        scheduler.delete_schedule_group(Name=name)
    except (scheduler.exceptions.ConflictException, scheduler.exceptions.ResourceNotFoundException):
        pass

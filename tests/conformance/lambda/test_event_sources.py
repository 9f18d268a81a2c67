"""Event source mappings of queues through boto3: their life, what they refuse, what runs."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError

from waiting import eventually

APP = '''
import json

def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    print("BATCH " + json.dumps(bodies))
    failed = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
'''


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs):
    """queue(name_end, **attributes) -> (URL, ARN) of a new queue; deleted at the end."""
    made = []

    def create(end="", **attributes):
        url = sqs.create_queue(QueueName="mapped-" + uuid.uuid4().hex[:12] + end,
                               Attributes=attributes)["QueueUrl"]
        made.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return url, arn["QueueArn"]
    yield create
    for url in made:
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def mapped(lam):
    """mapped(function, arn, **settings) -> UUID of a mapping at work; deleted at the end."""
    made = []

    def create(function, arn, **settings):
        answer = lam.create_event_source_mapping(FunctionName=function, EventSourceArn=arn,
                                                 **settings)
        made.append(answer["UUID"])
        assert comes_to(lam, answer["UUID"], "Enabled")
        return answer["UUID"]
    yield create
    for one in made:
        comes_to(lam, one, "Enabled", "Disabled")
        try:
            lam.delete_event_source_mapping(UUID=one)
        except lam.exceptions.ResourceNotFoundException:
            pass


@pytest.fixture(scope="module")
def function(deploy):
    return deploy(APP)


def comes_to(lam, one, *states):
    return eventually(lambda: lam.get_event_source_mapping(UUID=one)["State"] in states, 120)


def batches(log_of, name):
    return [json.loads(line.split("BATCH ", 1)[1]) for line in log_of(name) if "BATCH " in line]


def refusal(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_life(lam, function, queue):
    _, arn = queue()
    made = lam.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    uuid_ = made["UUID"]
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (made["State"], made["StateTransitionReason"]) == ("Creating", "USER_INITIATED")
    assert (made["BatchSize"], made["MaximumBatchingWindowInSeconds"]) == (10, 0)
    assert made["FunctionResponseTypes"] == [] and "LastProcessingResult" not in made
    assert made["EventSourceMappingArn"].endswith(":event-source-mapping:" + uuid_)
    assert comes_to(lam, uuid_, "Enabled")
    code, message = refusal(lam.create_event_source_mapping, FunctionName=function,
                            EventSourceArn=arn)
    assert code == "ResourceConflictException" and message.endswith(uuid_)
    changed = lam.update_event_source_mapping(UUID=uuid_, BatchSize=5, Enabled=False)
    assert changed["State"] == "Disabling" and changed["BatchSize"] == 5
    assert comes_to(lam, uuid_, "Disabled")
    listed = lam.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    assert [each["UUID"] for each in listed] == [uuid_]
    lam.tag_resource(Resource=made["EventSourceMappingArn"], Tags={"a": "b"})
    assert lam.list_tags(Resource=made["EventSourceMappingArn"])["Tags"] == {"a": "b"}
    gone = lam.delete_event_source_mapping(UUID=uuid_)
    assert gone["State"] == "Deleting"
    assert eventually(lambda: refused_as_gone(lam, uuid_), 120)


def refused_as_gone(lam, one):
    try:
        lam.get_event_source_mapping(UUID=one)
    except lam.exceptions.ResourceNotFoundException as error:
        return error.response["Error"]["Message"] == "The resource you requested does not exist."
    return False


def test_refusals(lam, function, queue):
    _, arn = queue()
    create = lam.create_event_source_mapping
    invalid = "InvalidParameterValueException"
    assert refusal(create, FunctionName=function, EventSourceArn=arn, BatchSize=11) == (
        invalid, "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
        "greater than 10")
    assert refusal(create, FunctionName=function, EventSourceArn=arn + "x") == (
        invalid, "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist.")
    assert refusal(create, FunctionName="none-of-this", EventSourceArn=arn) == (
        invalid, "Function does not exist")
    _, short = queue(VisibilityTimeout="10")
    assert refusal(create, FunctionName=function, EventSourceArn=short) == (
        invalid, "Queue visibility timeout: 10 seconds is less than Function timeout: 30 seconds")
    assert refusal(create, FunctionName=function, EventSourceArn=arn,
                   FilterCriteria={"Filters": [{"Pattern": "{"}]}) == (
        invalid, "Invalid filter pattern definition.")


def test_messages_run_the_function(lam, deploy, queue, mapped, sqs, log_of):
    name = deploy(APP)
    url, arn = queue()
    mapped(name, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(i), "MessageBody": f"m{i}"} for i in range(10)])
    assert eventually(lambda: sum(map(len, batches(log_of, name))) == 10, 60)
    sqs.send_message(QueueUrl=url, MessageBody="bad")
    assert eventually(lambda: ["bad"] in batches(log_of, name), 60)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_groups_are_in_order(lam, deploy, queue, mapped, sqs, log_of):
    name = deploy(APP)
    url, arn = queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    mapped(name, arn, BatchSize=3)
    sent = [f"m{i:02}" for i in range(20)]
    for body in sent:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    assert eventually(lambda: sum(map(len, batches(log_of, name))) == 20, 60)
    seen = [body for batch in batches(log_of, name) for body in batch]
    assert seen == sent

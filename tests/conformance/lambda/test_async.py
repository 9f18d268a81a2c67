"""Asynchronous invocation through boto3: accepted, run, told of."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError

APP = '''
import os

def handler(event, context):
    if event.get("do") == "fail":
        raise RuntimeError("not today")
    return {"got": event, "id": context.aws_request_id, "trace": os.environ["_X_AMZN_TRACE_ID"]}
'''
MIB = 1 << 20


@pytest.fixture(scope="module")
def sqs(client):
    return client("sqs")


@pytest.fixture(scope="module")
def function(deploy):
    return deploy(APP, Timeout=30)


@pytest.fixture
def queue(sqs):
    url = sqs.create_queue(QueueName="async-" + uuid.uuid4().hex)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    yield {"url": url, "arn": arn}
    sqs.delete_queue(QueueUrl=url)


def message(sqs, queue):
    for _ in range(3):
        found = sqs.receive_message(QueueUrl=queue["url"], WaitTimeSeconds=20,
                                    MessageAttributeNames=["All"]).get("Messages", [])
        if found:
            return found[0]
    raise AssertionError("nothing came")


def accept(lam, function, payload, **more):
    answer = lam.invoke(FunctionName=function, InvocationType="Event",
                        Payload=json.dumps(payload), **more)
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert "ExecutedVersion" not in answer and "FunctionError" not in answer
    return answer["ResponseMetadata"]["RequestId"]


def settings(lam, function, **config):
    lam.put_function_event_invoke_config(FunctionName=function, **config)


def told(sqs, queue):
    return json.loads(message(sqs, queue)["Body"])


def test_a_success_is_told_to_its_destination(lam, sqs, function, queue):
    settings(lam, function, DestinationConfig={"OnSuccess": {"Destination": queue["arn"]}})
    request = accept(lam, function, {"a": [1, None, "ä"]})
    record = told(sqs, queue)
    assert record["version"] == "1.0"
    context = record["requestContext"]
    assert context["requestId"] == request
    assert context["functionArn"].endswith(":function:" + function + ":$LATEST")
    assert (context["condition"], context["approximateInvokeCount"]) == ("Success", 1)
    assert record["requestPayload"] == {"a": [1, None, "ä"]}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    answer = record["responsePayload"]
    assert (answer["got"], answer["id"]) == ({"a": [1, None, "ä"]}, request)
    assert answer["trace"].startswith("Root=1-")
    lam.delete_function_event_invoke_config(FunctionName=function)


def test_a_failure_goes_to_destination_and_dead_letters(lam, sqs, deploy, queue, waited):
    other = sqs.create_queue(QueueName="dead-" + uuid.uuid4().hex)["QueueUrl"]
    dead = {"url": other, "arn": queue["arn"].rpartition(":")[0] + ":" + other.rpartition("/")[2]}
    name = deploy(APP, DeadLetterConfig={"TargetArn": dead["arn"]})
    settings(lam, name, MaximumRetryAttempts=0,
             DestinationConfig={"OnFailure": {"Destination": queue["arn"]}})
    request = accept(lam, name, {"do": "fail"})
    record = json.loads(message(sqs, queue)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "not today"
    buried = message(sqs, dead)
    assert json.loads(buried["Body"]) == {"do": "fail"}
    said = {name: (value["DataType"], value["StringValue"])
            for name, value in buried["MessageAttributes"].items()}
    assert said == {"RequestID": ("String", request), "ErrorCode": ("Number", "200"),
                    "ErrorMessage": ("String", "not today")}
    sqs.delete_queue(QueueUrl=other)


def test_one_function_is_the_destination_of_another(lam, sqs, deploy, function, queue):
    listener = deploy(APP)
    settings(lam, listener, DestinationConfig={"OnSuccess": {"Destination": queue["arn"]}})
    arn = lam.get_function_configuration(FunctionName=listener)["FunctionArn"]
    settings(lam, function, DestinationConfig={"OnSuccess": {"Destination": arn}})
    accept(lam, function, {})
    heard = told(sqs, queue)["requestPayload"]
    assert heard["requestContext"]["condition"] == "Success"
    lam.delete_function_event_invoke_config(FunctionName=function)


def test_the_older_operation(lam, sqs, function, queue):
    settings(lam, function, DestinationConfig={"OnSuccess": {"Destination": queue["arn"]}})
    answer = lam.invoke_async(FunctionName=function, InvokeArgs=json.dumps({"old": True}))
    assert answer["Status"] == 202
    assert told(sqs, queue)["requestPayload"] == {"old": True}
    lam.delete_function_event_invoke_config(FunctionName=function)


def test_what_is_too_large_or_no_json_is_refused(lam, function):
    with pytest.raises(ClientError) as refused:
        lam.invoke(FunctionName=function, InvocationType="Event", Payload=b'"%s"' % (b"x" * MIB))
    assert refused.value.response["Error"]["Code"] == "RequestEntityTooLargeException" or \
        refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    with pytest.raises(ClientError) as refused:
        lam.invoke(FunctionName=function, InvocationType="Event", Payload=b"{")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"

"""EventBridge Pipes by boto3: from queues, through filters and functions, to queues, functions, buses
and log groups."""
import datetime
import json
import time

import pytest
from botocore.exceptions import ClientError

ECHO = "def handler(event, context): return event"
ENRICH = """
import json

def handler(event, context):
    return [{"city": json.loads(each["body"])["city"].upper()} for each in event]
"""
# Says which of a batch failed, the first time it sees them.
PARTIAL = """
def handler(event, context):
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in event
            if each["body"] == "bad" and each["attributes"]["ApproximateReceiveCount"] == "1"]}
"""
FAIL = "def handler(event, context): raise ValueError('not today')"


def refused(call, code, status, *parts):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    for part in parts:
        assert part in answer["Error"]["Message"], answer["Error"]


def arn_of(lam, name):
    return lam.get_function(FunctionName=name)["Configuration"]["FunctionArn"]


def test_one_is_made_shown_and_deleted(pipes, pipe, queue, name, role, settled):
    source, target = queue()[1], queue()[1]
    pipe(source, target, Description="d", Tags={"a": "1"})
    shown = pipes.describe_pipe(Name=name)
    assert isinstance(shown.pop("CreationTime"), datetime.datetime)
    assert isinstance(shown.pop("LastModifiedTime"), datetime.datetime)
    shown.pop("ResponseMetadata")
    arn = shown.pop("Arn")
    assert arn.endswith(f":pipe/{name}") and arn.startswith("arn:aws:pipes:")
    assert shown.pop("SourceParameters")["SqsQueueParameters"]["BatchSize"] == 10
    assert shown == {"Name": name, "Description": "d", "DesiredState": "RUNNING",
                     "CurrentState": "RUNNING", "Source": source, "Target": target,
                     "RoleArn": role, "Tags": {"a": "1"}}
    deleted = pipes.delete_pipe(Name=name)
    assert (deleted["CurrentState"], deleted["DesiredState"]) == ("DELETING", "DELETED")
    assert settled(name) is None
    refused(lambda: pipes.describe_pipe(Name=name), "NotFoundException", 404)


def test_one_name_is_given_once(pipes, pipe, queue, name, role):
    source, target = queue()[1], queue()[1]
    pipe(source, target)
    refused(lambda: pipes.create_pipe(Name=name, Source=source, Target=target, RoleArn=role),
            "ConflictException", 409)


def test_a_record_goes_to_a_queue_as_it_is(pipe, queue, sqs, received, empties):
    (source, source_arn), (target, target_arn) = queue(), queue()
    pipe(source_arn, target_arn)
    sent = sqs.send_message(QueueUrl=source, MessageBody="hello", MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "7"}})
    record = json.loads(received(target)[0])
    assert record["messageId"] == sent["MessageId"]
    assert record["body"] == "hello"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["n"]["stringValue"] == "7"
    assert record["eventSource"] == "aws:sqs" and record["eventSourceARN"] == source_arn
    assert empties(source)


def test_filter_enrichment_and_template(pipe, queue, sqs, received, empties, deploy, lam):
    (source, source_arn), (target, target_arn) = queue(), queue()
    pipe(source_arn, target_arn, Enrichment=arn_of(lam, deploy(ENRICH)),
         SourceParameters={"FilterCriteria": {"Filters": [
             {"Pattern": json.dumps({"body": {"kind": ["order"]}})}]}},
         TargetParameters={"InputTemplate": '{"to": "<$.city>", "by": "<aws.pipes.pipe-name>"}'})
    sqs.send_message(QueueUrl=source, MessageBody="no JSON")
    sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"kind": "other", "city": "x"}))
    sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"kind": "order", "city": "Ulm"}))
    got = json.loads(received(target)[0])
    assert got["to"] == "ULM" and got["by"].startswith("conformance-")
    assert empties(source)
    assert received(target, seconds=1) == []


def test_a_function_gets_an_array_and_says_what_failed(pipe, queue, sqs, empties, deploy, lam):
    source, source_arn = queue(VisibilityTimeout="5")
    function = deploy(PARTIAL, Timeout=3)
    pipe(source_arn, arn_of(lam, function), SourceParameters={"SqsQueueParameters": {
        "BatchSize": 2, "MaximumBatchingWindowInSeconds": 1}})
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=source, MessageBody=body)
    assert empties(source)


def test_what_a_function_fails_is_dead_lettered(pipe, queue, sqs, received, deploy, lam):
    dead, dead_arn = queue()
    source, source_arn = queue(VisibilityTimeout="3", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"}))
    pipe(source_arn, arn_of(lam, deploy(FAIL, Timeout=2)))
    sqs.send_message(QueueUrl=source, MessageBody="poison")
    assert received(dead) == ["poison"]


def test_groups_stay_in_order(pipe, queue, sqs, received):
    source, source_arn = queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    target, target_arn = queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    pipe(source_arn, target_arn, TargetParameters={
        "InputTemplate": "<$.body>",
        "SqsQueueParameters": {"MessageGroupId": "$.attributes.MessageGroupId"}})
    for n in range(30):
        sqs.send_message(QueueUrl=source, MessageBody=f"{n:02}", MessageGroupId=f"g{n % 2}")
    got = received(target, 30)
    assert len(got) == 30
    for parity in (0, 1):
        own = [int(each) for each in got if int(each) % 2 == parity]
        assert own == sorted(own)


def test_to_a_bus_and_a_log_group(client, pipe, pipes, queue, sqs, name, logs, role, empties,
                                  settled):
    events, group = client("events"), "/conformance/" + name
    source, source_arn = queue()
    logs.create_log_group(logGroupName=group)
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    group_arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    logs.put_resource_policy(policyName=name, policyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group_arn}]}))
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"source": ["app"]}))
    events.put_targets(Rule=name, EventBusName=name, Targets=[
        {"Id": "t", "Arn": group_arn.removesuffix(":*")}])
    pipe(source_arn, bus, TargetParameters={
        "InputTemplate": "<$.body>",
        "EventBridgeEventBusParameters": {"Source": "app", "DetailType": "$.body.kind"}})
    sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"kind": "order", "n": 1}))
    assert empties(source)

    def logged(part):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            messages = [each["message"]
                        for each in logs.filter_log_events(logGroupName=group)["events"]]
            if any(part in message for message in messages):
                return [message for message in messages if part in message][0]
            time.sleep(0.2)
        return None
    event = json.loads(logged("order"))
    assert event["detail-type"] == "order" and event["detail"] == {"kind": "order", "n": 1}
    pipes.update_pipe(Name=name, RoleArn=role, Target=group_arn.removesuffix(":*"),
                      TargetParameters={"InputTemplate": "line <$.body>",
                                        "CloudWatchLogsParameters": {"LogStreamName": "s"}})
    assert settled(name)["CurrentState"] == "RUNNING"
    assert "EventBridgeEventBusParameters" not in pipes.describe_pipe(Name=name)["TargetParameters"]
    sqs.send_message(QueueUrl=source, MessageBody="two")
    assert logged("line two") == "line two"
    events.remove_targets(Rule=name, EventBusName=name, Ids=["t"])
    events.delete_rule(Name=name, EventBusName=name)
    events.delete_event_bus(Name=name)
    logs.delete_log_group(logGroupName=group)


def test_executions_are_logged(pipe, queue, sqs, logs, name, empties):
    group = "/conformance/" + name
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    source, source_arn = queue()
    pipe(source_arn, queue()[1], LogConfiguration={
        "Level": "INFO", "IncludeExecutionData": ["ALL"],
        "CloudwatchLogsLogDestination": {"LogGroupArn": arn.removesuffix(":*")}})
    sqs.send_message(QueueUrl=source, MessageBody="hello")
    assert empties(source)
    end = time.monotonic() + 60
    records = []
    while len(records) < 4 and time.monotonic() < end:
        records = [json.loads(each["message"])
                   for each in logs.filter_log_events(logGroupName=group)["events"]]
        time.sleep(0.1)
    assert [each["messageType"] for each in records] == [
        "ExecutionStarted", "TargetStageEntered", "TargetStageSucceeded", "ExecutionSucceeded"]
    assert len({each["executionId"] for each in records}) == 1
    assert json.loads(records[0]["payload"])[0]["body"] == "hello"
    logs.delete_log_group(logGroupName=group)


def test_stop_start_and_lists(pipes, pipe, queue, sqs, received, name, settled):
    (source, source_arn), (target, target_arn) = queue(), queue()
    pipe(source_arn, target_arn, wanted="STOPPED", DesiredState="STOPPED",
         TargetParameters={"InputTemplate": "<$.body>"})
    pipe(source_arn, target_arn, wanted="STOPPED", DesiredState="STOPPED", Name=name + "-2")
    sqs.send_message(QueueUrl=source, MessageBody="waits")
    assert received(target, seconds=1) == []
    pages = [page["Pipes"] for page in pipes.get_paginator("list_pipes").paginate(
        NamePrefix=name, DesiredState="STOPPED", PaginationConfig={"PageSize": 1})]
    assert [each["Name"] for page in pages for each in page] == [name, name + "-2"]
    assert pipes.list_pipes(NamePrefix=name, CurrentState="RUNNING")["Pipes"] == []
    assert pipes.start_pipe(Name=name)["CurrentState"] == "STARTING"
    assert received(target) == ["waits"]
    assert settled(name)["CurrentState"] == "RUNNING"
    assert pipes.stop_pipe(Name=name)["CurrentState"] == "STOPPING"
    assert settled(name)["CurrentState"] == "STOPPED"


def test_tags(pipes, pipe, queue):
    arn = pipe(queue()[1], queue()[1], Tags={"a": "1"})["Arn"]
    pipes.tag_resource(resourceArn=arn, tags={"b": "2"})
    pipes.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert pipes.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_a_source_that_is_not_there(pipes, pipe, queue):
    found = pipe(queue()[1] + "-none", queue()[1], wanted="CREATE_FAILED")
    assert "The specified queue does not exist" in found["StateReason"]


@pytest.mark.lapwing
def test_what_is_not_built_is_refused_by_name(pipes, queue, role, name):
    def create(source=None, target=None, **members):
        pipes.create_pipe(Name=name, Source=source or queue()[1], Target=target or queue()[1],
                          RoleArn=role, **members)
    account = "us-east-1:000000000000"
    for call, part in (
            (lambda: create(source=f"arn:aws:kinesis:{account}:stream/s"), "Source="),
            (lambda: create(source=f"arn:aws:dynamodb:{account}:table/t/stream/s"), "Source="),
            (lambda: create(source="smk://kafka.example.com:9092"), "Source="),
            (lambda: create(target=f"arn:aws:states:{account}:stateMachine:s"), "Target="),
            (lambda: create(target=f"arn:aws:firehose:{account}:deliverystream/s"), "Target="),
            (lambda: create(Enrichment=f"arn:aws:states:{account}:stateMachine:s"), "Enrichment="),
            (lambda: create(KmsKeyIdentifier="alias/x"), "KmsKeyIdentifier")):
        refused(call, "NotImplemented", 501, part)
    assert pipes.list_pipes(NamePrefix=name)["Pipes"] == []


def test_what_does_not_fit_is_refused(pipes, queue, role, name):
    source, target = queue()[1], queue()[1]

    def create(**members):
        pipes.create_pipe(Name=name, RoleArn=role, **{"Source": source, "Target": target,
                                                      **members})
    for members in (
            {"SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}},
            {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}},
            {"Target": target.rsplit(":", 2)[0].replace("sqs", "iam") + ":x:role/r"},
            {"Target": queue(".fifo", FifoQueue="true")[1]}):
        refused(lambda members=members: create(**members), "ValidationException", 400)

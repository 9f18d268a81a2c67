"""CloudWatch Logs through boto3: what clients rely on, the same against AWS."""
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from waiting import eventually


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def group(logs):
    name = f"/lapwing/conformance/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name, tags={"made-by": "conformance"})
    yield name
    logs.delete_log_group(logGroupName=name)


@pytest.fixture
def stream(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    return "stream"


def refused(call, code, message=None, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    if message is not None:
        assert error["Message"] == message
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def put(logs, group, stream, *messages, at=None):
    at = at or now_ms()
    return logs.put_log_events(
        logGroupName=group, logStreamName=stream,
        logEvents=[{"timestamp": at + i, "message": m} for i, m in enumerate(messages)])


def test_groups(logs, group):
    refused(logs.create_log_group, "ResourceAlreadyExistsException",
            "The specified log group already exists", logGroupName=group)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [g["logGroupName"] for g in found] == [group]
    assert found[0]["arn"].endswith(f":log-group:{group}:*")
    assert found[0]["metricFilterCount"] == 0
    assert abs(found[0]["creationTime"] - now_ms()) < 600_000
    missing = group + "-missing"
    for call in (logs.delete_log_group, logs.delete_retention_policy, logs.describe_log_streams,
                 logs.filter_log_events):
        refused(call, "ResourceNotFoundException", "The specified log group does not exist.",
                logGroupName=missing)
    refused(logs.create_log_group, "InvalidParameterException", logGroupName="no spaces allowed")


def test_group_paging(logs, group):
    names = [f"{group}/{i}" for i in range(5)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    try:
        pages = logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=group + "/", PaginationConfig={"PageSize": 2})
        assert [g["logGroupName"] for page in pages for g in page["logGroups"]] == names
    finally:
        for name in names:
            logs.delete_log_group(logGroupName=name)


def test_retention(logs, group):
    logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert found["retentionInDays"] == 14
    refused(logs.put_retention_policy, "InvalidParameterException", logGroupName=group,
            retentionInDays=2)
    logs.delete_retention_policy(logGroupName=group)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert "retentionInDays" not in found


def test_tags(logs, group):
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"][:-2]
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"made-by": "conformance", "b": "2"}
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == tags


def test_streams(logs, group, stream):
    refused(logs.create_log_stream, "ResourceAlreadyExistsException",
            "The specified log stream already exists", logGroupName=group, logStreamName=stream)
    refused(logs.get_log_events, "ResourceNotFoundException",
            "The specified log stream does not exist.", logGroupName=group, logStreamName="none")
    at = now_ms() - 5000
    put(logs, group, stream, "first", "last", at=at)
    described = eventually(lambda: [
        s for s in logs.describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
        if "lastEventTimestamp" in s])
    assert described[0]["logStreamName"] == stream
    assert described[0]["firstEventTimestamp"] == at
    assert described[0]["lastEventTimestamp"] == at + 1
    refused(logs.describe_log_streams, "InvalidParameterException",
            "Cannot order by LastEventTime with a logStreamNamePrefix.", logGroupName=group,
            orderBy="LastEventTime", logStreamNamePrefix="s")
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []


def test_put_refuses(logs, group, stream):
    at = now_ms()
    batch = [{"timestamp": at, "message": "b"}, {"timestamp": at - 1, "message": "a"}]
    refused(logs.put_log_events, "InvalidParameterException",
            "Log events in a single PutLogEvents request must be in chronological order.",
            logGroupName=group, logStreamName=stream, logEvents=batch)
    half = "x" * (512 * 1024)
    refused(logs.put_log_events, "InvalidParameterException",
            "Upload too large: 1048628 bytes exceeds limit of 1048576", logGroupName=group,
            logStreamName=stream, logEvents=[{"timestamp": at, "message": half}] * 2)
    day = 24 * 3600 * 1000
    rejected = logs.put_log_events(
        logGroupName=group, logStreamName=stream,
        logEvents=[{"timestamp": at - 15 * day, "message": "too old"}])
    assert rejected["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] == 1


def test_get_pages_and_tokens(logs, group, stream):
    messages = [f"message {i}" for i in range(10)]
    put(logs, group, stream, *messages)
    where = {"logGroupName": group, "logStreamName": stream}
    assert eventually(lambda: len(logs.get_log_events(**where)["events"]) == 10)
    read, token = [], {}
    while True:
        page = logs.get_log_events(**where, startFromHead=True, limit=3, **token)
        read += [e["message"] for e in page["events"]]
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    assert read == messages
    newest = logs.get_log_events(**where, limit=2)
    assert [e["message"] for e in newest["events"]] == messages[-2:]
    older = logs.get_log_events(**where, limit=2, nextToken=newest["nextBackwardToken"])
    assert [e["message"] for e in older["events"]] == messages[-4:-2]
    refused(logs.get_log_events, "InvalidParameterException",
            "The specified nextToken is invalid.", **where, nextToken="f/nonsense")


@pytest.mark.parametrize("pattern, wanted", [
    ("", ["ERROR disk", '{"level":"error","n":5}', "INFO ok 200"]),
    ("ERROR", ["ERROR disk"]),
    ("-ERROR -level", ["INFO ok 200"]),
    ("?ERROR ?INFO", ["ERROR disk", "INFO ok 200"]),
    ('"ERROR disk"', ["ERROR disk"]),
    ("%^INFO.*[0-9]+$%", ["INFO ok 200"]),
    ('{ $.level = "err*" && $.n >= 5 }', ['{"level":"error","n":5}']),
    ("[level, word, status = 2*]", ["INFO ok 200"]),
])
def test_filter_patterns(logs, group, stream, pattern, wanted):
    put(logs, group, stream, "ERROR disk", '{"level":"error","n":5}', "INFO ok 200")

    def search():
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern)
        return [e["message"] for page in pages for e in page["events"]]
    assert eventually(lambda: search() == wanted), search()


def test_filter_refuses_bad_patterns(logs, group):
    refused(logs.filter_log_events, "InvalidParameterException",
            "Invalid character(s) in term ':'", logGroupName=group, filterPattern="a:b")
    refused(logs.filter_log_events, "InvalidParameterException",
            "If a filter pattern starts with '{' it must end with '}'", logGroupName=group,
            filterPattern="{ $.a = 1")


def test_filter_interleaves_and_ids_are_unique(logs, group, stream):
    logs.create_log_stream(logGroupName=group, logStreamName="other")
    at = now_ms() - 1000
    for i in range(4):
        put(logs, group, stream if i % 2 else "other", f"m{i}", at=at + i // 2)

    def search():
        return [e for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, PaginationConfig={"PageSize": 1}) for e in page["events"]]
    assert eventually(lambda: len(search()) == 4)
    found = search()
    assert [e["timestamp"] for e in found] == [at, at, at + 1, at + 1]
    assert len({e["eventId"] for e in found}) == 4


def test_unbuilt_operations_are_named(logs, group, against_aws):
    if against_aws:
        pytest.skip("AWS has it")
    with pytest.raises(ClientError) as caught:
        logs.start_query(logGroupName=group, startTime=0, endTime=1, queryString="fields @message")
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "StartQuery" in response["Error"]["Message"]


def test_following_as_the_cli_does(logs, group, stream):
    """`aws logs tail --follow`: from the newest time seen on, told apart by event ids."""
    state = {"startTime": now_ms() - 60_000}
    seen, ids = [], set()

    def poll():
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, interleaved=True, **state)
        for event in (e for page in pages for e in page["events"]):
            if event["eventId"] not in ids:
                ids.add(event["eventId"])
                seen.append(event["message"])
                state["startTime"] = max(state["startTime"], event["timestamp"])

    at = now_ms()
    for i in range(6):
        put(logs, group, stream, f"line {i}", at=at + i // 3)  # three in each millisecond
        poll()

    def complete():
        poll()
        return len(seen) >= 6
    assert eventually(complete)
    assert seen == [f"line {i}" for i in range(6)]

"""EventBridge Scheduler by boto3."""
import datetime
import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from functions import ROLE

OFF = {"Mode": "OFF"}


def refused(call, code, status, text=None):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert text is None or answer["Error"]["Message"] == text, answer["Error"]


def target(arn, **more):
    return {"Arn": arn, "RoleArn": ROLE, **more}


def received(sqs, url, seconds=30):
    """The first message; None where none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=[
            "All"]).get("Messages")
        if messages:
            return messages[0]
    return None


def soon(seconds=2):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return f"at({at:%Y-%m-%dT%H:%M:%S})"


def test_a_minimal_schedule_is_shown_with_its_defaults(scheduler, group, queue):
    arn = scheduler.create_schedule(Name="s", GroupName=group, ScheduleExpression="rate(5 minutes)",
                                    FlexibleTimeWindow=OFF, Target=target(queue[1]))["ScheduleArn"]
    assert arn.endswith(f":schedule/{group}/s")
    shown = scheduler.get_schedule(Name="s", GroupName=group)
    assert isinstance(shown.pop("CreationDate"), datetime.datetime)
    assert isinstance(shown.pop("LastModificationDate"), datetime.datetime)
    shown.pop("ResponseMetadata")
    assert shown == {
        "Arn": arn, "Name": "s", "GroupName": group, "ScheduleExpression": "rate(5 minutes)",
        "ScheduleExpressionTimezone": "UTC", "State": "ENABLED", "ActionAfterCompletion": "NONE",
        "FlexibleTimeWindow": OFF,
        "Target": target(queue[1], RetryPolicy={"MaximumEventAgeInSeconds": 86400,
                                                "MaximumRetryAttempts": 185})}


def test_an_update_replaces_everything(scheduler, group, queue):
    scheduler.create_schedule(Name="s", GroupName=group, ScheduleExpression="rate(5 minutes)",
                              FlexibleTimeWindow=OFF, Target=target(queue[1], Input="x"),
                              Description="d", State="DISABLED")
    scheduler.update_schedule(Name="s", GroupName=group, ScheduleExpression="rate(1 hour)",
                              FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
                              Target=target(queue[1]))
    shown = scheduler.get_schedule(Name="s", GroupName=group)
    assert "Description" not in shown and "Input" not in shown["Target"]
    assert shown["State"] == "ENABLED"
    assert shown["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}


def test_lists(scheduler, group, queue):
    for name in ("a1", "a2", "b1"):
        scheduler.create_schedule(Name=name, GroupName=group, ScheduleExpression="rate(1 hour)",
                                  FlexibleTimeWindow=OFF, Target=target(queue[1]),
                                  State="DISABLED" if name == "a2" else "ENABLED")

    def names(**ask):
        return [each["Name"] for page in scheduler.get_paginator("list_schedules").paginate(
            PaginationConfig={"PageSize": 1}, GroupName=group, **ask) for each in page["Schedules"]]
    assert names() == ["a1", "a2", "b1"]
    assert names(NamePrefix="a") == ["a1", "a2"]
    assert names(State="DISABLED") == ["a2"]
    one = scheduler.list_schedules(GroupName=group, NamePrefix="b")["Schedules"][0]
    assert one["Target"] == {"Arn": queue[1]} and one["GroupName"] == group


def test_groups(scheduler, group):
    shown = scheduler.get_schedule_group(Name=group)
    assert shown["State"] == "ACTIVE" and shown["Arn"].endswith(f":schedule-group/{group}")
    assert scheduler.get_schedule_group(Name="default")["State"] == "ACTIVE"
    refused(lambda: scheduler.create_schedule_group(Name=group), "ConflictException", 409)
    scheduler.tag_resource(ResourceArn=shown["Arn"], Tags=[{"Key": "a", "Value": "1"},
                                                           {"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=shown["Arn"], TagKeys=["a", "never"])
    assert scheduler.list_tags_for_resource(ResourceArn=shown["Arn"])["Tags"] == [
        {"Key": "b", "Value": "2"}]
    scheduler.delete_schedule_group(Name=group)
    end = time.monotonic() + 120
    while True:
        try:
            assert scheduler.get_schedule_group(Name=group)["State"] == "DELETING"
        except scheduler.exceptions.ResourceNotFoundException:
            break
        assert time.monotonic() < end
        time.sleep(0.2)


def test_refusals(scheduler, group, queue):
    def create(**changes):
        return scheduler.create_schedule(**{
            "Name": "s", "GroupName": group, "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": OFF, "Target": target(queue[1]), **changes})
    for text in ("rate(10 seconds)", "cron(0 1 * * * *)", "at(2021-12-31T23:59:59Z)", "every day"):
        refused(lambda: create(ScheduleExpression=text), "ValidationException", 400,
                f"Invalid Schedule Expression {text}.")
    refused(lambda: create(GroupName="none-of-it"), "ResourceNotFoundException", 404)
    create()
    refused(create, "ConflictException", 409)
    refused(lambda: scheduler.get_schedule(Name="none", GroupName=group),
            "ResourceNotFoundException", 404)
    scheduler.delete_schedule(Name="s", GroupName=group)
    refused(lambda: scheduler.delete_schedule(Name="s", GroupName=group),
            "ResourceNotFoundException", 404)


def test_the_same_token_again(scheduler, group, queue):
    how = {"Name": "s", "GroupName": group, "FlexibleTimeWindow": OFF, "Target": target(queue[1]),
           "ClientToken": uuid.uuid4().hex}
    arn = scheduler.create_schedule(ScheduleExpression="rate(1 hour)", **how)["ScheduleArn"]
    assert scheduler.create_schedule(ScheduleExpression="rate(1 hour)", **how)["ScheduleArn"] == arn
    refused(lambda: scheduler.create_schedule(ScheduleExpression="rate(2 hours)", **how),
            "ConflictException", 409)


def test_a_queue_gets_what_is_due(client, scheduler, group, queue):
    arn = scheduler.create_schedule(
        Name="s", GroupName=group, ScheduleExpression=soon(), FlexibleTimeWindow=OFF,
        ActionAfterCompletion="DELETE", Target=target(
            queue[1], Input='{"at":"<aws.scheduler.scheduled-time>","of":"<aws.scheduler.schedule-arn>",'
                            '"attempt":"<aws.scheduler.attempt-number>"}'))["ScheduleArn"]
    body = json.loads(received(client("sqs"), queue[0], 90)["Body"])
    assert body["of"] == arn and body["attempt"] == "1"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            scheduler.get_schedule(Name="s", GroupName=group)
        except scheduler.exceptions.ResourceNotFoundException:
            return
        time.sleep(0.5)
    pytest.fail("the schedule is still there")


def test_any_operation_is_a_target(client, scheduler, group, queue):
    scheduler.create_schedule(
        Name="s", GroupName=group, ScheduleExpression=soon(), FlexibleTimeWindow=OFF,
        Target=target("arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
                      Input=json.dumps({"QueueUrl": queue[0], "MessageBody": "by name"})))
    assert received(client("sqs"), queue[0], 90)["Body"] == "by name"


def test_what_fails_is_a_dead_letter(client, scheduler, group, queue):
    missing = queue[1] + "-missing"
    arn = scheduler.create_schedule(
        Name="s", GroupName=group, ScheduleExpression=soon(), FlexibleTimeWindow=OFF,
        Target=target(missing, Input="x", DeadLetterConfig={"Arn": queue[1]}))["ScheduleArn"]
    message = received(client("sqs"), queue[0], 90)
    said = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert said["SCHEDULE_ARN"] == arn and said["TARGET_ARN"] == missing
    assert said["ERROR_CODE"] and said["EXECUTION_ID"]

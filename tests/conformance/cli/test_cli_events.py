"""Topics, EventBridge and Scheduler with the AWS CLI, versions 1 and 2, each with a queue as target."""
import datetime
import json
import subprocess
import uuid

import pytest
from test_cli import cli  # noqa: F401  (the fixture)


@pytest.fixture
def run(cli):  # noqa: F811
    """run("sns", "publish", ...): what was printed, as a value."""
    def call(*arguments):
        said = cli.run(*arguments, "--output", "json")
        return json.loads(said) if said.strip() else {}
    return call


@pytest.fixture
def name():
    return "conformance-" + uuid.uuid4().hex[:12]


@pytest.fixture
def queue(client, name):
    """URL and ARN of a queue to which services may send."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn,
            "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}]})})
    yield url, arn
    sqs.delete_queue(QueueUrl=url)


def received(client, queue):
    for _ in range(6):
        for message in client("sqs").receive_message(
                QueueUrl=queue[0], WaitTimeSeconds=10, MessageAttributeNames=["All"]).get(
                    "Messages", []):
            return message
    raise AssertionError("nothing came")


def refused(cli, code, *arguments):  # noqa: F811
    run = subprocess.run(cli.command(*arguments), env=cli.environment, capture_output=True,
                         text=True, timeout=120)
    assert run.returncode in (254, 255), run.stderr  # by the version of the CLI
    assert f"({code})" in run.stderr, run.stderr


def test_topics(run, cli, client, queue, name):  # noqa: F811
    topic = run("sns", "create-topic", "--name", name, "--attributes", "DisplayName=shop",
                "--tags", "Key=team,Value=a")["TopicArn"]
    at = ["--topic-arn", topic]
    try:
        shown = run("sns", "get-topic-attributes", *at)["Attributes"]
        assert (shown["DisplayName"], shown["SubscriptionsConfirmed"]) == ("shop", "0")
        made = run("sns", "subscribe", *at, "--protocol", "sqs", "--notification-endpoint", queue[1],
                   "--attributes", json.dumps({"FilterPolicy": '{"kind": ["order"]}'}),
                   "--return-subscription-arn")["SubscriptionArn"]
        run("sns", "set-subscription-attributes", "--subscription-arn", made, "--attribute-name",
            "RawMessageDelivery", "--attribute-value", "true")
        for kind in ("other", "order"):
            run("sns", "publish", *at, "--message", f"grüße & <{kind}>", "--message-attributes",
                json.dumps({"kind": {"DataType": "String", "StringValue": kind}}))
        message = received(client, queue)
        assert message["Body"] == "grüße & <order>"
        assert message["MessageAttributes"]["kind"]["StringValue"] == "order"
        batch = run("sns", "publish-batch", *at, "--publish-batch-request-entries", json.dumps([
            {"Id": "a", "Message": "one"}, {"Id": "b", "Message": ""}]))
        assert [each["Id"] for each in batch["Successful"]] == ["a"]
        assert [each["Id"] for each in batch["Failed"]] == ["b"]
        assert topic in [each["TopicArn"] for each in run("sns", "list-topics")["Topics"]]
        listed = run("sns", "list-subscriptions-by-topic", *at)["Subscriptions"]
        assert [each["SubscriptionArn"] for each in listed] == [made]
        run("sns", "tag-resource", "--resource-arn", topic, "--tags", "Key=more,Value=b")
        assert len(run("sns", "list-tags-for-resource", "--resource-arn", topic)["Tags"]) == 2
        run("sns", "unsubscribe", "--subscription-arn", made)
    finally:
        run("sns", "delete-topic", *at)
    refused(cli, "NotFound", "sns", "publish", *at, "--message", "late")


def test_ordered_topics(run, name):
    topic = run("sns", "create-topic", "--name", name + ".fifo", "--attributes",
                "FifoTopic=true,ContentBasedDeduplication=true")["TopicArn"]
    try:
        first, second = (run("sns", "publish", "--topic-arn", topic, "--message", "m",
                             "--message-group-id", "g") for _ in range(2))
        assert first == second and len(first["SequenceNumber"]) == 20
    finally:
        run("sns", "delete-topic", "--topic-arn", topic)


def test_buses(run, cli, client, queue, name):  # noqa: F811
    run("events", "create-event-bus", "--name", name)
    at = ["--event-bus-name", name]
    try:
        run("events", "put-rule", *at, "--name", "r", "--event-pattern",
            '{"source": ["shop"], "detail": {"n": [{"numeric": [">", 5]}]}}')
        put = run("events", "put-targets", *at, "--rule", "r", "--targets", json.dumps([{
            "Id": "q", "Arn": queue[1], "InputTransformer": {
                "InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"number <n>"'}}]))
        assert put["FailedEntryCount"] == 0
        put = run("events", "put-events", "--entries", json.dumps([
            {"EventBusName": name, "Source": "shop", "DetailType": "t",
             "Detail": json.dumps({"n": n})} for n in (3, 7)]))
        assert put["FailedEntryCount"] == 0 and len(put["Entries"]) == 2
        assert received(client, queue)["Body"] == '"number 7"'
        assert [each["Name"] for each in run("events", "list-rules", *at)["Rules"]] == ["r"]
        run("events", "disable-rule", *at, "--name", "r")
        assert run("events", "describe-rule", *at, "--name", "r")["State"] == "DISABLED"
        targets = run("events", "list-targets-by-rule", *at, "--rule", "r")["Targets"]
        assert [each["Id"] for each in targets] == ["q"]
        refused(cli, "InvalidEventPatternException", "events", "put-rule", *at, "--name", "s",
                "--event-pattern", "{}")
        assert run("events", "remove-targets", *at, "--rule", "r", "--ids", "q") == {
            "FailedEntryCount": 0, "FailedEntries": []}
        run("events", "delete-rule", *at, "--name", "r")
    finally:
        run("events", "delete-event-bus", "--name", name)
    refused(cli, "ResourceNotFoundException", "events", "describe-event-bus", "--name", name)


def test_schedules(run, cli, client, queue, role, name):  # noqa: F811
    run("scheduler", "create-schedule-group", "--name", name)
    target = json.dumps({"Arn": queue[1], "RoleArn": role, "Input": "due"})
    at = ["--group-name", name]
    try:
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        run("scheduler", "create-schedule", *at, "--name", "once", "--target", target,
            "--schedule-expression", f"at({due:%Y-%m-%dT%H:%M:%S})", "--flexible-time-window",
            "Mode=OFF")
        run("scheduler", "create-schedule", *at, "--name", "daily", "--target", target,
            "--schedule-expression", "rate(1 day)", "--flexible-time-window",
            "Mode=FLEXIBLE,MaximumWindowInMinutes=5")
        shown = run("scheduler", "get-schedule", *at, "--name", "daily")
        assert (shown["State"], shown["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
        assert received(client, queue)["Body"] == "due"
        run("scheduler", "update-schedule", *at, "--name", "daily", "--target", target,
            "--schedule-expression", "cron(0 2 ? * MON-FRI *)", "--schedule-expression-timezone",
            "Europe/Berlin", "--flexible-time-window", "Mode=OFF", "--state", "DISABLED")
        [listed] = run("scheduler", "list-schedules", *at, "--state", "DISABLED")["Schedules"]
        assert listed["Name"] == "daily" and listed["Target"] == {"Arn": queue[1]}
        run("scheduler", "delete-schedule", *at, "--name", "daily")
    finally:
        run("scheduler", "delete-schedule-group", "--name", name)
    refused(cli, "ResourceNotFoundException", "scheduler", "get-schedule", *at, "--name", "daily")

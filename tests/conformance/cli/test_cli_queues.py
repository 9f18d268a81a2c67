"""Queues with the AWS CLI, versions 1 and 2."""
import json
import subprocess
import uuid

import pytest
from test_cli import cli  # noqa: F401  (the fixture)


@pytest.fixture
def run(cli, endpoint):  # noqa: F811
    """run("send-message", ...): what `aws sqs` printed, as a value."""
    # Version 1 sends queries to the queue's URL, unless it is told where.
    more = ["--endpoint-url", endpoint] if endpoint and cli.version[0] == 1 else []

    def call(*arguments):
        said = cli.run("sqs", *arguments, *more, "--output", "json")
        return json.loads(said) if said.strip() else {}
    return call


@pytest.fixture
def url(run):
    made = run("create-queue", "--queue-name", "conformance-" + uuid.uuid4().hex[:12],
               "--attributes", "VisibilityTimeout=7", "--tags", "team=a")["QueueUrl"]
    yield made
    run("delete-queue", "--queue-url", made)


def test_a_message_comes_and_goes(run, url):
    sent = run("send-message", "--queue-url", url, "--message-body", "grüße",
               "--message-attributes", '{"n": {"DataType": "Number", "StringValue": "99.12"}}')
    assert sent["MD5OfMessageAttributes"]
    got = run("receive-message", "--queue-url", url, "--message-attribute-names", "All",
              "--attribute-names", "All", "--wait-time-seconds", "5")["Messages"][0]
    assert got["Body"] == "grüße" and got["MessageId"] == sent["MessageId"]
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    run("change-message-visibility", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"],
        "--visibility-timeout", "0")
    got = run("receive-message", "--queue-url", url)["Messages"][0]
    run("delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
    assert run("receive-message", "--queue-url", url) == {}


def test_batches(run, url):
    entries = [{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "\x01"}]
    sent = run("send-message-batch", "--queue-url", url, "--entries", json.dumps(entries))
    assert [one["Id"] for one in sent["Successful"]] == ["a"]
    assert sent["Failed"][0]["Id"] == "b" and sent["Failed"][0]["SenderFault"] is True


def test_settings(run, url):
    attributes = run("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")
    assert attributes["Attributes"]["VisibilityTimeout"] == "7"
    run("set-queue-attributes", "--queue-url", url, "--attributes", "DelaySeconds=3")
    assert run("get-queue-attributes", "--queue-url", url, "--attribute-names", "DelaySeconds")[
        "Attributes"] == {"DelaySeconds": "3"}
    assert run("list-queue-tags", "--queue-url", url)["Tags"] == {"team": "a"}
    name = url.rsplit("/", 1)[1]
    assert run("get-queue-url", "--queue-name", name)["QueueUrl"] == url
    assert url in run("list-queues", "--queue-name-prefix", name)["QueueUrls"]


def test_errors(cli, endpoint):  # noqa: F811
    more = ["--endpoint-url", endpoint] if endpoint and cli.version[0] == 1 else []
    run = subprocess.run(cli.command("sqs", "get-queue-url", "--queue-name", "no-such-queue", *more),
                         env=cli.environment, capture_output=True, text=True, timeout=120)
    assert run.returncode in (254, 255), run.stderr  # by the version of the CLI
    assert "(AWS.SimpleQueueService.NonExistentQueue)" in run.stderr, run.stderr

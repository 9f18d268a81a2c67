"""From a topic to queues: what comes there, its order of members, its signature."""
import base64
import json
import subprocess
import time
import uuid

import pytest
import requests

SECONDS = 20


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs, topic):
    """queue(topic, fifo=False, allowed=True) -> URL and ARN of a queue that the topic may send to."""
    made = []

    def create(topic_arn, fifo=False, allowed=True):
        name = "conformance-" + uuid.uuid4().hex[:12] + (".fifo" if fifo else "")
        url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})[
            "QueueUrl"]
        made.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"]
        if allowed:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
                "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage", "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}}}]})})
        return url, arn
    yield create
    for url in made:
        sqs.delete_queue(QueueUrl=url)


def receive(sqs, url, count=1):
    """So many messages, each deleted as it comes: one of a FIFO group holds back those behind it."""
    got, end = [], time.monotonic() + SECONDS
    while len(got) < count and time.monotonic() < end:
        came = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10,
                                   MessageAttributeNames=["All"], AttributeNames=["All"]).get(
                                       "Messages", [])
        for message in came:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        got += came
    assert len(got) == count, [message["Body"] for message in got]
    return got


def verify(notification, directory):
    """By the certificate that it names, as every client does."""
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    text = "".join(f"{name}\n{notification[name]}\n" for name in names if name in notification)
    certificate = requests.get(notification["SigningCertURL"], timeout=30)
    assert certificate.status_code == 200, certificate.text
    (directory / "certificate.pem").write_bytes(certificate.content)
    (directory / "signature").write_bytes(base64.b64decode(notification["Signature"]))
    (directory / "text").write_text(text)
    key = subprocess.run(["openssl", "x509", "-pubkey", "-noout", "-in", "certificate.pem"],
                         cwd=directory, check=True, capture_output=True).stdout
    (directory / "key.pem").write_bytes(key)
    digest = {"1": "-sha1", "2": "-sha256"}[notification["SignatureVersion"]]
    subprocess.run(["openssl", "dgst", digest, "-verify", "key.pem", "-signature", "signature",
                    "text"], cwd=directory, check=True, capture_output=True)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_notification(sns, sqs, topic, queue, tmp_path, version):
    arn = topic(SignatureVersion=version)
    url, to = queue(arn)
    subscription = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=to)["SubscriptionArn"]
    sent = sns.publish(TopicArn=arn, Message='häl<l>o "you"\n', Subject="s", MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "1"},
        "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}})
    [message] = receive(sqs, url)
    assert "MessageAttributes" not in message
    body = json.loads(message["Body"])
    assert list(body) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL", "UnsubscribeURL", "MessageAttributes"]
    assert body["MessageId"] == sent["MessageId"] != message["MessageId"]
    assert body["Message"] == 'häl<l>o "you"\n' and body["Type"] == "Notification"
    assert body["UnsubscribeURL"].endswith("?Action=Unsubscribe&SubscriptionArn=" + subscription)
    assert body["MessageAttributes"] == {"b": {"Type": "Binary", "Value": "AP8="},
                                         "n": {"Type": "Number", "Value": "1"}}
    verify(body, tmp_path)


def test_raw_and_filtered(sns, sqs, topic, queue):
    arn = topic()
    url, to = queue(arn)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=to, Attributes={
        "RawMessageDelivery": "true", "FilterPolicy": json.dumps({
            "n": [{"numeric": [">", 0, "<=", 100]}]})})
    for value in ("100.01", "99.12"):
        sns.publish(TopicArn=arn, Message=value, MessageAttributes={
            "n": {"DataType": "Number", "StringValue": value}})
    # boto3 checks the MD5s of body and attributes itself.
    [message] = receive(sqs, url)
    assert message["Body"] == "99.12"
    assert message["MessageAttributes"] == {"n": {"DataType": "Number", "StringValue": "99.12"}}


def test_fifo_to_fifo(sns, sqs, topic, queue):
    arn = topic(fifo=True)
    url, to = queue(arn, fifo=True)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=to)
    sent = [sns.publish(TopicArn=arn, Message=str(number), MessageGroupId="g",
                        MessageDeduplicationId=str(number)) for number in range(3)]
    sns.publish(TopicArn=arn, Message="0", MessageGroupId="g", MessageDeduplicationId="0")
    messages = receive(sqs, url, 3)
    bodies = [json.loads(message["Body"]) for message in messages]
    assert [body["Message"] for body in bodies] == ["0", "1", "2"]
    assert [body["SequenceNumber"] for body in bodies] == [each["SequenceNumber"] for each in sent]
    assert not any(name.startswith("Sign") for name in bodies[0])
    assert messages[1]["Attributes"]["MessageGroupId"] == "g"
    assert messages[1]["Attributes"]["MessageDeduplicationId"] == "1"


def test_a_queue_that_does_not_let_it(sns, sqs, topic, queue):
    arn = topic()
    url, to = queue(arn, allowed=False)
    dead_url, dead = queue(arn)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=to, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})})
    sent = sns.publish(TopicArn=arn, Message="m")
    [letter] = receive(sqs, dead_url)
    assert json.loads(letter["Body"])["MessageId"] == sent["MessageId"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)

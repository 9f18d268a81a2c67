"""Amazon SQS by boto3, in JSON."""
import json
import threading
import time
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from serving import Server


def refused(call, code, text=None):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert text is None or text in answer["Error"]["Message"], answer["Error"]
    return answer


def receive(sqs, url, wait=2, **more):
    return sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait, **more).get("Messages", [])


def bodies(messages):
    return [message["Body"] for message in messages]


def test_a_message_goes_round(sqs, queue):
    url = queue()
    sent = sqs.send_message(QueueUrl=url, MessageBody="häl<l>o & \n", MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "99.12"},
        "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}})
    assert "SequenceNumber" not in sent
    # boto3 checks the MD5s of body and attributes itself.
    [message] = receive(sqs, url, MessageAttributeNames=["All"],
                        MessageSystemAttributeNames=["All"])
    assert message["Body"] == "häl<l>o & \n" and message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"]["b"]["BinaryValue"] == b"\0\xff"
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert set(message["Attributes"]) >= {"SenderId", "SentTimestamp", "ApproximateReceiveCount",
                                          "ApproximateFirstReceiveTimestamp"}
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_empty_answers_leave_members_out(sqs, queue):
    url = queue()
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=uuid.uuid4().hex)
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}])
    assert "Failed" not in sent and "MD5OfMessageAttributes" not in sent["Successful"][0]
    [message] = receive(sqs, url)
    assert not {"Attributes", "MessageAttributes", "MD5OfMessageAttributes"} & set(message)


def test_a_missing_queue(sqs):
    url = sqs.meta.endpoint_url + "/000000000000/missing-" + uuid.uuid4().hex
    answer = refused(lambda: sqs.receive_message(QueueUrl=url),
                     "AWS.SimpleQueueService.NonExistentQueue",
                     "The specified queue does not exist.")
    assert answer["Error"]["QueryErrorCode"] == "QueueDoesNotExist"
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="missing-" + uuid.uuid4().hex)


def test_codes_and_words(sqs, queue):
    url = queue(MaximumMessageSize=1024)
    fifo = queue(fifo=True)
    refused(lambda: sqs.create_queue(QueueName=url.split("/")[-1],
                                     Attributes={"MaximumMessageSize": "2048"}),
            "QueueAlreadyExists", "different value for attribute MaximumMessageSize")
    refused(lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "ContentBasedDeduplication": "true"}), "InvalidAttributeName",
        "Unknown Attribute ContentBasedDeduplication.")
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody=""), "MissingParameter",
            "The request must contain the parameter MessageBody.")
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody="x" * 1025),
            "InvalidParameterValue", "Message must be shorter than 1024 bytes.")
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody="\1"), "InvalidMessageContents")
    refused(lambda: sqs.send_message(QueueUrl=fifo, MessageBody="x"), "MissingParameter",
            "MessageGroupId")
    refused(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21),
            "InvalidParameterValue",
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, "
            "if provided.")
    refused(lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="garbage"),
            "ReceiptHandleIsInvalid",
            'The input receipt handle "garbage" is not a valid receipt handle.')
    refused(lambda: sqs.send_message_batch(QueueUrl=url, Entries=[]),
            "AWS.SimpleQueueService.EmptyBatchRequest")
    refused(lambda: sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(i), "MessageBody": "x"} for i in range(11)]),
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
    refused(lambda: sqs.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": "a b", "ReceiptHandle": "x"}]), "AWS.SimpleQueueService.InvalidBatchEntryId")
    sqs.purge_queue(QueueUrl=url)
    answer = refused(lambda: sqs.purge_queue(QueueUrl=url),
                     "AWS.SimpleQueueService.PurgeQueueInProgress")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    refused(lambda: sqs.start_message_move_task(SourceArn=arn(sqs, url)), "InvalidParameterValue",
            "Source queue must be configured as a Dead Letter Queue.")
    answer = refused(lambda: sqs.start_message_move_task(SourceArn=arn(sqs, url) + "-not"),
                     "ResourceNotFoundException")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404


def arn(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"]


def test_a_mebibyte(sqs, queue):
    url = queue()
    body = "x" * (1 << 20)
    sqs.send_message(QueueUrl=url, MessageBody=body)
    [message] = receive(sqs, url)
    assert message["Body"] == body
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody=body + "x"),
            "InvalidParameterValue")
    escaped = '"' * (1 << 20)  # twice as long on the wire
    sqs.send_message(QueueUrl=url, MessageBody=escaped)
    assert receive(sqs, url)[0]["Body"] == escaped


def test_a_long_poll_is_woken(sqs, queue):
    url = queue()
    got = []
    poll = threading.Thread(target=lambda: got.extend(receive(sqs, url, wait=20)))
    begun = time.monotonic()
    poll.start()
    sqs.send_message(QueueUrl=url, MessageBody="now")
    poll.join(19)
    assert bodies(got) == ["now"] and time.monotonic() - begun < 15


@pytest.mark.lapwing  # on AWS it takes as long, too; here it is known to the millisecond
def test_a_long_poll_ends_and_what_falls_due_wakes_it(sqs, queue):
    url = queue()
    begun = time.monotonic()
    assert receive(sqs, url, wait=1) == []
    assert 1 <= time.monotonic() - begun < 10
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
    [message] = receive(sqs, url, wait=20, VisibilityTimeout=1)
    assert message["Body"] == "late"
    assert bodies(receive(sqs, url, wait=20)) == ["late"]


def test_fifo(sqs, queue):
    url = queue(fifo=True, ContentBasedDeduplication="true")
    for group, body in (("g1", "m1"), ("g2", "n1"), ("g1", "m2"), ("g1", "m2"), ("g1", "m3")):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    got = receive(sqs, url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
    assert bodies(got) == ["m1", "m2", "m3", "n1"]
    numbers = [message["Attributes"]["SequenceNumber"] for message in got[:3]]
    assert numbers == sorted(numbers) and all(len(number) == 20 for number in numbers)
    assert receive(sqs, url, wait=0) == []
    sqs.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": str(i), "ReceiptHandle": one["ReceiptHandle"]} for i, one in enumerate(got)])
    sqs.send_message(QueueUrl=url, MessageBody="m4", MessageGroupId="g1")
    assert bodies(receive(sqs, url)) == ["m4"]


def test_dead_letters_and_the_way_back(sqs, queue, arn_of):
    dead, source = queue(), queue(VisibilityTimeout=0)
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": "1"})})
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [source]
    sqs.send_message(QueueUrl=source, MessageBody="x")
    assert bodies(receive(sqs, source)) == ["x"]
    assert receive(sqs, source, wait=1) == []
    [message] = receive(sqs, dead, VisibilityTimeout=0, MessageSystemAttributeNames=["All"])
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(source)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.start_message_move_task(SourceArn=arn_of(dead))
    assert bodies(receive(sqs, source, wait=20)) == ["x"]
    until = time.monotonic() + 60
    while True:
        [task] = sqs.list_message_move_tasks(SourceArn=arn_of(dead))["Results"]
        if task["Status"] == "COMPLETED" or time.monotonic() > until:
            break
        time.sleep(0.05)  # between two looks
    assert task["Status"] == "COMPLETED" and "TaskHandle" not in task
    assert task["ApproximateNumberOfMessagesMoved"] == 1


def test_tags_permissions_pages(sqs, queue):
    url = queue()
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": ""})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": ""}
    account = url.split("/")[-2]
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[account], Actions=["SendMessage"])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])[
        "Attributes"]["Policy"])
    assert policy["Statement"][0]["Action"] == "SQS:SendMessage"
    sqs.remove_permission(QueueUrl=url, Label="l")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    prefix = url.split("/")[-1]
    pages = sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix=prefix, PaginationConfig={"PageSize": 1})
    assert [found for page in pages for found in page.get("QueueUrls", [])] == [url]


@pytest.mark.lapwing
def test_a_stop_ends_long_polls(tmp_path):
    server = Server(tmp_path / "data").start()
    sqs = boto3.client("sqs", endpoint_url=server.endpoint, region_name="us-east-1",
                       aws_access_key_id="test", aws_secret_access_key="test",
                       config=Config(retries={"max_attempts": 0}))
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    got = []
    polls = [threading.Thread(target=lambda: got.append(receive(sqs, url, wait=20)))
             for _ in range(3)]
    for poll in polls:
        poll.start()
    sqs.list_queues()
    assert server.stop() < 5
    for poll in polls:
        poll.join(10)
    # Those that had arrived were answered; one on its way may have found a closed door.
    assert all(answer == [] for answer in got)

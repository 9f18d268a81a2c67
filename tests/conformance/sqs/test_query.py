"""SQS as older clients speak it: query requests, made by hand, and the URLs of queues."""
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

pytestmark = pytest.mark.lapwing  # the endpoint's own credentials sign
SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture(scope="module")
def ask(endpoint):
    """ask(path, parameters) -> the answer; by POST, else by GET."""
    def send(path="/", parameters=None, method="POST", headers=None, data=None):
        parameters = {} if parameters is None else {"Version": "2012-11-05", **parameters}
        url, headers = endpoint + path, dict(headers or {})
        if method == "GET":
            url += "?" + urllib.parse.urlencode(parameters) if parameters else ""
        elif data is None:
            data = urllib.parse.urlencode(parameters)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        request = AWSRequest(method, url, data=data, headers=headers)
        SigV4Auth(Credentials("test", "test"), "sqs", "us-east-1").add_auth(request)
        return requests.request(method, url, data=data, headers=dict(request.headers), timeout=60)
    return send


def path_of(url):
    return urllib.parse.urlparse(url).path


def error_of(answer):
    root = ElementTree.fromstring(answer.content)
    assert root.tag == SPACE + "ErrorResponse", answer.text
    error = root.find(SPACE + "Error")
    return {child.tag.removeprefix(SPACE): child.text for child in error}


def test_sent_as_json_received_as_xml(sqs, queue, ask):
    url = queue()
    sent = sqs.send_message(QueueUrl=url, MessageBody="a <b> & c", MessageAttributes={
        "n": {"DataType": "String", "StringValue": "v"}})
    answer = ask(path_of(url), {"Action": "ReceiveMessage", "AttributeName.1": "All",
                                "MessageAttributeName.1": "All"}, "GET")
    assert answer.status_code == 200, answer.text
    result = ElementTree.fromstring(answer.content).find(SPACE + "ReceiveMessageResult")
    message = result.find(SPACE + "Message")
    assert message.find(SPACE + "Body").text == "a <b> & c"
    assert message.find(SPACE + "MessageId").text == sent["MessageId"]
    names = [one.find(SPACE + "Name").text for one in message.findall(SPACE + "Attribute")]
    assert "SentTimestamp" in names
    attribute = message.find(SPACE + "MessageAttribute")
    assert attribute.find(SPACE + "Name").text == "n"
    assert attribute.find(f"{SPACE}Value/{SPACE}StringValue").text == "v"
    assert attribute.find(f"{SPACE}Value/{SPACE}DataType").text == "String"
    handle = message.find(SPACE + "ReceiptHandle").text
    gone = ask(path_of(url), {"Action": "DeleteMessage", "ReceiptHandle": handle})
    assert gone.status_code == 200 and "<DeleteMessageResponse" in gone.text
    empty = ask(path_of(url), {"Action": "ReceiveMessage"}, "GET")
    assert re.search(r"<ReceiveMessageResult\s*/>|<ReceiveMessageResult></Rec", empty.text)


def test_create_send_and_batch(ask, sqs):
    answer = ask("/", {"Action": "CreateQueue", "QueueName": "by-query",
                       "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "0",
                       "Tag.1.Key": "k", "Tag.1.Value": "v"})
    url = ElementTree.fromstring(answer.content).find(
        f"{SPACE}CreateQueueResult/{SPACE}QueueUrl").text
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"k": "v"}
    listed = ask("/", {"Action": "ListQueueTags", "QueueUrl": url})
    tag = ElementTree.fromstring(listed.content).find(f"{SPACE}ListQueueTagsResult/{SPACE}Tag")
    assert tag.find(SPACE + "Key").text == "k"
    # The parameter beats the path.
    sent = ask("/000000000000/another", {
        "Action": "SendMessage", "QueueUrl": url, "MessageBody": "one",
        "MessageAttribute.1.Name": "attr1", "MessageAttribute.1.Value.DataType": "Number",
        "MessageAttribute.1.Value.StringValue": "99.12"})
    assert "d302007e9aa062660afc85fd0a482472" in sent.text
    batch = ask(path_of(url), {
        "Action": "SendMessageBatch",
        "SendMessageBatchRequestEntry.1.Id": "a",
        "SendMessageBatchRequestEntry.1.MessageBody": "two",
        "SendMessageBatchRequestEntry.2.Id": "b",
        "SendMessageBatchRequestEntry.2.MessageBody": "x\x01"})
    root = ElementTree.fromstring(batch.content).find(SPACE + "SendMessageBatchResult")
    assert root.find(f"{SPACE}SendMessageBatchResultEntry/{SPACE}Id").text == "a"
    failed = root.find(SPACE + "BatchResultErrorEntry")
    assert failed.find(SPACE + "Code").text == "InvalidMessageContents"
    assert failed.find(SPACE + "SenderFault").text == "true"
    shown = ask(path_of(url), {"Action": "GetQueueAttributes", "AttributeName.1": "All"}, "GET")
    assert "<Attribute><Name>ApproximateNumberOfMessages</Name><Value>2</Value></Attribute>" in \
        shown.text
    large = ask(path_of(url), {"Action": "SendMessage", "MessageBody": "%" * (1 << 20)})
    assert large.status_code == 200, large.text[:300]
    listed = ask("/", {"Action": "ListQueues", "QueueNamePrefix": "by-query"}, "GET")
    assert f"<QueueUrl>{url}</QueueUrl>" in listed.text
    ask(path_of(url), {"Action": "DeleteQueue"})


def test_errors(ask, queue):
    url = queue()
    missing = ask("/000000000000/missing", {"Action": "ReceiveMessage"}, "GET")
    assert missing.status_code == 400
    error = error_of(missing)
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Type"] == "Sender"
    assert error["Message"] == "The specified queue does not exist for this wsdl version."
    for action in ("CreateQueue", "ListQueues", "FooBar"):
        answer = ask(path_of(url), {"Action": action}, "GET")
        assert answer.status_code == 400
        assert error_of(answer)["Code"] == "InvalidAction"
        assert error_of(answer)["Message"] == \
            f"The action {action} is not valid for this endpoint."
    bare = ask(path_of(url), None, "GET", {"Accept": "application/json"})
    assert bare.status_code == 404 and "<UnknownOperationException/>" in bare.text
    lacking = ask(path_of(url), {"Action": "SendMessage"})
    assert error_of(lacking)["Code"] == "MissingParameter"
    assert error_of(lacking)["Message"] == "The request must contain the parameter MessageBody."


def test_json_to_the_queues_url(ask, queue):
    url = queue()
    answer = ask(path_of(url), data='{"QueueUrl":"%s","MessageBody":"x"}' % url, headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"})
    assert answer.status_code == 200 and answer.json()["MD5OfMessageBody"], answer.text
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"


def test_the_callers_host(ask, endpoint):
    port = endpoint.rsplit(":", 1)[1]
    answer = ask("/", data='{"QueueName":"hosted"}', headers={
        "Host": "localhost:" + port, "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AmazonSQS.CreateQueue"})
    assert answer.json()["QueueUrl"] == f"http://localhost:{port}/000000000000/hosted"
    other = ask("/", data='{"QueueUrl":"https://sqs.eu-west-1.example.com/000000000000/hosted"}',
                headers={"Content-Type": "application/x-amz-json-1.0",
                         "X-Amz-Target": "AmazonSQS.DeleteQueue"})
    assert other.status_code == 200, other.text

"""Whatever comes in, SQS answers 4xx in its protocol, changes nothing, and goes on."""
import json
import random

import pytest
import requests
from botocore.loaders import Loader
from botocore.model import ServiceModel

pytestmark = pytest.mark.lapwing
MODEL = ServiceModel(Loader().load_service_model("sqs", "service-2"))
DEEP = "[" * 5000 + "]" * 5000
SCALARS = [None, True, -1, 0, 1.5, 10 ** 30, "", "x", "\0", "\ud7ff", "é" * 300, "a" * 2000,
           [], {}, [None], {"x": None}, [[[]]], {"": {"": ""}}]


@pytest.fixture(scope="module")
def post(endpoint):
    session = requests.Session()

    def send(operation, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return session.post(endpoint, data=data, timeout=60, headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS." + operation,
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/"
                             "aws4_request, SignedHeaders=host, Signature=0"})
    return send


def valid(shape, url, depth=0):
    """Some value of a shape."""
    if shape.type_name == "structure":
        return {name: valid(member, url, depth + 1) for name, member in shape.members.items()
                if name in shape.required_members or depth == 0}
    if shape.type_name == "list":
        return [valid(shape.member, url, depth + 1)]
    if shape.type_name == "map":
        return {"k": valid(shape.value, url, depth + 1)}
    return {"integer": 1, "long": 1, "boolean": True, "blob": "AA=="}.get(shape.type_name, "x")


def is_refusal(answer):
    assert answer.status_code in (200, 400, 403, 404, 413, 501), (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert "__type" in answer.json(), answer.text


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_each_member_of_each_operation(post, queue, sqs, operation):
    url = queue()
    shape = MODEL.operation_model(operation).input_shape
    good = valid(shape, url)
    for name in shape.members:
        for bad in SCALARS:
            body = {**good, name: bad}
            if name != "QueueUrl" and "QueueUrl" in shape.members and operation != "DeleteQueue":
                body["QueueUrl"] = url
            if operation in ("CreateQueue",):
                body["QueueName"] = bad if name == "QueueName" else "no such name"
            is_refusal(post(operation, body))
    is_refusal(post(operation, {}))
    is_refusal(post(operation, {**good, "Unknown": 1}))
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_no_json(post, operation):
    for body in (b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b'{"QueueUrl":"\xff"}',
                 b'{"QueueUrl":' + DEEP.encode() + b"}", b"{}" * 2, b'{"QueueUrl":"' + b"x" * 900_000
                 + b'"}'):
        answer = post(operation, body)
        assert answer.status_code in (200, 400, 403, 404, 413), (answer.status_code, answer.text)


def test_random_entries(post, queue):
    """Batches whose entries are mixed of good and bad ones."""
    url, chosen = queue(), random.Random(11)
    for _ in range(200):
        entries = [{"Id": chosen.choice(SCALARS), "MessageBody": chosen.choice(SCALARS),
                    "DelaySeconds": chosen.choice(SCALARS), "ReceiptHandle": chosen.choice(SCALARS),
                    "MessageAttributes": chosen.choice(
                        [*SCALARS, {"a": {"DataType": chosen.choice(SCALARS),
                                          "StringValue": chosen.choice(SCALARS),
                                          "BinaryValue": chosen.choice(SCALARS)}}])}
                   for _ in range(chosen.randint(0, 4))]
        for operation in ("SendMessageBatch", "DeleteMessageBatch",
                          "ChangeMessageVisibilityBatch"):
            is_refusal(post(operation, {"QueueUrl": url, "Entries": entries}))

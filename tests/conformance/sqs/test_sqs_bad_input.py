"""Batches of good and bad entries: SQS answers each of them, and goes on. (What breaks the model is sent
in process: src/services/sqs/bad_input_test.cpp.)"""
import json
import random

import pytest
import requests

pytestmark = pytest.mark.lapwing
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


def is_refusal(answer):
    assert answer.status_code in (200, 400, 403, 404, 413, 501), (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert "__type" in answer.json(), answer.text


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

"""Queues through the AWS SDK for JavaScript v3: queues.mjs runs it, the findings are checked here."""
import json
import os
import shutil
import subprocess
import uuid

import pytest
from test_js import HERE, MODULES


@pytest.fixture(scope="module")
def found(endpoint):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if not (MODULES / "@aws-sdk/client-sqs").is_dir():
        pytest.skip("the SDK is not installed (tests/prepare.sh)")
    environment = {**os.environ, "LAPWING_NODE_MODULES": str(MODULES)}
    if endpoint:
        environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
                            "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"})
    run = subprocess.run(["node", str(HERE / "queues.mjs"), "conformance-" + uuid.uuid4().hex[:12]],
                         env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_messages(found):
    assert (found["body"], found["same"], found["bytes"]) == ("grüße", True, [0, 255])
    assert (found["visibility"], found["count"], found["empty"]) == ("7", "1", "absent")


def test_batches(found):
    assert found["batch"] == {"good": ["a"], "bad": [["b", True]]}


def test_fifo(found):
    assert found["ordered"] == ["1", "2"]


def test_errors_are_typed(found):
    assert found["gone"] == {"known": True, "name": "QueueDoesNotExist", "status": 400}

"""Topics, EventBridge and Scheduler through the AWS SDK for JavaScript v3: events.mjs runs them, the
findings are checked here."""
import json
import os
import shutil
import subprocess
import uuid

import pytest
from test_js import HERE, MODULES


@pytest.fixture(scope="module")
def found(endpoint, role):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if not (MODULES / "@aws-sdk/client-scheduler").is_dir():
        pytest.skip("the SDK is not installed (tests/prepare.sh)")
    environment = {**os.environ, "LAPWING_NODE_MODULES": str(MODULES)}
    if endpoint:
        environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
                            "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"})
    name = "conformance-" + uuid.uuid4().hex[:12]
    run = subprocess.run(["node", str(HERE / "events.mjs"), name, role], env=environment,
                         capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def gone(name, status):
    return {"known": True, "name": name, "status": status}


def test_topics(found):
    assert found["topics"] == {
        "display": "d", "tags": [{"Key": "team", "Value": "a"}], "body": "grüße & <co>",
        "bytes": [0, 255], "batch": {"good": ["a"], "bad": [["b", True]]}, "listed": True, "left": [],
        "gone": gone("NotFoundException", 404)}


def test_buses(found):
    assert found["buses"] == {
        "failed": 0, "sent": [1, "InvalidArgument"], "body": "number 7",
        "rule": ["ENABLED", "large"], "matches": True,
        "pattern": gone("InvalidEventPatternException", 400),
        "gone": gone("ResourceNotFoundException", 400)}


def test_schedules(found):
    assert found["schedules"] == {
        "shown": ["ENABLED", "Europe/Berlin",
                  {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}, True],
        "listed": ["once", "yearly"], "body": "due", "tags": [{"Key": "team", "Value": "a"}],
        "twice": gone("ConflictException", 409), "gone": gone("ResourceNotFoundException", 404)}

"""The AWS SDK for Go v2: queues.go runs it, the findings are checked here."""
import json
import os
import pathlib
import subprocess
import uuid

import pytest

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "build" / "go-clients" / "queues"


def test_queues(endpoint):
    if not PROGRAM.exists():
        pytest.skip("the SDK for Go is not there (tests/prepare.sh)")
    environment = dict(os.environ)
    if endpoint:
        environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
                            "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"})
    run = subprocess.run([PROGRAM, "conformance-" + uuid.uuid4().hex[:12]], env=environment,
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {"body": "grüße", "bytes": 2, "count": "1", "good": "a",
                                      "bad": "b", "gone": True}

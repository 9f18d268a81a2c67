"""The AWS SDK for Java v2: Queues.java runs it, the findings are checked here."""
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

HERE = pathlib.Path(__file__).resolve().parent
JARS = HERE.parents[2] / "build" / "java-clients"


def test_queues(endpoint):
    if not shutil.which("java") or not list(JARS.glob("sqs-*.jar")):
        pytest.skip("the SDK for Java is not there (tests/prepare.sh)")
    environment, arguments = dict(os.environ), ["conformance-" + uuid.uuid4().hex[:12]]
    if endpoint:
        environment.update({"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any",
                            "AWS_SECRET_ACCESS_KEY": "any"})
        arguments.append(endpoint)
    run = subprocess.run(["java", "-cp", f"{JARS}/*", str(HERE / "Queues.java"), *arguments],
                         env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "body true", "bytes 2", "empty true", "batch a b",
        "gone AWS.SimpleQueueService.NonExistentQueue"]

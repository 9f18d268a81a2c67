"""IAM and STS through the AWS SDK for JavaScript v3: identity.mjs runs it, the findings are checked
here."""
import json
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MODULES = pathlib.Path(os.environ.get("LAPWING_NODE_MODULES")
                       or HERE.parents[2] / "build" / "node" / "node_modules")


@pytest.fixture(scope="module")
def name():
    return "conformance-js-" + uuid.uuid4().hex[:12]


@pytest.fixture(scope="module")
def found(endpoint, name):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if not (MODULES / "@aws-sdk/client-iam").is_dir():
        pytest.skip("the SDK is not installed (tests/prepare.sh)")
    environment = {**os.environ, "LAPWING_NODE_MODULES": str(MODULES)}
    if endpoint:
        environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
                            "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"})
    run = subprocess.run(["node", str(HERE / "identity.mjs"), name], env=environment,
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_role(found, name):
    assert found["waited"] == "SUCCESS"
    assert (found["role"]["id"], found["role"]["tag"], found["role"]["made"]) == (True, "ü", True)
    assert json.loads(found["role"]["trust"])["Statement"][0]["Action"] == "sts:AssumeRole"
    assert found["attached"] == [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
    assert name in found["pages"] and len(set(found["pages"])) == len(found["pages"])


def test_errors_are_typed(found, name):
    assert found["conflict"] == {"known": True, "status": 409, "message":
                                 "Cannot delete entity, must detach all policies first."}
    assert found["gone"] == {"known": True,
                             "message": f"The role with name {name} cannot be found."}


def test_a_user_signs(found, against_aws):
    if against_aws:
        pytest.skip("a new key takes AWS some seconds")
    assert found["who"] and found["expires"]

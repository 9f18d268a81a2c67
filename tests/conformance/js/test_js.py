"""The AWS SDK for JavaScript v3: conformance.mjs runs it, the findings are checked here."""
import base64
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from functions import package

HERE = pathlib.Path(__file__).resolve().parent
MODULES = HERE.parents[2] / "build" / "node" / "node_modules"
APP = '''exports.handler = async (event) => {
  if (event.fail) throw new RangeError("on purpose");
  console.log("spoken", event.text);
  return { text: event.text, key: process.env.KEY };
};
exports.streaming = awslambda.streamifyResponse(async (event, stream) => {
  stream.write(event.text);
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (event.fail) throw new RangeError("on purpose");
  stream.end("end");
});
'''


@pytest.fixture(scope="module")
def found(endpoint, role, lam, tmp_path_factory):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if not (MODULES / "@aws-sdk/client-lambda").is_dir():
        pytest.skip("the SDK is not installed (tests/prepare.sh)")
    code = tmp_path_factory.mktemp("js") / "function.zip"
    code.write_bytes(package({"app.js": APP}))
    environment = {**os.environ, "LAPWING_NODE_MODULES": str(MODULES)}
    if endpoint:
        environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
                            "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"})
    try:
        run = subprocess.run(["node", str(HERE / "conformance.mjs"), str(code), role],
                             env=environment, capture_output=True, text=True, timeout=120)
    finally:
        try:
            lam.delete_function(FunctionName="conformance-js")
        except lam.exceptions.ResourceNotFoundException:
            pass
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_life(found):
    assert found["identity"].isdigit()
    assert (found["created"], found["waited"], found["updated"]) == ("Pending", "SUCCESS",
                                                                     "SUCCESS")
    assert "conformance-js" in found["pages"] and len(set(found["pages"])) == len(found["pages"])


def test_invocation(found):
    assert found["answer"] == {"text": "ü", "key": "välue"}
    assert found["version"] == "$LATEST"
    assert "\tINFO\tspoken ü\n" in found["tail"] and "REPORT RequestId: " in found["tail"]
    assert found["functionError"] == "Unhandled"
    assert (found["error"]["errorType"], found["error"]["errorMessage"]) == ("RangeError",
                                                                             "on purpose")


def test_streaming(found):
    got = found["streamed"]
    assert (got["status"], got["version"]) == (200, "$LATEST")
    assert got["type"] == "application/vnd.amazon.eventstream"
    assert got["events"][:-1] == ["ü", "end"]
    complete = got["events"][-1]["InvokeComplete"]
    assert set(complete) == {"LogResult"}
    assert "REPORT RequestId: " in base64.b64decode(complete["LogResult"]).decode()
    *chunks, last = found["streamedError"]["events"]
    assert chunks == ["begun"]
    assert last["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(last["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "on purpose"


def test_log(found):
    assert len(found["log"]) == 1 and found["log"][0].endswith("\tINFO\tspoken ü\n")


def test_errors_are_typed(found):
    gone = found["gone"]
    assert gone["known"] is True and gone["name"] == "ResourceNotFoundException"
    assert gone["status"] == 404 and gone["message"].startswith("Function not found: arn:aws:lambda")

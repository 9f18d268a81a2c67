"""AWS's own runtime clients that stream their responses, through InvokeWithResponseStream."""

import json
import os
import shutil
import subprocess

import boto3
import pytest
from botocore.config import Config
from test_official import HERE, ROOT
from test_served import Cli, pack, pack_node, serving

NODE_APP = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (!process.argv.some((argument) => argument.includes('aws-lambda-ric'))) throw 'not official';
  if (event.do === 'early') throw new RangeError('on purpose');
  if (event.do === 'http') {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  }
  for (const piece of event.pieces) {
    stream.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (event.do === 'fail') throw new RangeError('on purpose');
  stream.end();
});
"""
PIECES = ["Hello", "serverless", "world"]
BUILD_SECONDS = 300


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture(scope="module")
def stream(endpoint):
    """stream(name, event): (chunks, the InvokeComplete event)"""
    client = boto3.client("lambda", endpoint_url=endpoint, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test",
                          config=Config(retries={"max_attempts": 0}))

    def call(name, **event):
        answer = client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event))
        *chunks, complete = answer["EventStream"]
        return [c["PayloadChunk"]["Payload"] for c in chunks], complete["InvokeComplete"]
    return call


def error_of(complete):
    assert complete["ErrorCode"] == "Unhandled", complete
    return json.loads(complete["ErrorDetails"])


def test_node(endpoint, stream, tmp_path):
    pack_node(tmp_path / "package", NODE_APP, tmp_path / "function.zip")
    Cli(endpoint).deploy("streamed-node", tmp_path / "function.zip", "nodejs20.x", "app.handler",
                         variables={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"})
    assert stream("streamed-node", pieces=PIECES) == ([p.encode() for p in PIECES], {})
    chunks, complete = stream("streamed-node", do="http", pieces=["body"])
    assert (b"".join(chunks), complete) == (b'{"statusCode":201}' + bytes(8) + b"body", {})
    chunks, complete = stream("streamed-node", do="fail", pieces=["begun"])
    assert chunks == [b"begun"]
    assert error_of(complete)["errorMessage"] == "on purpose"
    chunks, complete = stream("streamed-node", do="early")
    assert chunks == []
    assert error_of(complete)["errorMessage"] == "on purpose"


@pytest.fixture(scope="module")
def go(endpoint, tmp_path_factory):
    if not shutil.which("go"):
        pytest.skip("go is not installed")
    package = tmp_path_factory.mktemp("go")
    target = ROOT / "build/official/go/bootstrap"
    run = subprocess.run(
        ["go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", str(target), "."],
        cwd=HERE / "go", env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True,
        timeout=BUILD_SECONDS)
    assert run.returncode == 0, run.stderr
    (package / "content").mkdir()
    shutil.copy(target, package / "content")
    pack(package / "content", package / "function.zip")
    Cli(endpoint).deploy("streamed-go", package / "function.zip", "provided.al2023", "any")
    return "streamed-go"


def test_go(stream, go):
    assert stream(go, pieces=PIECES) == ([p.encode() for p in PIECES], {})
    chunks, complete = stream(go, do="http", pieces=["body"])
    prelude, body = b"".join(chunks).split(bytes(8))
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"x-own": "yes"}}
    assert (body, complete) == (b"body", {})
    chunks, complete = stream(go, do="buffered", pieces=PIECES)
    assert (json.loads(b"".join(chunks)), complete) == (PIECES, {})


def test_go_failures(stream, go):
    chunks, complete = stream(go, do="early")
    assert chunks == []
    assert error_of(complete) == {"errorMessage": "on purpose", "errorType": "errorString"}
    chunks, complete = stream(go, do="fail", pieces=["begun"])
    assert chunks == [b"begun"]
    assert error_of(complete) == {"errorMessage": "on purpose", "errorType": "errorString"}
    chunks, complete = stream(go, do="panic", pieces=["begun"])
    assert chunks == [b"begun"]
    assert error_of(complete)["errorType"] == "Runtime.ExitError"
    assert stream(go, pieces=["well again"]) == ([b"well again"], {})

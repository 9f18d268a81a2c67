"""InvokeWithResponseStream through boto3: what a function streams, how it ends, in which words."""
import base64
import json
import re
import time

import pytest
from botocore.exceptions import ClientError

MIB = 1 << 20
NODE = '''
const { pipeline } = require('stream/promises');
const { Readable } = require('stream');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  switch (event.do) {
    case 'pieces':
      for (const piece of event.pieces) {
        stream.write(piece);
        await pause(event.pause ?? 0);
      }
      if (event.time) stream.write(String(Date.now() / 1000));
      break;
    case 'log':
      console.log('spoken', event.text);
      stream.write('said');
      break;
    case 'http':
      stream = awslambda.HttpResponseStream.from(stream, {
        statusCode: 201, headers: { 'x-own': 'yes' }, cookies: ['a=b'] });
      stream.write('body');
      break;
    case 'bytes':
      await pipeline(Readable.from((function* () {
        const piece = Buffer.alloc(65536, 'x');
        for (let left = event.bytes; left > 0; left -= piece.length) {
          yield left < piece.length ? piece.subarray(0, left) : piece;
        }
      })()), stream);
      return;
    case 'early':
      throw new RangeError('before the first byte');
    case 'midway':
      stream.write('begun');
      await pause(20);
      throw new RangeError('midway ' + 'm'.repeat(event.size ?? 0));
    case 'unfinished':
      stream.write('begun');
      return;
    case 'exit':
      stream.write('begun');
      await pause(100);
      process.exit(3);
    case 'hang':
      stream.write('begun');
      await pause(60000);
      break;
  }
  stream.end();
});
'''
PYTHON = '''
def handler(event, context):
    if event.get("raise"):
        raise ValueError(event["raise"])
    return event["text"] * event.get("times", 1)
'''
# A runtime of our own whose response is what a coprocess writes, as it writes it.
SHELL = '''#!/bin/bash
set -u
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
stream() {
    curl -sS -X POST -H 'Lambda-Runtime-Function-Response-Mode: streaming' \\
        -H 'Transfer-Encoding: chunked' -H 'Content-Type: text/plain' -H 'Expect:' -T - \\
        "$api/invocation/$id/response" >&2
}
while :; do
    event=$(curl -sS -D /tmp/head "$api/invocation/next")
    id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\\([^[:space:]]*\\).*/\\1/p' /tmp/head)
    case $event in
    *slow*) (printf one; sleep 0.2; printf two; sleep 0.2; printf three) | stream ;;
    *break*) exec 3<>/dev/tcp/169.254.100.1/9001
        printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: a\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nbegun\\r\\n' "$id" >&3
        case $event in
        *close*) exec 3>&- ;;
        *malformed*) printf 'nonsense\\r\\n' >&3; head -1 <&3 >&2; exec 3>&- ;;
        *trailers*) printf '0\\r\\nX-Long: %s\\r\\n\\r\\n' "$(printf '%0600000d' 0)" >&3
            head -1 <&3 >&2; exec 3>&- ;;
        *twice*) curl -sS -X POST -d again "$api/invocation/$id/response" >&2
            printf '0\\r\\n\\r\\n' >&3; head -1 <&3 >&2; exec 3>&- ;;
        esac ;;
    esac
done
'''


class Stream:
    """A response taken to its end."""

    def __init__(self, answer):
        self.answer = answer
        self.chunks = []
        self.complete = None
        for event in answer["EventStream"]:
            assert self.complete is None, "an event after InvokeComplete"
            assert len(event) == 1
            if "PayloadChunk" in event:
                self.chunks.append(event["PayloadChunk"]["Payload"])
            else:
                self.complete = event["InvokeComplete"]
        assert self.complete is not None, "no InvokeComplete"

    @property
    def body(self):
        return b"".join(self.chunks)

    @property
    def error(self):
        assert self.complete["ErrorCode"] == "Unhandled", self.complete
        return json.loads(self.complete["ErrorDetails"])

    @property
    def request_id(self):
        return self.answer["ResponseMetadata"]["RequestId"]


@pytest.fixture(scope="module")
def node(deploy):
    return deploy(NODE, "nodejs20.x", Timeout=20, MemorySize=256)


@pytest.fixture(scope="module")
def shell(deploy):
    return deploy(SHELL, "provided.al2023", handler="any", Timeout=20, MemorySize=256)


@pytest.fixture(scope="module")
def python(deploy):
    return deploy(PYTHON, Timeout=20, MemorySize=256)


@pytest.fixture(scope="module")
def stream(lam):
    def call(name, event, **more):
        return Stream(lam.invoke_with_response_stream(
            FunctionName=name, Payload=json.dumps(event), **more))
    return call


def test_pieces(stream, node):
    got = stream(node, {"do": "pieces", "pieces": ["Hello", "serverless", "world"], "pause": 50})
    assert got.chunks == [b"Hello", b"serverless", b"world"]
    assert got.complete == {}
    answer = got.answer
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["transfer-encoding"] == "chunked"
    assert re.fullmatch(r"[0-9a-f-]{36}", got.request_id)


@pytest.mark.lapwing  # the clocks of both sides are compared
def test_pieces_arrive_before_the_function_ends(lam, node):
    answer = lam.invoke_with_response_stream(FunctionName=node, Payload=json.dumps(
        {"do": "pieces", "pieces": ["first", "second"], "pause": 1000, "time": True}))
    events = iter(answer["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"first"
    seen = time.time()
    rest = b"".join(e["PayloadChunk"]["Payload"] for e in events if "PayloadChunk" in e)
    assert rest.startswith(b"second") and seen < float(rest[len("second"):])


def test_nothing_written(stream, node):
    got = stream(node, {"do": "pieces", "pieces": []})
    assert got.chunks == [] and got.complete == {}


def test_http_prelude_passes_through(stream, node):
    got = stream(node, {"do": "http"})
    prelude, body = got.body.split(bytes(8))
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"x-own": "yes"},
                                   "cookies": ["a=b"]}
    assert body == b"body" and got.complete == {}


def test_tail(stream, node):
    got = stream(node, {"do": "log", "text": "ü"}, LogType="Tail")
    assert got.body == b"said" and set(got.complete) == {"LogResult"}
    log = base64.b64decode(got.complete["LogResult"]).decode()
    assert f"START RequestId: {got.request_id}" in log
    assert "\tINFO\tspoken ü\n" in log and f"REPORT RequestId: {got.request_id}\t" in log


def test_tail_of_a_failure(stream, node):
    got = stream(node, {"do": "midway"}, LogType="Tail")
    assert set(got.complete) == {"ErrorCode", "ErrorDetails", "LogResult"}
    assert "RangeError: midway" in base64.b64decode(got.complete["LogResult"]).decode()


def test_runtime_done_tells_of_the_response(stream, deploy):
    name = deploy(NODE, "nodejs20.x", Timeout=20, MemorySize=256,
                  LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})
    got = stream(name, {"do": "pieces", "pieces": ["Hello", "world"], "pause": 100},
                 LogType="Tail")
    assert got.body == b"Helloworld"
    log = base64.b64decode(got.complete["LogResult"]).decode().splitlines()
    record = next(json.loads(line)["record"] for line in log if "platform.runtimeDone" in line)
    assert record["status"] == "success" and record["metrics"]["producedBytes"] == 10
    latency, duration, overhead = record["spans"]
    assert [span["name"] for span in record["spans"]] == ["responseLatency", "responseDuration",
                                                          "runtimeOverhead"]
    assert duration["durationMs"] >= 150
    assert record["metrics"]["durationMs"] >= latency["durationMs"] + duration["durationMs"]


def test_error_before_the_first_byte(stream, node):
    got = stream(node, {"do": "early"})
    assert got.chunks == []
    assert (got.error["errorType"], got.error["errorMessage"]) == ("RangeError",
                                                                   "before the first byte")


@pytest.mark.parametrize("size", [0, 50_000])
def test_error_midway(stream, node, size):
    got = stream(node, {"do": "midway", "size": size})
    assert got.body == b"begun"
    assert got.error["errorType"] == "RangeError"
    assert got.error["errorMessage"] == "midway " + "m" * size
    assert got.error["trace"]


def test_a_stream_that_is_not_finished(stream, node):
    got = stream(node, {"do": "unfinished"})
    assert got.body == b"begun"
    assert got.error["errorMessage"] == "Response stream is not finished."


def test_crash_midway(stream, node):
    got = stream(node, {"do": "exit"}, LogType="Tail")
    assert got.body == b"begun"
    assert got.error == {"errorType": "Runtime.ExitError", "errorMessage":
                         f"RequestId: {got.request_id} Error: Runtime exited with error: "
                         "exit status 3"}
    log = base64.b64decode(got.complete["LogResult"]).decode()
    assert "Status: error\tError Type: Runtime.ExitError" in log
    assert stream(node, {"do": "pieces", "pieces": ["well again"]}).body == b"well again"


def test_timeout_midway(stream, deploy):
    name = deploy(NODE, "nodejs20.x", Timeout=1, MemorySize=256)
    got = stream(name, {"do": "hang"})
    assert got.body == b"begun"
    assert got.error == {"errorType": "Sandbox.Timedout", "errorMessage":
                         f"RequestId: {got.request_id} Error: Task timed out after 1.00 seconds"}
    assert stream(name, {"do": "pieces", "pieces": ["well again"]}).body == b"well again"


def test_a_function_that_does_not_stream(stream, python):
    got = stream(python, {"text": "ü"})
    assert got.body == b'"\\u00fc"' and got.complete == {}
    large = stream(python, {"text": "x", "times": 5 * MIB})
    assert large.body == b'"' + b"x" * (5 * MIB) + b'"' and large.complete == {}
    failed = stream(python, {"raise": "on purpose"})
    assert failed.chunks == []
    assert (failed.error["errorType"], failed.error["errorMessage"]) == ("ValueError", "on purpose")
    beyond_six = stream(python, {"text": "x", "times": 7 * MIB})
    assert len(beyond_six.body) == 7 * MIB + 2 and beyond_six.complete == {}


def test_invoke_gathers_a_stream(lam, node):
    answer = lam.invoke(FunctionName=node, Payload=json.dumps(
        {"do": "pieces", "pieces": ["one ", "two"], "pause": 10}))
    assert answer["Payload"].read() == b"one two" and "FunctionError" not in answer
    answer = lam.invoke(FunctionName=node, Payload=json.dumps({"do": "midway"}))
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorMessage"] == "midway "
    answer = lam.invoke(FunctionName=node, Payload=json.dumps({"do": "bytes", "bytes": 5 * MIB}))
    assert answer["Payload"].read() == b"x" * (5 * MIB)
    answer = lam.invoke(FunctionName=node, Payload=json.dumps({"do": "bytes", "bytes": 7 * MIB}))
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {
        "errorType": "Function.ResponseSizeTooLarge", "errorMessage":
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}


def test_beyond_six_mib_at_two_mib_a_second(stream, node):
    begun = time.monotonic()
    got = stream(node, {"do": "bytes", "bytes": 9 * MIB})
    assert len(got.body) == 9 * MIB and got.complete == {}
    assert time.monotonic() - begun >= 1.4


def test_own_runtime(stream, shell):
    got = stream(shell, {"do": "slow"})
    assert got.chunks == [b"one", b"two", b"three"] and got.complete == {}


@pytest.mark.lapwing  # hands of a runtime that AWS's recordings do not show
@pytest.mark.parametrize("how", ["close", "malformed", "trailers"])
def test_own_runtime_breaks_off(stream, shell, how):
    got = stream(shell, {"do": "break", "how": how})
    assert got.body == b"begun"
    assert got.error["errorType"] == "Runtime.TruncatedResponse"
    assert stream(shell, {"do": "slow"}).body == b"onetwothree"


@pytest.mark.lapwing
def test_own_runtime_answers_twice(stream, shell):
    got = stream(shell, {"do": "break", "how": "twice"}, LogType="Tail")
    assert got.body == b"begun" and "ErrorCode" not in got.complete
    log = base64.b64decode(got.complete["LogResult"]).decode()
    assert "InvalidStateTransition" in log and "202 Accepted" in log


def test_dry_run(lam, node):
    answer = lam.invoke_with_response_stream(FunctionName=node, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert "ExecutedVersion" not in answer


def refused(lam, **call):
    with pytest.raises(ClientError) as error:
        lam.invoke_with_response_stream(**call)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], \
        response["Error"]["Message"]


def test_refusals_come_before_the_stream(lam, node):
    status, code, message = refused(lam, FunctionName="nowhere")
    assert (status, code) == (404, "ResourceNotFoundException")
    assert re.fullmatch(r"Function not found: arn:aws:lambda:[^:]+:\d{12}:function:nowhere",
                        message)
    status, code, message = refused(lam, FunctionName=node, Payload=b"{")
    assert (status, code) == (400, "InvalidRequestContentException")
    status, code, message = refused(lam, FunctionName=node, InvocationType="Event")
    assert (status, code) == (400, "ValidationException")
    assert message.startswith("1 validation error detected: Value 'Event' at 'invocationType' "
                              "failed to satisfy constraint: Member must satisfy enum value set: ")
    status, code, _ = refused(lam, FunctionName=node, Payload=b'"' + b"x" * (6 * MIB) + b'"')
    assert status == 413

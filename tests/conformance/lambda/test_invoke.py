"""Invoke through boto3: payloads, headers, limits, what comes back and in which words."""
import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

MIB = 1 << 20
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
APP = '''
import json, os, sys, time
count = 0

def handler(event, context):
    global count
    count += 1
    do = event.get("do") if isinstance(event, dict) else None
    if do == "context":
        return {"name": context.function_name, "version": context.function_version,
                "arn": context.invoked_function_arn, "id": context.aws_request_id,
                "memory": int(context.memory_limit_in_mb),
                "group": context.log_group_name, "stream": context.log_stream_name,
                "left": context.get_remaining_time_in_millis(),
                "client": context.client_context and {
                    "custom": context.client_context.custom, "env": context.client_context.env}}
    if do == "environment":
        return dict(os.environ)
    if do == "big":
        return "x" * event["size"]
    if do == "print":
        print(event["text"])
        return None
    if do == "count":
        return count
    if do == "size":
        return len(event["text"])
    if do == "meet":
        time.sleep(event["seconds"])
        return os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
    return event
'''


@pytest.fixture(scope="module")
def echo(deploy):
    return deploy(APP, Environment={"Variables": {"OWN": "välue"}}, MemorySize=512)


@pytest.fixture(scope="module")
def invoke(lam, echo):
    def call(payload=None, name=echo, **more):
        if payload is not None:
            more["Payload"] = payload if isinstance(payload, bytes) else json.dumps(payload)
        answer = lam.invoke(FunctionName=name, **more)
        answer["body"] = answer["Payload"].read()
        return answer
    return call


def refused(call, code, status, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    return answer["Error"]["Message"]


@pytest.mark.parametrize("payload", [
    b'{"a": [1, 2.5, null, true, "\xc3\xbc\\u00e9"]}', b"[]", b'"text"', b"0", b"null", b"false",
    b'{"deep": ' + b"[" * 50 + b"]" * 50 + b"}", b' {"blanks" : 1}\n'])
def test_payloads_come_back(invoke, payload):
    answer = invoke(payload)
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer and "LogResult" not in answer
    assert json.loads(answer["body"]) == json.loads(payload)


def test_no_payload_is_an_empty_object(invoke):
    assert invoke()["body"] == b"{}"


def test_no_payload_reaches_every_runtime_as_one(lam, deploy):
    """A custom runtime sees the bytes themselves."""
    name = deploy('''#!/bin/bash
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while id=$(curl -s -D - -o /tmp/event "$api/next" |
    sed -n 's/^lambda-runtime-aws-request-id: *//Ip' | tr -d '\\r'); do
  curl -s -o /dev/null -d "[$(stat -c %s /tmp/event), $(cat /tmp/event)]" "$api/$id/response"
done
''', runtime="provided.al2023", handler="none")
    assert lam.invoke(FunctionName=name)["Payload"].read() == b"[2, {}]"
    assert lam.invoke(FunctionName=name, Payload=b"0")["Payload"].read() == b"[1, 0]"


def test_handler_that_returns_nothing(invoke):
    assert invoke({"do": "print", "text": "said"})["body"] == b"null"


def test_request_id_is_the_functions(invoke):
    answer = invoke({"do": "context"})
    said = json.loads(answer["body"])
    assert answer["ResponseMetadata"]["RequestId"] == said["id"]
    assert re.fullmatch(UUID, said["id"])


def test_context(invoke, lam, echo):
    about = lam.get_function_configuration(FunctionName=echo)
    said = json.loads(invoke({"do": "context"})["body"])
    assert (said["name"], said["version"], said["memory"]) == (echo, "$LATEST", 512)
    assert said["arn"] == about["FunctionArn"]
    assert said["group"] == "/aws/lambda/" + echo
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", said["stream"])
    assert 0 < said["left"] <= 30_000 and said["client"] is None
    qualified = json.loads(invoke({"do": "context"}, Qualifier="$LATEST")["body"])
    assert qualified["arn"] == about["FunctionArn"] + ":$LATEST"


def test_client_context(invoke, lam, echo):
    given = {"custom": {"k": "v"}, "env": {"locale": "en"}}
    encoded = base64.b64encode(json.dumps(given).encode()).decode()
    assert json.loads(invoke({"do": "context"}, ClientContext=encoded)["body"])["client"] == given
    refused(lam.invoke, "InvalidRequestContentException", 400, FunctionName=echo,
            ClientContext="not base64!")


def test_environment(invoke, echo):
    has = json.loads(invoke({"do": "environment"})["body"])
    assert has["OWN"] == "välue"
    for name, value in {
            "_HANDLER": "app.handler", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": echo, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
            "LAMBDA_RUNTIME_DIR": "/var/runtime", "TZ": ":UTC",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + echo}.items():
        assert has[name] == value, name
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                 "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API"):
        assert has[name], name


@pytest.mark.lapwing
def test_nothing_of_the_host_in_the_environment(invoke):
    has = json.loads(invoke({"do": "environment"})["body"])
    for name in ("HOME", "USER", "LOGNAME", "LAPWING_BINARY", "SSH_CONNECTION"):
        assert name not in has
    assert has["AWS_ENDPOINT_URL"].startswith("http://")


def test_environment_is_used_again(invoke, deploy):
    """An answer may reach the client a moment before the environment is idle again, so that a
    second one may come to be; most invocations find one that has served before."""
    own = deploy(APP)
    counts = [int(invoke({"do": "count"}, name=own)["body"]) for _ in range(10)]
    assert max(counts) >= 4, counts


def test_several_at_once(invoke):
    with ThreadPoolExecutor(4) as pool:
        streams = list(pool.map(
            lambda _: invoke({"do": "meet", "seconds": 0.5})["body"], range(4)))
    assert len(set(streams)) == 4  # an environment serves one at a time


def test_dry_run(lam, echo):
    answer = lam.invoke(FunctionName=echo, InvocationType="DryRun", Payload=b"{}")
    assert answer["StatusCode"] == 204 and answer["Payload"].read() == b""


def test_tail(invoke):
    answer = invoke({"do": "print", "text": "a line\nand \u00fc"}, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    rid = answer["ResponseMetadata"]["RequestId"]
    lines = log.splitlines()
    start = lines.index(f"START RequestId: {rid} Version: $LATEST")
    assert lines[start + 1:start + 4] == ["a line", "and \u00fc", f"END RequestId: {rid}"]
    assert re.fullmatch(
        rf"REPORT RequestId: {rid}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 512 MB\tMax Memory Used: \d+ MB\t(Init Duration: \d+\.\d\d ms\t)?",
        lines[start + 4])
    assert len(lines) == start + 5


def test_tail_keeps_the_last_4_kb(invoke):
    answer = invoke({"do": "print", "text": "y" * 10_000 + "end"}, LogType="Tail")
    log = base64.b64decode(answer["LogResult"])
    assert len(log) == 4096 and b"yend\n" in log and b"REPORT RequestId" in log


def test_largest_request(invoke):
    frame = b'{"do":"size","text":"'
    room = 6 * MIB - len(frame) - 2
    assert invoke(frame + b"x" * room + b'"}')["body"] == str(room).encode()


def test_too_large_request(lam, echo):
    message = refused(lam.invoke, "RequestTooLargeException", 413, FunctionName=echo,
                      Payload=b'"' + b"x" * (6 * MIB - 1) + b'"')
    assert message == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"


def test_largest_response(invoke):
    answer = invoke({"do": "big", "size": 6 * MIB - 2})
    assert "FunctionError" not in answer and len(answer["body"]) == 6 * MIB


def test_too_large_response(invoke):
    answer = invoke({"do": "big", "size": 6 * MIB + 200})
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    said = json.loads(answer["body"])
    assert said["errorType"] == "Function.ResponseSizeTooLarge"
    assert re.fullmatch(r"Response payload size( \(\d+ bytes\))? exceeded maximum allowed payload "
                        r"size \(6291556 bytes\)\.", said["errorMessage"])
    assert json.loads(invoke({"after": 1})["body"]) == {"after": 1}


@pytest.mark.parametrize("payload, jackson", [
    (b"{", "Unexpected end-of-input: expected close marker for Object"),
    (b"nope", "Unrecognized token 'nope': was expecting"),
    (b'{"a":}', "Unexpected character ('}' (code 125)): expected a value"),
    (b'{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon"),
])
def test_invalid_json(lam, echo, payload, jackson):
    message = refused(lam.invoke, "InvalidRequestContentException", 400, FunctionName=echo,
                      Payload=payload)
    assert message.startswith("Could not parse request body into json: Could not parse payload "
                              "into json: " + jackson)
    assert re.search(r"\n at \[Source: .*line: 1, column: \d+\]$", message, re.S)


def test_invalid_headers(lam, client, echo):
    unchecked = client("lambda", parameter_validation=False)
    message = refused(unchecked.invoke, "ValidationException", 400, FunctionName=echo,
                      InvocationType="Never")
    assert message.startswith("1 validation error detected: Value 'Never' at 'invocationType' "
                              "failed to satisfy constraint: Member must satisfy enum value set: ")
    refused(unchecked.invoke, "ValidationException", 400, FunctionName=echo, LogType="Head")

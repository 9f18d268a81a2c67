"""Functions that fail, in every way and runtime: what the caller is told, what the log says,
and that the next invocation is served."""
import base64
import json
import re
import sys

import pytest
from interpreters import by_version
from waiting import eventually

INTERPRETERS = by_version()

PYTHON = '''
import ctypes, json, os, signal, sys, time

class Own(Exception):
    pass

def handler(event, context):
    do = event.get("do")
    if do == "raise":
        raise Own("on purpose \\u00fc")
    if do == "exit":
        sys.exit(event["status"])
    if do == "_exit":
        os._exit(event["status"])
    if do == "signal":
        os.kill(os.getpid(), event["number"])
        time.sleep(60)
    if do == "hang":
        time.sleep(60)
    if do == "memory":
        held = bytearray(1 << 30)
        for i in range(0, len(held), 4096):
            held[i] = 1
    if do == "unserialisable":
        return {"a": object()}
    return {"ok": event}
'''
NODE = '''
exports.handler = async (event, context) => {
  switch (event.do) {
    case "raise": { const e = new RangeError("on purpose ü"); throw e; }
    case "string": throw "only text";
    case "uncaught": setImmediate(() => { throw new TypeError("later"); });
      return new Promise(() => {});
    case "exit": process.exit(event.status);
    case "hang": return new Promise((done) => setTimeout(done, 60000));
    case "signal": process.kill(process.pid, event.name);
      return new Promise((done) => setTimeout(done, 60000));
    case "memory": { const held = []; for (;;) held.push(Buffer.alloc(1 << 24, 1)); }
    case "unserialisable": { const a = {}; a.a = a; return a; }
  }
  return { ok: event };
};
'''
SHELL = '''#!/bin/sh
set -eu
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while :; do
    event=$(curl -sS -D /tmp/head "$api/invocation/next")
    id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\\([^[:space:]]*\\).*/\\1/p' /tmp/head)
    case $event in
    *'"exit"'*) exit 7 ;;
    *'"raise"'*) curl -sS -X POST -H 'Lambda-Runtime-Function-Error-Type: Own.Kind' \\
        -d '{"errorType":"Own.Kind","errorMessage":"on purpose"}' "$api/invocation/$id/error" >&2 ;;
    *) curl -sS -X POST -d "{\\"ok\\":$event}" "$api/invocation/$id/response" >/dev/null ;;
    esac
done
'''


@pytest.fixture(scope="module")
def python(deploy):
    return deploy(PYTHON, Timeout=1, MemorySize=128)


@pytest.fixture(scope="module")
def node(deploy):
    return deploy(NODE, "nodejs20.x", Timeout=1, MemorySize=128)


@pytest.fixture(scope="module")
def fails(lam):
    """fails(name, event) -> (error document, request id, tail of the log)"""
    def call(name, event, serves_on=True):
        answer = lam.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        body = answer["Payload"].read()
        assert answer["StatusCode"] == 200
        assert answer.get("FunctionError") == "Unhandled", body
        log = base64.b64decode(answer["LogResult"]).decode(errors="replace")
        if serves_on:
            after = lam.invoke(FunctionName=name, Payload=b'{"after": 1}')
            assert json.loads(after["Payload"].read()) == {"ok": {"after": 1}}
        return json.loads(body), answer["ResponseMetadata"]["RequestId"], log
    return call


def platform_error(kind, rid, text):
    return {"errorType": kind, "errorMessage": f"RequestId: {rid} Error: {text}"}


def test_python_exception(fails, python):
    said, rid, log = fails(python, {"do": "raise"})
    assert (said["errorType"], said["errorMessage"]) == ("Own", "on purpose \u00fc")
    assert said["requestId"] == rid
    assert said["stackTrace"][-1].startswith('  File "/var/task/app.py", line 10, in handler\n')
    assert "[ERROR] Own: on purpose \u00fc\u2028Traceback" in log or \
        "[ERROR] Own: on purpose \u00fc\nTraceback" in log
    assert f"END RequestId: {rid}" in log


def test_python_unserialisable(fails, python):
    said, _, _ = fails(python, {"do": "unserialisable"})
    assert said["errorType"] == "Runtime.MarshalError"
    assert said["errorMessage"] == \
        "Unable to marshal response: Object of type object is not JSON serializable"


@pytest.mark.parametrize("event, text", [
    ({"do": "_exit", "status": 0}, "Runtime exited without providing a reason"),
    ({"do": "_exit", "status": 3}, "Runtime exited with error: exit status 3"),
    ({"do": "exit", "status": 1}, "Runtime exited with error: exit status 1"),
    ({"do": "signal", "number": 11}, "Runtime exited with error: signal: segmentation fault"),
    ({"do": "signal", "number": 9}, "Runtime exited with error: signal: killed"),
], ids=str)
def test_python_ends(fails, python, event, text):
    said, rid, log = fails(python, event)
    assert said == platform_error("Runtime.ExitError", rid, text)
    assert re.search(rf"REPORT RequestId: {rid}\t.*\tStatus: error\tError Type: Runtime\.ExitError",
                     log)


@pytest.mark.parametrize("name", ["python", "node"])
def test_timeout(fails, request, name):
    said, rid, log = fails(request.getfixturevalue(name), {"do": "hang"})
    assert said == platform_error("Sandbox.Timedout", rid, "Task timed out after 1.00 seconds")
    report = re.search(rf"REPORT RequestId: {rid}\tDuration: ([\d.]+) ms\t.*\tStatus: timeout", log)
    assert report and 1000 <= float(report.group(1)) < 1500


@pytest.mark.parametrize("name", ["python", "node"])
def test_out_of_memory(fails, request, name, lam, waited):
    function = request.getfixturevalue(name)
    lam.update_function_configuration(FunctionName=function, Timeout=20)
    waited(function)
    try:
        said, rid, log = fails(function, {"do": "memory"})
    finally:
        lam.update_function_configuration(FunctionName=function, Timeout=1)
        waited(function)
    assert said == platform_error("Runtime.OutOfMemory", rid,
                                  "Runtime exited with error: signal: killed")
    assert re.search(r"Max Memory Used: 12[5-8] MB\t.*Error Type: Runtime\.OutOfMemory", log), log


def test_node_exception(fails, node):
    said, _, log = fails(node, {"do": "raise"})
    assert (said["errorType"], said["errorMessage"]) == ("RangeError", "on purpose ü")
    assert said["trace"][0] == "RangeError: on purpose ü"
    assert any("/var/task/app.js" in line for line in said["trace"])
    assert "\tERROR\tInvoke Error" in log


def test_node_throws_text(fails, node):
    said, _, _ = fails(node, {"do": "string"})
    assert said["errorMessage"] == "only text"


def test_node_uncaught(fails, node):
    said, rid, log = fails(node, {"do": "uncaught"})
    assert said["errorType"] == "Runtime.ExitError" or said["errorMessage"] == "later"
    assert "later" in log


def test_node_ends(fails, node):
    said, rid, _ = fails(node, {"do": "exit", "status": 5})
    assert said == platform_error("Runtime.ExitError", rid,
                                  "Runtime exited with error: exit status 5")
    said, rid, _ = fails(node, {"do": "signal", "name": "SIGKILL"})
    assert said == platform_error("Runtime.ExitError", rid,
                                  "Runtime exited with error: signal: killed")


def test_node_unserialisable(fails, node):
    said, _, _ = fails(node, {"do": "unserialisable"})
    assert said["errorMessage"] == "Unable to stringify response body"


@pytest.mark.parametrize("runtime, files, handler, kind, message", [
    ("python3.11", {"app.py": "x = 1"}, "app.handler", "Runtime.HandlerNotFound",
     "Handler 'handler' missing on module 'app'"),
    ("python3.11", {"app.py": "x = 1"}, "other.handler", "Runtime.ImportModuleError",
     "Unable to import module 'other': No module named 'other'"),
    ("python3.11", {"app.py": "import nowhere"}, "app.handler", "Runtime.ImportModuleError",
     "Unable to import module 'app': No module named 'nowhere'"),
    ("python3.11", {"app.py": "def handler(:"}, "app.handler", "Runtime.UserCodeSyntaxError",
     re.compile(r"^Syntax error in module 'app': invalid syntax.* \(app\.py, line 1\)")),
    ("python3.11", {"app.py": "x = 1"}, "app", "Runtime.MalformedHandlerName",
     "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
    ("python3.11", {"app.py": "raise ValueError('at load')"}, "app.handler", "ValueError",
     "at load"),
    ("nodejs20.x", {"app.js": "exports.x = 1"}, "app.handler", "Runtime.HandlerNotFound",
     "app.handler is undefined or not exported"),
    ("nodejs20.x", {"app.js": "exports.x = 1"}, "other.handler", "Runtime.ImportModuleError",
     re.compile("^Error: Cannot find module 'other'")),
    ("nodejs20.x", {"app.js": "exports.handler = (;"}, "app.handler",
     "Runtime.UserCodeSyntaxError", re.compile("^SyntaxError: ")),
    ("nodejs20.x", {"app.js": "throw new RangeError('at load')"}, "app.handler", "RangeError",
     "at load"),
], ids=lambda v: v if isinstance(v, str) and v.startswith(("python", "nodejs", "Runtime")) else "")
def test_cannot_start(fails, deploy, runtime, files, handler, kind, message):
    said, rid, log = fails(deploy(files, runtime, handler=handler), {}, serves_on=False)
    assert said["errorType"] == kind, said
    if isinstance(message, str):
        assert said["errorMessage"] == message
    else:
        assert message.search(said["errorMessage"]), said
    assert f"REPORT RequestId: {rid}" in log


def test_no_bootstrap(fails, deploy):
    said, rid, _ = fails(deploy({"app.py": "x"}, "provided.al2023"), {}, serves_on=False)
    assert said["errorType"] == "Runtime.InvalidEntrypoint"
    assert said["errorMessage"] == f"RequestId: {rid} Error: Couldn't find valid bootstrap(s): " \
        "[/var/task/bootstrap /opt/bootstrap]"


def test_load_exits(fails, deploy):
    said, rid, log = fails(deploy("import os\nos._exit(4)"), {}, serves_on=False)
    assert said == platform_error("Runtime.ExitError", rid,
                                  "Runtime exited with error: exit status 4")
    assert re.search(r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\t"
                     r"Error Type: Runtime\.ExitError", log) or "Phase: invoke" in log


def test_provided(fails, deploy, lam):
    own = deploy(SHELL, "provided.al2023", handler="any", Timeout=10)
    answer = lam.invoke(FunctionName=own, Payload=b'{"a":1}')
    assert json.loads(answer["Payload"].read()) == {"ok": {"a": 1}}
    said, _, _ = fails(own, {"do": "raise"})
    assert said == {"errorType": "Own.Kind", "errorMessage": "on purpose"}
    said, rid, _ = fails(own, {"do": "exit"})
    assert said == platform_error("Runtime.ExitError", rid,
                                  "Runtime exited with error: exit status 7")


@pytest.mark.lapwing
@pytest.mark.parametrize("version", INTERPRETERS["python"], ids=lambda v: "{}.{}".format(*v))
def test_python_versions(deploy, lam, log_of, version):
    runtime = "python{}.{}".format(*version)
    own = deploy("import sys, json, ssl, sqlite3\ndef handler(e, c):\n"
                 "    return list(sys.version_info[:2])\n", runtime, MemorySize=256)
    answer = lam.invoke(FunctionName=own)
    assert json.loads(answer["Payload"].read()) == list(version), answer
    init = next(line for line in log_of(own) if line.startswith("INIT_START"))
    assert re.fullmatch(r"INIT_START Runtime Version: python:{}\.{}\S*\tRuntime Version ARN: "
                        r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{{64}}\n?".format(*version),
                        init), init


@pytest.mark.lapwing
def test_nearest_version_serves_and_says_so(deploy, lam, log_of):
    missing = next(v for v in ((3, 14), (3, 15), (3, 10)) if v not in INTERPRETERS["python"])
    own = deploy("import sys\ndef handler(e, c):\n    return sys.version_info[1]\n",
                 "python{}.{}".format(*missing))
    served = json.loads(lam.invoke(FunctionName=own)["Payload"].read())
    assert (3, served) in INTERPRETERS["python"]
    init = next(line for line in log_of(own) if line.startswith("INIT_START"))
    assert "\tNote: " in init and f"3.{served}" in init


@pytest.mark.parametrize("files, handler", [
    ({"app.mjs": "export const handler = async (e) => ({ ok: e });"}, "app.handler"),
    ({"package.json": '{"type": "module"}',
      "app.js": "const one = await Promise.resolve(1);\n"
                "export const handler = async (e) => ({ ok: e, one });"}, "app.handler"),
    ({"app.cjs": "exports.handler = (e, c, done) => done(null, { ok: e });"}, "app.handler"),
    ({"deep/app.js": "exports.a = { b: async (e) => ({ ok: e }) };"}, "deep/app.a.b"),
], ids=["mjs", "esm-await", "callback", "nested"])
def test_node_shapes(deploy, lam, files, handler):
    answer = lam.invoke(FunctionName=deploy(files, "nodejs20.x", handler=handler),
                        Payload=b'{"a":1}')
    assert json.loads(answer["Payload"].read())["ok"] == {"a": 1}


def test_calls_back(deploy, lam):
    """From inside a function, with the credentials it is given: who am I?"""
    import botocore
    import pathlib
    files = {}
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
        module = __import__(name)
        origin = pathlib.Path(module.__file__)
        parts = [origin] if origin.name != "__init__.py" else origin.parent.rglob("*")
        base = origin.parent if origin.name != "__init__.py" else origin.parent.parent
        for part in parts:
            relative = part.relative_to(base)
            if part.suffix in (".py", ".json", ".gz") and (
                    "data" not in relative.parts or relative.parts[:2] != ("botocore", "data")
                    or len(relative.parts) == 3 or relative.parts[2] in ("sts", "lambda")):
                files[str(relative)] = part.read_bytes()
    assert botocore
    files["app.py"] = '''
import boto3
def handler(event, context):
    who = boto3.client("sts").get_caller_identity()
    me = boto3.client("lambda").get_function_configuration(FunctionName=context.function_name)
    return {"arn": who["Arn"], "account": who["Account"], "me": me["FunctionName"]}
'''
    own = deploy(files, "python{}.{}".format(*sys.version_info[:2]), MemorySize=512)
    answer = lam.invoke(FunctionName=own, LogType="Tail")
    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    assert re.fullmatch(r"arn:aws:sts::\d{12}:assumed-role/[^/]+/" + own, said["arn"])
    assert said["me"] == own


def test_log_lines(deploy, lam, log_of):
    own = deploy("print('loading')\ndef handler(e, c):\n    print('said')\n", MemorySize=128)
    rid = lam.invoke(FunctionName=own)["ResponseMetadata"]["RequestId"]
    lines = eventually(lambda: (lambda found: found if len(found) >= 6 else None)(
        log_of(own)))
    kinds = [line.split(" ")[0].rstrip("\n") for line in lines]
    assert kinds == ["INIT_START", "loading", "START", "said", "END", "REPORT"]
    assert lines[2] == f"START RequestId: {rid} Version: $LATEST\n"
    assert lines[4] == f"END RequestId: {rid}\n"
    assert re.fullmatch(
        rf"REPORT RequestId: {rid}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n", lines[5])


def test_json_log(deploy, lam, log_of):
    own = deploy("import logging\ndef handler(e, c):\n    logging.getLogger().warning('said %s', 1)\n",
                 LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO",
                                "SystemLogLevel": "DEBUG"})
    rid = lam.invoke(FunctionName=own)["ResponseMetadata"]["RequestId"]
    lines = eventually(lambda: (lambda found: found if found and '"platform.report"' in found[-1]
                                else None)(log_of(own)))
    records = [json.loads(line) for line in lines]
    kinds = [r.get("type", "function") for r in records]
    assert kinds == ["platform.initStart", "platform.initRuntimeDone", "platform.initReport",
                     "platform.start", "function", "platform.runtimeDone", "platform.report"]
    said = records[4]
    assert (said["level"], said["message"], said["requestId"]) == ("WARNING", "said 1", rid)
    report = records[6]["record"]
    assert report["requestId"] == rid and report["status"] == "success"
    assert report["metrics"]["memorySizeMB"] == 128
    assert records[5]["record"]["status"] == "success"

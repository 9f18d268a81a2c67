"""The Python bootstrap against a mock Runtime API, with every Python 3.6+ of this machine: what is
Python's alone. What all languages have in common is in runtimes/testing/test_contract.py."""

import json
import re

import pytest
from languages import PYTHON, PYTHON_BOOTSTRAP
from mock_runtime_api import ARN

NBSP = "\u00a0"
ECHO = PYTHON.echo


def test_event_that_is_not_json_stays_bytes(start):
    source = "def handler(event, context): return [type(event).__name__, event.decode()]"
    with start(source) as env:
        answer = env.invoke(raw=b"a,b", headers={"Content-Type": "text/csv"})
        assert answer.json() == ["bytes", "a,b"]


def test_context(start):
    source = """
import os
def handler(event, context):
    c = context
    return dict(
        id=c.aws_request_id, name=c.function_name, version=c.function_version,
        arn=c.invoked_function_arn, memory=c.memory_limit_in_mb, group=c.log_group_name,
        stream=c.log_stream_name, left=c.get_remaining_time_in_millis(),
        identity=c.identity.cognito_identity_id, pool=c.identity.cognito_identity_pool_id,
        client=c.client_context and [c.client_context.custom, c.client_context.env,
                                     c.client_context.client.app_title],
        tenant=c.tenant_id, trace=os.environ.get("_X_AMZN_TRACE_ID"),
        private=[k for k in os.environ if "LAPWING" in k],
    )
"""
    with start(source) as env:
        answer = env.invoke({}, headers={
            "Lambda-Runtime-Client-Context": json.dumps(
                {"custom": {"a": "ü"}, "env": {"b": 1}, "client": {"app_title": "T"}}),
            "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
            "Lambda-Runtime-Aws-Tenant-Id": "blue",
        })
        got = answer.json()
        assert 0 < got.pop("left") <= 30000
        assert got == {
            "id": answer.request_id, "name": "under-test", "version": "$LATEST", "arn": ARN,
            "memory": "128", "group": "/aws/lambda/under-test",
            "stream": "2026/01/02/[$LATEST]0123456789abcdef", "identity": "i", "pool": "p",
            "client": [{"a": "ü"}, {"b": 1}, "T"], "tenant": "blue",
            "trace": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0", "private": [],
        }
        plain = env.invoke({}, headers={"Lambda-Runtime-Trace-Id": ""}).json()
        assert plain["client"] is None and plain["identity"] is None
        assert plain["tenant"] is None and plain["trace"] is None


@pytest.mark.parametrize("handler", ["pkg.sub.app.handler", "pkg/sub/app.handler"])
def test_nested_handlers(start, handler):
    files = {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/app.py": ECHO}
    with start("", files=files, handler=handler) as env:
        assert env.invoke(1).json() == {"got": 1}


def test_own_modules_win_over_the_runtime(start):
    files = {"api.py": "X = 'mine'", "codec.py": "X = 'mine too'"}
    source = "import api, codec, sys\ndef handler(e, c): return [api.X, codec.X, sys.path[:4]]"
    with start(source, files=files) as env:
        version = env.variables["AWS_EXECUTION_ENV"].replace("AWS_Lambda_", "")
        assert env.invoke(1).json() == ["mine", "mine too", [
            env.task_root, "/opt/python/lib/{}/site-packages".format(version), "/opt/python",
            str(PYTHON_BOOTSTRAP.parent)]]


def test_results(start, version):
    source = """
import collections, decimal
P = collections.namedtuple("P", "x y")
def handler(event, context):
    return eval(event)
"""
    cases = {
        "None": "null",
        "3": "3",
        "'ü'": '"ü"' if version >= (3, 12) else '"\\u00fc"',
        "(1, 2)": "[1, 2]",
        "{1: 2}": '{"1": 2}',
        "float('nan')": "NaN",
        "decimal.Decimal('1.10')": "1.10",
        "decimal.Decimal('nan')": "NaN",
        "{'a': [decimal.Decimal('123456789012345678901234567890')]}":
            '{"a": [123456789012345678901234567890]}',
        "[P(1, P(2, 3))]": '[{"x": 1, "y": {"x": 2, "y": 3}}]',
        "{'a': b'text'}": '{"a": "text"}',
    }
    with start(source) as env:
        for expression, text in cases.items():
            assert env.invoke(expression).body.decode() == text, expression
        answer = env.invoke("b'\\x00raw\\xff'")
        assert answer.body == b"\x00raw\xff"
        assert answer.headers["content-type"] == "application/unknown"


@pytest.mark.parametrize("expression, message", [
    ("{1, 2}", "Object of type set is not JSON serializable"),
    ("(i for i in [])", "Object of type generator is not JSON serializable"),
    ("object()", "Object of type object is not JSON serializable"),
    ("loop", "Circular reference detected"),
    ("b'\\xff'[:0] or {'a': b'\\xff'}",
     "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
])
def test_results_that_are_not_json(start, expression, message):
    source = "loop = []; loop.append(loop)\ndef handler(event, context): return eval(event)"
    with start(source) as env:
        answer = env.invoke(expression)
        assert answer.kind == "error"
        assert answer.json() == {
            "errorMessage": "Unable to marshal response: " + message,
            "errorType": "Runtime.MarshalError", "requestId": answer.request_id, "stackTrace": [],
        }
        assert answer.headers["lambda-runtime-function-error-type"] == "Runtime.MarshalError"


def test_a_result_that_failed_leaves_nothing_behind(start):
    source = """
bad = {"inside": [{(1, 2): 3}]}
def handler(event, context):
    if event:
        bad["inside"] = [[], {}]
    return bad
"""
    with start(source) as env:
        for _ in range(2):
            assert "keys must be" in env.invoke(0).json()["errorMessage"]
        assert env.invoke(1).json() == {"inside": [[], {}]}


@pytest.mark.parametrize("name", ["encode", "iterencode"])
def test_an_encoder_that_a_function_patched_is_used(start, name):
    source = """
import json
usual = json.JSONEncoder.{0}
def patched(self, value, **options):
    text = usual(self, {{"patched": value}}, **options)
    return text
json.JSONEncoder.{0} = patched
def handler(event, context):
    return event
""".format(name)
    with start(source) as env:
        for n in range(2):
            assert env.invoke({"n": n}).json() == {"patched": {"n": n}}


def test_coroutine_is_not_a_result(start):
    with start("async def handler(event, context): return 1") as env:
        message = env.invoke(1).json()["errorMessage"]
        assert message == (
            "Unable to marshal response: Object of type coroutine is not JSON serializable")


RAISES = """\
class Odd(Exception):
    pass

def deeper(text):
    raise Odd(text)

def handler(event, context):
    deeper(event)
"""


def test_exception(start):
    with start(RAISES) as env:
        answer = env.invoke("no\nluck ü")
        file = env.task_root + "/app.py"
        stack = [
            '  File "{}", line 8, in handler\n    deeper(event)\n'.format(file),
            '  File "{}", line 5, in deeper\n    raise Odd(text)\n'.format(file),
        ]
        assert answer.kind == "error"
        assert list(answer.json().items()) == [
            ("errorMessage", "no\nluck ü"), ("errorType", "Odd"),
            ("requestId", answer.request_id), ("stackTrace", stack)]
        cause = json.loads(answer.headers["lambda-runtime-function-xray-error-cause"])
        assert cause["working_directory"] == env.task_root
        assert cause["paths"] == [file]
        assert cause["exceptions"] == [{"message": "no\nluck ü", "type": "Odd", "stack": [
            {"label": "handler", "path": file, "line": 8},
            {"label": "deeper", "path": file, "line": 5}]}]
        assert answer.headers["lambda-runtime-function-error-type"] == "Odd"
        assert answer.printed == "\r".join([
            "[ERROR] Odd: no\nluck ü", "Traceback (most recent call last):",
            '{0}{0}File "{1}", line 8, in handler'.format(NBSP, file),
            "{0}deeper(event)".format(NBSP * 4),
            '{0}{0}File "{1}", line 5, in deeper'.format(NBSP, file),
            "{0}raise Odd(text)\n".format(NBSP * 4)])
        assert env.invoke("again").kind == "error"


def test_exception_without_text(start):
    with start("def handler(e, c): raise ValueError") as env:
        answer = env.invoke(1)
        assert answer.json()["errorMessage"] == ""
        assert answer.printed.startswith("[ERROR] ValueError\rTraceback")


def test_exception_whose_text_cannot_be_had(start):
    source = """
class Bad(Exception):
    def __str__(self): raise RuntimeError
def handler(e, c): raise Bad
"""
    with start(source) as env:
        assert env.invoke(1).json()["errorType"] == "Bad"
        assert env.invoke(1).json()["errorType"] == "Bad"


def test_huge_error_cause_is_left_out(start):
    with start("def handler(e, c): raise ValueError('x' * 200000)") as env:
        answer = env.invoke(1)
        assert len(answer.json()["errorMessage"]) == 200000
        assert "lambda-runtime-function-xray-error-cause" not in answer.headers


INIT_FAULTS = {
    "import": ("import absent_module", "app.handler", "Runtime.ImportModuleError",
               "Unable to import module 'app': No module named 'absent_module'"),
    "module": ("", "nowhere.handler", "Runtime.ImportModuleError",
               "Unable to import module 'nowhere': No module named 'nowhere'"),
    "function": ("", "app.nothing", "Runtime.HandlerNotFound",
                 "Handler 'nothing' missing on module 'app'"),
    "name": ("", "app", "Runtime.MalformedHandlerName",
             "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
    "builtin": ("", "sys.handler", "Runtime.BuiltInModuleConflict",
                "Cannot use built-in module sys as a handler module"),
}


@pytest.mark.parametrize("case", INIT_FAULTS)
@pytest.mark.parametrize("over", ["fd", "pipes", "tcp", "standby"])
def test_init_faults(start, case, over):
    source, handler, kind, message = INIT_FAULTS[case]
    with start(source, handler=handler, over=over) as env:
        answer = env.invoke(1)
        assert answer.kind == "init_error"
        assert answer.json() == {
            "errorMessage": message, "errorType": kind, "requestId": "", "stackTrace": []}
        assert answer.headers["lambda-runtime-function-error-type"] == kind
        assert answer.printed == "[ERROR] {}: {}\rTraceback (most recent call last):\n".format(
            kind, message)
        assert env.wait() == 1


def test_syntax_error(start):
    with start("def handler(:\n  pass\n") as env:
        answer = env.invoke(1).json()
        assert answer["errorType"] == "Runtime.UserCodeSyntaxError"
        assert re.fullmatch(r"Syntax error in module 'app': .+ \(app\.py, line 1\)",
                            answer["errorMessage"])
        assert answer["stackTrace"] == [
            '  File "{}/app.py" Line 1\n    def handler(:\n'.format(env.task_root)]
        assert env.wait() == 1


def test_exception_while_importing(start):
    with start("def f():\n    raise KeyError('k')\nf()\n") as env:
        answer = env.invoke(1)
        body = answer.json()
        assert answer.kind == "init_error" and env.wait() == 1
        assert (body["errorType"], body["errorMessage"], body["requestId"]) == (
            "KeyError", "'k'", "")
        assert "lapwing_runtime" not in "".join(body["stackTrace"])
        assert body["stackTrace"][-1] == (
            '  File "{}/app.py", line 2, in f\n    raise KeyError(\'k\')\n'.format(env.task_root))


def test_started_before_its_function_is_known(start):
    files = {"random.py": "name = 'mine'", "helpers/__init__.py": "def help(): return 'helped'"}
    source = """
import os, random, sys, time
from helpers import help
def handler(e, c):
    return [os.environ.get("MINE"), sorted(k for k in os.environ if k.startswith("_LAPWING")),
            getattr(random, "name", "the standard one"), help(), os.getcwd(), time.tzname[0],
            c.function_name]
"""
    env = {"MINE": "x=y", "TZ": "Etc/GMT-5"}
    with start(source, files, over="standby", env=env) as e:
        got = e.invoke(1).json()
        assert got == ["x=y", [], "mine", "helped", e.task_root, "+05", "under-test"]


def test_a_result_that_prints_when_freed(start):
    source = "class Result(dict):\n    def __del__(self): print('freed')\n"
    source += "def handler(e, c): return Result(a=e)"
    with start(source) as env:
        answer = env.invoke(1)
        assert answer.json() == {"a": 1}
        assert answer.printed == "freed\n"


LOGS = """
import logging
logging.getLogger().setLevel("INFO")
log = logging.getLogger("my.log")
def handler(event, context):
    log.debug("no")
    log.info("hello %s", event)
    log.warning({"a": event}, extra={"cart": 7})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("caught\\nhere")
    context.log("as it is")
"""
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def test_logging_as_text(start):
    with start(LOGS) as env:
        answer = env.invoke("you")
        lines = answer.printed.split("\n")
        id = answer.request_id
        assert re.fullmatch(r"\[INFO\]\t{}\t{}\thello you".format(STAMP, id), lines[0])
        assert re.fullmatch(r"\[WARNING\]\t{}\t{}\t\{{'a': 'you'\}}".format(STAMP, id), lines[1])
        assert re.fullmatch(r"\[ERROR\]\t{}\t{}\tcaught".format(STAMP, id), lines[2])
        assert lines[3:5] == ["here", "Traceback (most recent call last):"]
        assert lines[-1] == "as it is"
        assert env.invoke("x").request_id in env.printed()


def test_logging_during_init(start):
    with start("import logging; logging.warning('early')\n" + ECHO) as env:
        env.invoke(1)
        assert re.match(r"\[WARNING\]\t{}\t\tearly\n".format(STAMP), env.printed())


def test_default_level_is_warning(start):
    with start("import logging\ndef handler(e, c): logging.info('no'); logging.error('yes')") as env:
        assert env.invoke(1).printed.endswith("\tyes\n")
        assert "\tno" not in env.printed()


def test_logging_as_json(start):
    with start(LOGS, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}) as env:
        answer = env.invoke("you")
        lines = answer.printed.split("\n")
        first, second, third = [json.loads(line) for line in lines[:3]]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.pop("timestamp"))
        assert first == {"level": "INFO", "message": "hello you", "logger": "my.log",
                         "requestId": answer.request_id}
        assert second["message"] == {"a": "you"} and second["cart"] == 7
        assert third["errorType"] == "ZeroDivisionError"
        assert third["errorMessage"] == "division by zero"
        assert third["stackTrace"] and third["location"].endswith("app.py:handler:12")
        assert list(third)[:4] == ["timestamp", "level", "message", "logger"]


def test_json_log_level(start):
    source = "import logging\ndef handler(e, c): logging.info('in'); logging.debug('out')"
    options = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    with start(source, env=options) as env:
        assert json.loads(env.invoke(1).printed)["message"] == "in"


def test_error_as_json_line(start):
    with start(RAISES, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as env:
        answer = env.invoke("x")
        line = json.loads(answer.printed)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line.pop("timestamp"))
        assert line == {"level": "ERROR", **answer.json()}


def frames(data):
    found = []
    while data:
        kind, length = data[:4].hex(), int.from_bytes(data[4:8], "big")
        micros = int.from_bytes(data[8:16], "big")
        assert 1.7e15 < micros < 4e15
        found.append((kind, data[16:16 + length].decode()))
        data = data[16 + length:]
    return found


def test_frames(start):
    with start(LOGS + "\n    raise ValueError('v\\nw')", frames=True) as env:
        assert env.invoke("you").kind == "error"
        found = frames(env.frames)
        assert [kind for kind, _ in found] == ["a55a0003"] * 4 + ["a55a0017"]
        assert found[2][1].count("\n") > 3
        assert found[4][1].startswith("[ERROR] ValueError: v\nw\nTraceback")
        assert env.printed() == ""


def test_frames_json(start):
    options = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    with start(LOGS, frames=True, env=options) as env:
        env.invoke("you")
        found = frames(env.frames)
        assert [kind for kind, _ in found] == ["a55a000e", "a55a0012", "a55a0016", "a55a0003"]


def test_a_logging_module_of_the_function(start):
    with start("import logging\ndef handler(e, c): return logging.MINE",
               files={"logging.py": "MINE = 1"}) as env:
        assert env.invoke(1).json() == 1


def test_nothing_heavy_is_imported_for_nothing(start):
    source = "import sys\ndef handler(e, c): return sorted(sys.modules)"
    with start(source) as env:
        loaded = set(env.invoke(raw=b"").json())
        assert not loaded & {"logging", "socket", "traceback", "decimal", "http", "threading"}


def test_sigterm_handler_of_the_function_runs(start):
    source = """
import signal, sys
def bye(*_):
    print("term", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
def handler(event, context): pass
"""
    with start(source) as env:
        env.invoke(1)
        env._request()  # waits in `next`
        env.until_asleep()
        env.process.terminate()
        assert env.wait() == 0
        assert env.printed() == "term\n"


def test_without_the_flag(start):
    with start(ECHO, flags=()) as env:
        assert env.invoke(1).json() == {"got": 1}


def test_sdk_folder_comes_last(start):
    with start("import sys\ndef handler(e, c): return sys.path[-1]") as env:
        assert env.invoke(1).json() == str(PYTHON_BOOTSTRAP.parent / "sdk")

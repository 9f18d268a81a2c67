"""The Node.js bootstrap against a mock Runtime API, with every Node.js 16+ of this machine: what is
Node.js's alone. What all languages have in common is in runtimes/testing/test_contract.py."""

import json
import re

import pytest
from languages import NODE, NODE_BOOTSTRAP
from mock_runtime_api import ARN

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


ECHO = NODE.echo
ESM = "export const handler = async (event) => ({ got: event });\n"


FILES = {
    "mjs": ({"x.mjs": ESM}, "x.handler"),
    "cjs": ({"x.cjs": ECHO}, "x.handler"),
    "js in a module package": ({"x.js": ESM, "package.json": '{"type":"module"}'}, "x.handler"),
    "js wins over mjs": ({"x.js": ECHO, "x.mjs": "export const handler = 1"}, "x.handler"),
    "cjs in a module package": ({"x.cjs": ECHO, "package.json": '{"type":"module"}'}, "x.handler"),
    "folder": ({"a/b/x.js": ECHO}, "a/b/x.handler"),
    "folder of esm": ({"a/b/x.mjs": ESM}, "a/b/x.handler"),
    "odd name": ({"a b/x#1%20.mjs": ESM}, "a b/x#1%20.handler"),
    "nested object": ({"x.js": "exports.a = { b: { handler: async (e) => ({ got: e }) } };"},
                      "x.a.b.handler"),
    "default export": ({"x.mjs": "export default async (e) => ({ got: e });"}, "x.default"),
    "index of a folder": ({"x/index.js": ECHO}, "x.handler"),
    "node_modules": ({"node_modules/x/index.js": ECHO}, "x.handler"),
    "top-level await": ({"x.mjs": "const v = await new Promise((r) => setTimeout(r, 20, 1));\n"
                                  "export const handler = async (e) => v && { got: e };"},
                        "x.handler"),
    "esm imports cjs": ({"x.mjs": "import y from './y.cjs'; export const handler = y.handler;",
                         "y.cjs": ECHO}, "x.handler"),
}


@pytest.mark.parametrize("case", FILES)
def test_where_handlers_are_found(start, case):
    files, handler = FILES[case]
    with start("", files=files, handler=handler) as env:
        answer = env.invoke(1)
        assert answer.kind == "response", answer.printed
        assert answer.json() == {"got": 1}


STYLES = {
    "async": "async (event) => event",
    "promise": "(event) => new Promise((r) => setTimeout(r, 10, event))",
    "thenable": "(event) => ({ then: (ok) => ok(event) })",
    "callback": "(event, context, callback) => callback(null, event)",
    "late callback": "(event, context, callback) => { setTimeout(callback, 10, null, event) }",
    "callback without waiting": """(event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = false;
        setInterval(() => {}, 1000);
        callback(undefined, event);
    }""",
    "context.succeed": "(event, context) => context.succeed(event)",
    "context.done": "(event, context) => { setTimeout(context.done, 10, null, event) }",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("over", ["fd", "tcp", "standby"])
def test_styles_of_answering(start, style, over):
    with start("exports.handler = " + STYLES[style], over=over) as env:
        assert env.invoke({"a": 1}).json() == {"a": 1}
        assert env.invoke({"a": 2}).json() == {"a": 2}


def test_callback_waits_until_nothing_is_left_to_do(start):
    source = """
exports.handler = (event, context, callback) => {
  setTimeout(() => console.log('late'), 50);
  callback(null, 'ok');
};
"""
    with start(source) as env:
        answer = env.invoke(1)
        assert answer.body == b'"ok"'
        assert answer.printed.endswith("\tlate\n")


@pytest.mark.parametrize("body, text", [
    ("undefined", "null"), ("null", "null"), ("'ü'", '"ü"'), ("[1, undefined]", "[1,null]"),
    ("new Date(0)", '"1970-01-01T00:00:00.000Z"'), ("() => 1", "null"),
])
def test_results(start, body, text):
    with start("exports.handler = async () => (%s)" % body) as env:
        assert env.invoke(1).body.decode() == text


def test_result_that_is_not_json(start):
    with start("exports.handler = async () => 1n") as env:
        for _ in range(2):
            answer = env.invoke(1).json()
            assert answer["errorType"] == "Error"
            assert answer["errorMessage"] == "Unable to stringify response body"


def test_context(start):
    source = """
exports.handler = async (event, context) => {
  const left = context.getRemainingTimeInMillis();
  return { ...context, left, trace: process.env._X_AMZN_TRACE_ID ?? null,
           private: Object.keys(process.env).filter((k) => k.includes('LAPWING')) };
};
"""
    with start(source) as env:
        answer = env.invoke({}, headers={
            "Lambda-Runtime-Client-Context": '{"custom":{"a":"ü"}}',
            "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
            "Lambda-Runtime-Aws-Tenant-Id": "blue",
        })
        got = answer.json()
        assert 0 < got.pop("left") <= 30000
        assert got == {
            "callbackWaitsForEmptyEventLoop": True, "functionVersion": "$LATEST",
            "functionName": "under-test", "memoryLimitInMB": "128",
            "logGroupName": "/aws/lambda/under-test",
            "logStreamName": "2026/01/02/[$LATEST]0123456789abcdef",
            "clientContext": {"custom": {"a": "ü"}},
            "identity": {"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"},
            "invokedFunctionArn": ARN, "awsRequestId": answer.request_id, "tenantId": "blue",
            "trace": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0", "private": [],
        }
        assert env.invoke({}, headers={"Lambda-Runtime-Trace-Id": ""}).json()["trace"] is None


RAISES = {
    "thrown": "async () => { throw new TypeError('no\\nluck ü'); }",
    "thrown at once": "() => { throw new TypeError('no\\nluck ü'); }",
    "rejected": "() => Promise.reject(new TypeError('no\\nluck ü'))",
    "callback": "(event, context, callback) => callback(new TypeError('no\\nluck ü'))",
    "context.fail": "(event, context) => context.fail(new TypeError('no\\nluck ü'))",
    "context.done": "(event, context) => context.done(new TypeError('no\\nluck ü'))",
}


@pytest.mark.parametrize("way", RAISES)
def test_errors(start, way):
    with start("exports.handler = " + RAISES[way]) as env:
        answer = env.invoke(1)
        body = answer.json()
        assert answer.kind == "error"
        assert list(body) == ["errorType", "errorMessage", "trace"]
        assert (body["errorType"], body["errorMessage"]) == ("TypeError", "no\nluck ü")
        assert body["trace"][:2] == ["TypeError: no", "luck ü"]
        assert "app.js:1:" in body["trace"][2]
        assert answer.headers["lambda-runtime-function-error-type"] == "TypeError"
        cause = json.loads(answer.headers["lambda-runtime-function-xray-error-cause"])
        assert cause["exceptions"][0]["message"] == "no\nluck ü"
        assert cause["exceptions"][0]["stack"][0]["path"] == env.task_root + "/app.js"
        assert cause["exceptions"][0]["stack"][0]["line"] == 1
        match = re.fullmatch(r"{}\t{}\tERROR\tInvoke Error \t(.*)\n".format(
            STAMP, answer.request_id), answer.printed)
        logged = json.loads(match.group(1))
        assert logged["errorType"] == "TypeError" and logged["stack"][0] == "TypeError: no"
        assert env.invoke(1).kind == "error"


@pytest.mark.parametrize("thrown, body", [
    ("'text'", {"errorType": "string", "errorMessage": "text", "trace": []}),
    ("{a: 1}", {"errorType": "object", "errorMessage": "[object Object]", "trace": []}),
    ("7", {"errorType": "number", "errorMessage": "7", "trace": []}),
])
def test_thrown_values(start, thrown, body):
    with start("exports.handler = async () => { throw %s }" % thrown) as env:
        assert env.invoke(1).json() == body


def test_own_error_class_and_code(start):
    source = """
class Mine extends Error { constructor() { super('m'); this.name = 'Mine'; this.code = 'E7'; this.more = 1; } }
exports.handler = async () => { throw new Mine(); };
"""
    with start(source) as env:
        answer = env.invoke(1)
        assert answer.json()["errorType"] == "Mine"
        logged = json.loads(answer.printed.split("\t")[-1])
        assert (logged["code"], logged["more"]) == ("E7", 1)


INIT_FAULTS = {
    "module": ("", "nowhere.handler", "Runtime.ImportModuleError",
               "Error: Cannot find module 'nowhere'\nRequire stack:\n- {runtime}/index.mjs"),
    "import": ("require('absent')", "app.handler", "Runtime.ImportModuleError",
               "Error: Cannot find module 'absent'\nRequire stack:\n- {task}/app.js\n"
               "- {runtime}/index.mjs"),
    "function": ("", "app.nothing", "Runtime.HandlerNotFound",
                 "app.nothing is undefined or not exported"),
    "not a function": ("exports.x = 1", "app.x", "Runtime.HandlerNotFound",
                       "app.x is not a function"),
    "name": ("", "app", "Runtime.MalformedHandlerName", "Bad handler"),
    "parent": ("", "../app.handler", "Runtime.MalformedHandlerName",
               "'../app.handler' is not a valid handler name. Use absolute paths when specifying "
               "root directories in handler names."),
    "syntax": ("exports.handler = async (", "app.handler", "Runtime.UserCodeSyntaxError", None),
    "thrown": ("throw new RangeError('r')", "app.handler", "RangeError", "r"),
    "rejected": ("Promise.reject(new RangeError('r')); exports.handler = async () => 1",
                 "app.handler", "Runtime.UnhandledPromiseRejection", "RangeError: r"),
    "streaming": ("exports.handler = async () => 1;\n"
                  "exports.handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'x'",
                  "app.handler", "Runtime.MalformedStreamingHandler",
                  "Only response streaming is supported."),
}


@pytest.mark.parametrize("case", INIT_FAULTS)
@pytest.mark.parametrize("over", ["fd", "tcp", "standby"])
def test_init_faults(start, case, over):
    source, handler, kind, message = INIT_FAULTS[case]
    with start(source, handler=handler, over=over) as env:
        answer = env.invoke(1)
        assert answer.kind == "init_error", (answer, env.printed())
        body = answer.json()
        assert body["errorType"] == kind
        if message is not None:
            assert body["errorMessage"] == message.format(
                task=env.task_root, runtime=NODE_BOOTSTRAP.parent)
        title = "Unhandled Promise Rejection" if case == "rejected" else "Uncaught Exception"
        assert re.match(r"{}\tundefined\tERROR\t{} \t{{".format(STAMP, title), answer.printed)
        assert env.wait() == (128 if case == "rejected" else 129)


def test_missing_esm_package(start):
    with start("", files={"x.mjs": "import 'absent'; " + ESM}, handler="x.handler") as env:
        body = env.invoke(1).json()
        assert body["errorType"] == "Error"
        assert body["errorMessage"].startswith("Cannot find package 'absent'")


def test_callbacks_are_refused_from_24_on(start):
    with start("exports.handler = (e, c, cb) => cb(null, 1)", runtime="nodejs24.x") as env:
        answer = env.invoke(1)
        assert answer.kind == "init_error"
        assert answer.json()["errorType"] == "Runtime.CallbackHandlerDeprecated"
        assert "\tInit Error \t{" in answer.printed
    with start("exports.handler = async (e, c) => c.succeed ?? 'gone'", runtime="nodejs24.x") as env:
        assert env.invoke(1).json() == "gone"


def test_uncaught_exception(start):
    source = "exports.handler = () => new Promise(() => setImmediate(() => { throw Error('x') }))"
    with start(source) as env:
        answer = env.invoke(1)
        assert (answer.kind, answer.json()["errorMessage"]) == ("error", "x")
        assert "\tUncaught Exception \t{" in answer.printed
        assert env.wait() == 129


def test_unhandled_rejection(start):
    source = """
exports.handler = async () => {
  Promise.reject(new RangeError('r'));
  await new Promise((r) => setTimeout(r, 1000));
};
"""
    with start(source) as env:
        answer = env.invoke(1)
        body = answer.json()
        assert answer.kind == "error"
        assert body["errorType"] == "Runtime.UnhandledPromiseRejection"
        assert body["errorMessage"] == "RangeError: r"
        assert body["trace"][0] == "Runtime.UnhandledPromiseRejection: RangeError: r"
        logged = json.loads(answer.printed.split("\t")[-1])
        assert logged["reason"]["errorType"] == "RangeError"
        assert env.wait() == 128


def test_failure_between_events_ends_the_process(start):
    source = """
exports.handler = async () => { setTimeout(() => { throw Error('later') }, 50); };
"""
    with start(source) as env:
        assert env.invoke(1).kind == "response"
        assert env.wait() == 129
        assert "Uncaught Exception" in env.printed()


def test_promise_that_never_settles(start):
    with start("exports.handler = async () => new Promise(() => {})") as env:
        for _ in range(2):
            answer = env.invoke(1)
            assert answer.kind == "error"
            assert answer.json()["errorType"] == "Runtime.NodeJsExit"


def test_handler_that_never_answers_gives_null(start):
    with start("exports.handler = (event, context) => { setTimeout(() => {}, 10) }") as env:
        assert env.invoke(1).body == b"null"
        assert env.invoke(1).body == b"null"


def test_init_that_never_settles(start):
    files = {"x.mjs": "await new Promise(() => {}); " + ESM}
    with start("", files=files, handler="x.handler") as env:
        answer = env.invoke(1)
        assert (answer.kind, answer.exit_status) == ("exit", 13)


def test_background_work_goes_on(start):
    source = """
let ticks = 0;
setInterval(() => ticks++, 5);
exports.handler = async () => { await new Promise((r) => setTimeout(r, 50)); return ticks; };
"""
    with start(source) as env:
        assert env.invoke(1).json() > 1
        assert env.invoke(1).json() > 2


LOGS = """
exports.handler = async (event) => {
  console.trace('t'); console.debug('d'); console.info('i %s %d', event, 7); console.log({ a: 1 });
  console.warn('two\\nlines'); console.error(new Error('e')); console.fatal('f');
};
"""


def test_console_as_text(start):
    with start(LOGS) as env:
        answer = env.invoke("you")
        lines = answer.printed.splitlines(keepends=False)
        lines = answer.printed.split("\n")
        fields = [line.split("\t") for line in lines[:-1]]
        assert all(re.fullmatch(STAMP, f[0]) and f[1] == answer.request_id for f in fields)
        assert [f[2] for f in fields] == [
            "TRACE", "DEBUG", "INFO", "INFO", "WARN", "ERROR", "FATAL"]
        assert [f[3] for f in fields[:5]] == ["t", "d", "i you 7", "{ a: 1 }", "two\rlines"]
        assert fields[5][3].startswith("Error: e\r    at ")


def test_console_level_in_text(start):
    with start(LOGS, env={"AWS_LAMBDA_LOG_LEVEL": "WARN"}) as env:
        levels = [line.split("\t")[2] for line in env.invoke(1).printed.split("\n")[:-1]]
        assert levels == ["WARN", "ERROR", "FATAL"]


def test_console_as_json(start):
    source = LOGS.replace("};", """
  const loop = {}; loop.loop = loop; console.log(loop); console.log('with', new RangeError('r'));
};""")
    with start(source, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as env:
        answer = env.invoke("you", headers={"Lambda-Runtime-Aws-Tenant-Id": "blue"})
        records = [json.loads(line) for line in answer.printed.split("\n")[:-1]]
        assert list(records[0]) == ["timestamp", "level", "requestId", "tenantId", "message"]
        assert [r["level"] for r in records] == [
            "TRACE", "DEBUG", "INFO", "INFO", "WARN", "ERROR", "FATAL", "INFO", "INFO"]
        assert records[2]["message"] == "i you 7" and records[3]["message"] == {"a": 1}
        assert records[4]["message"] == "two\nlines"
        assert records[5]["message"]["errorType"] == "Error"
        assert records[5]["message"]["stackTrace"][0] == "Error: e"
        assert "Circular" in records[7]["message"]
        assert (records[8]["errorType"], records[8]["errorMessage"]) == ("RangeError", "r")


def test_error_as_json_line(start):
    source = "exports.handler = async () => { throw new RangeError('r') }"
    with start(source, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as env:
        record = json.loads(env.invoke(1).printed)
        assert record["level"] == "ERROR"
        assert record["message"]["errorType"] == "RangeError"


@pytest.mark.parametrize("form, first", [("Text", 3), ("JSON", 2)])
def test_frames(start, form, first):
    with start(LOGS, frames=True, env={"AWS_LAMBDA_LOG_FORMAT": form}) as env:
        assert env.invoke("you").kind == "response"
        kinds, data = [], env.frames
        while data:
            length = int.from_bytes(data[4:8], "big")
            assert 1.7e15 < int.from_bytes(data[8:16], "big") < 4e15
            kinds.append(int.from_bytes(data[:4], "big"))
            text = data[16:16 + length].decode()
            data = data[16 + length:]
        assert kinds == [0xA55A0000 + first + 4 * n for n in (1, 2, 3, 3, 4, 5, 6)]
        assert "\tf" in text or '"f"' in text
        assert env.printed() == ""


def test_streams_can_be_piped_to(start):
    source = """
const { Readable } = require('stream');
exports.handler = (event) => new Promise((resolve, reject) => {
  const letters = Readable.from(['a', 'b']);
  letters.on('end', resolve).on('error', reject).pipe(process.stdout, { end: false });
});
"""
    with start(source) as env:
        assert env.invoke(1).printed == "ab"
        assert env.invoke(1).printed == "ab"

"""AWS's own runtime clients beside our bootstraps: same functions, same events, same answers.

Both run against the mock Runtime API; answers must be equal but for what has to differ (ids,
times), and so must the log. Skips where the official client cannot be installed.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
OFFICIAL = ROOT / "build" / "official"
sys.path.insert(0, str(ROOT / "runtimes" / "testing"))

from mock_runtime_api import Environment  # noqa: E402

INSTALL_SECONDS = 900


def install(what, *tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        pytest.skip("{} missing for the official {} client".format(", ".join(missing), what))
    run = subprocess.run([str(HERE / "install.sh"), what], capture_output=True, text=True,
                         timeout=INSTALL_SECONDS)
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="session")
def python_commands():
    install("python", "python3")
    official = str(OFFICIAL / "python" / "bin" / "python")
    real = subprocess.run([official, "-c", "import sys; print(sys._base_executable)"],
                          capture_output=True, text=True, check=True).stdout.strip()
    bootstrap = str(ROOT / "runtimes/python/runtime/bootstrap.py")
    return lambda handler: ([official, "-m", "awslambdaric", handler], [real, "-S", bootstrap])


@pytest.fixture(scope="session")
def node_commands():
    install("node", "npm", "node", "cmake", "make", "autoreconf")
    official = str(OFFICIAL / "node/node_modules/aws-lambda-ric/bin/index.mjs")
    bootstrap = str(ROOT / "runtimes/node/runtime/bootstrap.cjs")
    return lambda handler: (["node", official, handler], ["node", bootstrap])


def plain(text):
    """What has to differ between two runs, made equal."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    # Where in the client a warning was raised, and that line of it.
    text = re.sub(r"\S+:\d+: (RuntimeWarning: .*)\n  .*\n", r"\1\n", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    return text


def own_frames(trace, task_root):
    """Stack lines but the frames outside the function's own code."""
    return [line for line in trace if not line.startswith("    at ") or task_root in line]


def without_client_frames(value, task_root):
    if isinstance(value, dict):
        return {
            k: own_frames(v, task_root) if k in ("trace", "stack", "stackTrace")
            and isinstance(v, list) else without_client_frames(v, task_root)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [without_client_frames(v, task_root) for v in value]
    return value


def outcome(command, task_root, handler, events, runtime, env):
    got = []
    with Environment(command, task_root, handler, "tcp", env, runtime=runtime) as e:
        for event in events:
            answer = e.invoke(event, raw=event if isinstance(event, bytes) else None)
            body = plain(answer.body.decode("utf-8", "backslashreplace"))
            try:
                body = json.dumps(without_client_frames(json.loads(body), str(task_root)))
            except ValueError:
                pass
            content_type = answer.headers.get("content-type")
            got.append((answer.kind, body, content_type if answer.kind == "response" else None))
            if answer.kind in ("exit", "init_error"):
                got.append(e.wait())
                break
        # What is freed after an answer may still print, before the next event is asked for.
        e.settle()
        log = plain(e.printed())
    return got, log


PYTHON = {
    "echo": ("def handler(e, c): return e", ["text", 1, None, {"a": [1, 2.5, "ü\u2028"]}]),
    "decimal": ("from decimal import Decimal as D\ndef handler(e, c): return {'a': D(e)}",
                ["1.10", "1E+3", "NaN", "-0"]),
    "named tuple": ("from collections import namedtuple as n\nP = n('P', 'x y')\n"
                    "def handler(e, c): return [P(1, P(2, ())), {'k': P(0, 0)}]", [1]),
    "bytes": ("def handler(e, c): return b'\\x00\\x01'", [1]),
    "bytes inside": ("def handler(e, c): return {'a': b'x'}", [1]),
    "odd keys": ("def handler(e, c): return {1: 1, None: 2, True: 3, 1.5: 4}", [1]),
    "set": ("def handler(e, c): return {1}", [1]),
    "generator": ("def handler(e, c): yield 1", [1]),
    "async": ("async def handler(e, c): pass", [1]),
    "raise": ("def g():\n    raise ValueError('no\\n luck ü')\ndef handler(e, c):\n    g()", [1, 1]),
    "raise bare": ("def handler(e, c):\n    raise KeyError", [1]),
    "raise from": ("def handler(e, c):\n    try:\n        1 / 0\n    except Exception as x:\n"
                   "        raise RuntimeError('r') from x", [1]),
    "assert": ("def handler(e, c):\n    assert e == 2, 'two'", [1]),
    "broken event": ("def handler(e, c): return e", [b"nope", b"[1,", 1]),
    "no module": ("", [1], "absent.handler"),
    "no import": ("import absent", [1]),
    "no function": ("", [1], "app.absent"),
    "bad name": ("", [1], "app"),
    "builtin": ("", [1], "time.handler"),
    "syntax": ("def handler(:", [1]),
    "init raises": ("def f():\n    raise RuntimeError('r')\nf()", [1]),
    "init exits": ("import sys; sys.exit(3)", [1]),
    "exit": ("import sys\ndef handler(e, c): sys.exit(4)", [1]),
    "exit builtin": ("def handler(e, c): exit(0)", [1]),
    "print": ("def handler(e, c): print('a', e); print('b', end='')", ["x", "ü"]),
    "logging": ("import logging\nlog = logging.getLogger('l'); log.setLevel('INFO')\n"
                "def handler(e, c): log.info('i %s', e); log.debug('d'); log.warning('w')", [1, 2]),
    "context": ("def handler(e, c):\n    c.log('said\\n')\n"
                "    return [repr(c), c.client_context, c.tenant_id, c.w3c(), vars(c.identity)"
                " if 0 else c.identity.cognito_identity_id]", [1]),
    "environment": ("import os\ndef handler(e, c): return [os.environ['_X_AMZN_TRACE_ID'],"
                    " sorted(k for k in os.environ if k.startswith('_L'))]", [1]),
}
LOG_DIFFERS = {"init raises", "no module", "no import", "no function", "bad name", "builtin",
               "syntax"}  # ours has no LAMBDA_WARNING line


@pytest.mark.parametrize("form", ["Text", "JSON"])
@pytest.mark.parametrize("runtime", ["python3.11", "python3.12"])
@pytest.mark.parametrize("case", PYTHON)
def test_python(case, runtime, form, python_commands, tmp_path):
    source, events, *handler = PYTHON[case]
    handler = handler[0] if handler else "app.handler"
    (tmp_path / "app.py").write_text(source)
    official, ours = python_commands(handler)
    env = {"AWS_LAMBDA_LOG_FORMAT": form}
    if form == "JSON":
        env["AWS_LAMBDA_LOG_LEVEL"] = "INFO"
    wanted, wanted_log = outcome(official, tmp_path, handler, events, runtime, env)
    got, log = outcome(ours, tmp_path, handler, events, runtime, env)
    assert got == wanted
    if case in LOG_DIFFERS:
        # The client's own warning comes first, as one record.
        wanted_log = wanted_log[wanted_log.index("ERROR", wanted_log.index("LAMBDA_WARNING")):]
        log = log[log.index("ERROR"):]
    assert log == wanted_log


NODE = {
    "echo": ("exports.handler = async (e) => e", ["text", 1, None, {"a": [1, 2.5, "ü\u2028"]}]),
    "undefined": ("exports.handler = async () => {}", [1]),
    "callback": ("exports.handler = (e, c, callback) => callback(null, e)", [1, 2]),
    "callback fails": ("exports.handler = (e, c, callback) => callback(new Error('x'))", [1, 2]),
    "callback fails with text": ("exports.handler = (e, c, callback) => callback('x')", [1, 2]),
    "callback waits": ("exports.handler = (e, c, callback) => {\n"
                       "  setTimeout(() => console.log('late'), 20); callback(null, e) }", [1, 2]),
    "callback without waiting": ("exports.handler = (e, c, callback) => {\n"
                                 "  c.callbackWaitsForEmptyEventLoop = false;\n"
                                 "  setInterval(() => {}, 1000); callback(null, e) }", [1, 2]),
    "callback and promise": ("exports.handler = async (e, c, callback) => {\n"
                             "  callback(null, 'callback'); return 'promise' }", [1, 2]),
    "callback twice": ("exports.handler = (e, c, callback) => {\n"
                       "  callback(null, 1); callback(null, 2) }", [1, 2]),
    "done and promise": ("exports.handler = async (e, c) => { c.done(null, 1); return 2 }", [1, 2]),
    "succeed": ("exports.handler = (e, c) => c.succeed(e)", [1, 2]),
    "fail": ("exports.handler = (e, c) => c.fail()", [1]),
    "throw": ("exports.handler = async () => { throw new TypeError('no\\nluck') }", [1, 1]),
    "throw text": ("exports.handler = async () => { throw 'text' }", [1]),
    "throw object": ("exports.handler = async () => { throw { a: 1 } }", [1]),
    "throw at once": ("exports.handler = () => { throw new Error('x') }", [1]),
    "own class": ("class Mine extends Error { constructor() { super('m'); this.code = 'E' } }\n"
                  "exports.handler = async () => { throw new Mine() }", [1]),
    "big int": ("exports.handler = async () => 1n", [1, 1]),
    "broken event": ("exports.handler = async (e) => e", [b"{", 1]),
    # Managed runtimes since nodejs20.v101 make an error of it where the handler is an async function.
    "never settles": ("exports.handler = () => new Promise(() => {})", [1, 2]),
    "never answers": ("exports.handler = () => {}", [1, 2]),
    "no module": ("", [1], "absent.handler"),
    "no require": ("require('absent')", [1]),
    "no function": ("", [1], "app.absent"),
    "not a function": ("exports.x = 1", [1], "app.x"),
    "bad name": ("", [1], "app"),
    "parent": ("", [1], "../app.handler"),
    "syntax": ("exports.handler = (", [1]),
    "init throws": ("throw new RangeError('r')", [1]),
    "init exits": ("process.exit(3)", [1]),
    "exit": ("exports.handler = async () => process.exit(4)", [1]),
    "uncaught": ("exports.handler = () => new Promise(() =>\n"
                 "  setImmediate(() => { throw new Error('x') }))", [1]),
    "unhandled": ("exports.handler = async () => { Promise.reject(new Error('x'));\n"
                  "  await new Promise((r) => setTimeout(r, 500)) }", [1]),
    "console": ("exports.handler = async (e) => { console.log('a %s', e, { b: 1 }); console.log();\n"
                "  console.warn('two\\nlines'); console.debug(new Map([[1, 2]])); console.log(1, 2);"
                "  console.error('x', new RangeError('r').message); console.fatal('f') }", [1]),
    "environment": ("exports.handler = async () => [process.env._X_AMZN_TRACE_ID,\n"
                    "  Object.keys(process.env).filter((k) => k.startsWith('_L')), process.cwd()]",
                    [1]),
    "context": ("exports.handler = async (e, c) => { delete c.x; c.getRemainingTimeInMillis();\n"
                "  return [c, Object.keys(c)] }", [1]),
    "tenant": ("exports.handler = async (e, c) => c.tenantId ?? 'none'", [1]),
}


@pytest.mark.parametrize("form", ["Text", "JSON"])
@pytest.mark.parametrize("case", NODE)
def test_node(case, form, node_commands, tmp_path):
    source, events, *handler = NODE[case]
    handler = handler[0] if handler else "app.handler"
    (tmp_path / "app.js").write_text(source)
    official, ours = node_commands(handler)
    env = {"AWS_LAMBDA_LOG_FORMAT": form, "AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING": "1"}
    wanted, wanted_log = outcome(official, tmp_path, handler, events, "nodejs20.x", env)
    got, log = outcome(ours, tmp_path, handler, events, "nodejs20.x", env)
    where = str(OFFICIAL / "node/node_modules/aws-lambda-ric/dist/index.mjs")
    mine = str(ROOT / "runtimes/node/runtime/index.mjs")
    fix = lambda text: text.replace(where, "CLIENT").replace(mine, "CLIENT")  # noqa: E731
    assert json.loads(fix(json.dumps(got))) == json.loads(fix(json.dumps(wanted)))
    # The official client says first what it runs.
    wanted_lines = [line for line in wanted_log.splitlines() if "Executing '" not in line]
    root = str(tmp_path)
    assert same_records(fix(log).splitlines(), root) == same_records(map(fix, wanted_lines), root)


def same_records(lines, task_root):
    """Log lines with the JSON in them parsed and the client's own stack frames left out."""
    records = []
    for line in lines:
        head, brace, tail = line.partition("{")
        try:
            records.append((head, without_client_frames(json.loads(brace + tail), task_root)))
        except ValueError:
            records.append(line)
    return records

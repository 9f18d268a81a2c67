"""What agents rely on: `.pth` files that are read, and AWS's names that are what runs."""

import pathlib

import pytest
from languages import PYTHON_BOOTSTRAP

# As the integrations of monitoring services find the client.
FIND = """
import sys
module = sys.modules["__main__"].awslambdaricmain.bootstrap
import awslambdaric.bootstrap
assert module is awslambdaric.bootstrap
"""


@pytest.fixture
def start(start):
    """start(files, ...), app.py among them."""
    return lambda files, **options: start(files["app.py"], files, **options)


@pytest.mark.parametrize("over", ["fd", "standby"])
def test_pth_files_of_the_function_are_read(start, over):
    files = {
        "app.py": "import agent, vendored\ndef handler(e, c):\n  return [agent.LOADED, vendored.NAME]",
        "agent.py": "LOADED = []",
        "vendor/vendored.py": "NAME = 'in a folder of a .pth file'",
        "b.pth": "import agent; agent.LOADED.append('b')\n",
        "a.pth": "# comment\nvendor\nnowhere\nimport agent; agent.LOADED.append('a')\n",
        "not-a-pth.txt": "import agent; agent.LOADED.append('txt')\n",
    }
    with start(files, over=over) as env:
        assert env.invoke({}).json() == [["a", "b"], "in a folder of a .pth file"]


def test_a_pth_file_that_fails_is_told_and_left_behind(start):
    files = {"app.py": "def handler(e, c):\n  return 1", "x.pth": "import nothing_of_this_name\n"}
    with start(files) as env:
        assert env.invoke({}).json() == 1
        assert "x.pth" in env.printed() and "nothing_of_this_name" in env.printed()


PATCHING = FIND + """
original = module.handle_event_request
client = module.LambdaRuntimeClient
post_result, post_error = client.post_invocation_result, client.post_invocation_error
def patched(lambda_runtime_client, request_handler, *args, **kwargs):
    print("before", args[0], type(args[1]).__name__, args[5], args[6] > 0)
    def wrapped(event, context):
        try:
            return request_handler(dict(event, wrapped=True), context)
        except Exception as e:
            print("seen", type(e).__name__)
            raise
    result = original(lambda_runtime_client, wrapped, *args, **kwargs)
    print("after, asked ahead:", lambda_runtime_client.api._asked)
    return result
module.handle_event_request = patched
def posted(self, *args, **kwargs):
    print("posting result", args[0])
    return post_result(self, *args, **kwargs)
client.post_invocation_result = posted
def posted_error(self, *args, **kwargs):
    print("posting error")
    return post_error(self, *args, **kwargs)
client.post_invocation_error = posted_error
def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    return event
"""


@pytest.mark.parametrize("over", ["fd", "pipes", "standby", "tcp"])
def test_what_agents_put_in_place_runs(start, over):
    with start({"app.py": PATCHING}, over=over) as env:
        for n in range(2):
            answer = env.invoke({"n": n})
            assert answer.json() == {"n": n, "wrapped": True}
            assert "before {} bytes ".format(answer.request_id) in answer.printed
            assert "posting result " + answer.request_id in answer.printed
        answer = env.invoke({"fail": "on purpose"})
        assert answer.kind == "error" and answer.json()["errorType"] == "ValueError"
        assert answer.headers["lambda-runtime-function-error-type"] == "ValueError"
        assert "seen ValueError" in answer.printed and "posting error" in answer.printed
        # What they do after the answer is done before the next event is asked for.
        assert env.printed().count("after, asked ahead: False") >= 2
        assert "awslambdaric" not in "".join(answer.json()["stackTrace"])


def test_other_names_that_are_replaced(start):
    agent = FIND + """
get, trace = module._get_handler, module.update_xray_env_variable
module._get_handler = lambda name: (lambda e, c: ["by the agent", get(name)(e, c)])
def traced(value):
    print("trace", value)
    trace(value)
module.update_xray_env_variable = traced
class Marshaller(type(module.LambdaRuntimeClient.marshaller)):
    def marshal_response(self, response):
        return super().marshal_response({"marshalled": response})
module.LambdaRuntimeClient.marshaller = Marshaller()
"""
    files = {
        "app.py": "def handler(e, c):\n  return type(c).__module__",
        "agent.py": agent,
        "agent.pth": "import agent\n",
    }
    with start(files) as env:
        answer = env.invoke({})
        assert answer.json() == {"marshalled": ["by the agent", "awslambdaric.lambda_context"]}
        assert "trace " in answer.printed


def test_a_function_without_agents_asks_ahead(start):
    """The next event is asked for together with the answer: one wake-up of the server, not two."""
    source = """import sys
def handler(e, c):
    return sys._getframe(1).f_locals["lambda_runtime_client"].ends_with_answer
"""
    with start({"app.py": source}, over="pipes") as env:
        assert env.invoke({}).json() is True


@pytest.mark.parametrize("over", ["fd", "standby"])
def test_the_locale_is_said_only_by_runtimes_that_say_it(start, over):
    source = "import os\ndef handler(e, c):\n  return os.environ.get('LC_CTYPE')"
    for runtime, said in (("python3.11", None), ("python3.12", "C.UTF-8")):
        env = {"LC_CTYPE": "C.UTF-8", "AWS_EXECUTION_ENV": "AWS_Lambda_" + runtime}
        with start({"app.py": source}, over=over, env=env, runtime=runtime) as environment:
            assert environment.invoke({}).json() == said


def test_a_python_path_takes_the_place_of_the_layers(start, tmp_path):
    """As AWS's bootstrap; but for a PYTHONPATH that is the runtime's own."""
    source = "import sys\ndef handler(e, c):\n  return sys.path[:3]"
    with start({"app.py": source}, env={"PYTHONPATH": "/elsewhere"}) as env:
        assert env.invoke({}).json() == [str(tmp_path), str(PYTHON_BOOTSTRAP.parent), "/elsewhere"]
    with start({"app.py": source}, env={"PYTHONPATH": "/var/runtime"}) as env:
        path = env.invoke({}).json()
        assert path[0] == str(tmp_path) and path[2] == "/opt/python", path


def test_packages_of_the_host_stay_outside_without_the_flag_too(start):
    source = "import sys\ndef handler(e, c):\n  return [p for p in sys.path if '-packages' in p]"
    with start({"app.py": source}, flags=()) as env:
        assert [p for p in env.invoke({}).json() if not p.startswith("/opt/python/")] == []


def test_the_bootstrap_is_a_module_that_wrappers_start(start):
    files = {
        "app.py": "def handler(e, c):\n  return 'served'",
        "wrapper.py": "import importlib, sys\nsys.path.append(sys.argv[1])\n"
                      "importlib.import_module('bootstrap').main()\n",
    }
    env = start(files)
    env.command = [env.command[0], "-S", str(pathlib.Path(env.task_root) / "wrapper.py"),
                   str(PYTHON_BOOTSTRAP.parent)]
    with env:
        assert env.invoke({}).json() == "served"


@pytest.mark.parametrize("over", ["pipes", "standby"])
def test_children_see_the_trace_of_their_invocation(start, over):
    """Also after so many that the variable is kept in a buffer; and it takes no memory."""
    source = """
import os, subprocess
def handler(event, context):
    if not event:
        return None
    seen = subprocess.check_output(["/bin/sh", "-c", "printf %s $_X_AMZN_TRACE_ID"]).decode()
    return [seen, os.environ["_X_AMZN_TRACE_ID"]]
"""
    with start({"app.py": source}, over=over) as env:
        for n in range(210):
            env.invoke({}, headers={"Lambda-Runtime-Trace-Id": "Root=%d" % n})
        for trace in ("Root=1-a;Parent=b", "Root=2"):
            said = env.invoke({"n": 1}, headers={"Lambda-Runtime-Trace-Id": trace}).json()
            assert said == [trace, trace]


@pytest.mark.parametrize("over", ["pipes", "standby"])
def test_the_trace_comes_back_where_a_function_took_it_away(start, over):
    source = """
import os, subprocess
def handler(event, context):
    seen = subprocess.check_output(["/bin/sh", "-c", "printf %s $_X_AMZN_TRACE_ID"]) if event else b""
    if event == "put":
        os.environ["_X_AMZN_TRACE_ID"] = "Root=own"
    if event == "delete":
        del os.environ["_X_AMZN_TRACE_ID"]
    if event == "more":
        os.environ.update({"MORE_%d" % n: "x" * 100 for n in range(100)})
    return seen.decode()
"""
    with start({"app.py": source}, over=over) as env:
        for n in range(210):
            env.invoke("", headers={"Lambda-Runtime-Trace-Id": "Root=%d" % n})
        for n, event in enumerate(["put", "see", "delete", "see", "more", "see"]):
            trace = "Root=1-{}".format(n)
            said = env.invoke(event, headers={"Lambda-Runtime-Trace-Id": trace}).json()
            assert said == trace, event


WAITING = FIND + """
import os
client = module.LambdaRuntimeClient
wait = client.wait_next_invocation
def waiting(self):
    print("flushed before the next, asked ahead:", self.api._asked)
    return wait(self)
client.wait_next_invocation = waiting
def handler(event, context):
    return event
"""


@pytest.mark.parametrize("over", ["fd", "standby"])
def test_what_is_done_before_waiting_belongs_to_the_invocation(start, over):
    with start({"app.py": WAITING}, over=over) as env:
        for n in range(2):
            assert env.invoke({"n": n}).json() == {"n": n}
        assert env.printed().count("asked ahead: False") >= 1
        assert "asked ahead: True" not in env.printed()


@pytest.mark.parametrize("over", ["fd", "standby"])
def test_a_function_may_put_another_environment_in_place(start, over):
    text = "import os\nos.environ = dict(os.environ)\ndef handler(e, c):\n"
    text += "  return os.environ.get('_X_AMZN_TRACE_ID')"
    with start({"app.py": text}, over=over) as env:
        for n in range(3):
            trace = "Root=1-5759e988-bd862e3fe1be46a99427279{}".format(n)
            assert env.invoke({}, headers={"Lambda-Runtime-Trace-Id": trace}).json() == trace

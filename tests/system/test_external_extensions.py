"""Extensions in layers: when they start, what they are sent, how long an invocation lasts for them,
how the environment ends, and what becomes of one whose extension fails."""
import json
import time

from api import Api
from extension_agent import START, deploy, publish
from test_extensions import TRACE, log_of
from waiting import eventually

BOTH = ["INVOKE", "SHUTDOWN"]
FUNCTION = '''
import signal, sys, time
print("function up", time.time(), flush=True)

def end(*_):
    print("function SIGTERM", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, end)

def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if "exit" in event:
        import os
        os._exit(event["exit"])
    return context.aws_request_id
'''


def lines(log, start):
    return [m for m in log if m.startswith(start)]


def event(line):
    return json.loads(line.split("agent event ", 1)[1])


def test_life(server):
    api = Api(server.address)
    deploy(api, "lives", FUNCTION, {"events": BOTH, "on_invoke": 0.5, "on_shutdown": 0.2})
    begun = time.monotonic()
    answer = api.invoke("lives", **{"X-Amzn-Trace-Id": TRACE})
    # The second one has its answer before the extension is done with it.
    assert eventually(lambda: lines(log_of(api, "lives"), "REPORT"))
    begun = time.monotonic()
    answer = api.invoke("lives", **{"X-Amzn-Trace-Id": TRACE})
    assert time.monotonic() - begun < 0.4
    assert eventually(lambda: len(lines(log_of(api, "lives"), "REPORT")) == 2)
    deleted = time.time()
    assert api.delete("lives").status == 204
    assert eventually(lambda: lines(log_of(api, "lives"), "agent bye"))
    log = log_of(api, "lives")

    # Extension, runtime, function.
    up = float(lines(log, "agent up")[0].split()[2])
    assert up < float(lines(log, "function up")[0].split()[2])
    assert 'agent registered 200 {"functionName":"lives","functionVersion":"$LATEST",' \
        '"handler":"app.handler"}' in log
    assert "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in log
    # What is the runtime's alone is not in its environment.
    sees = lines(log, "agent sees")[0].split()[2:]
    assert {"AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_ACCESS_KEY_ID", "PATH", "AGENT"} <= \
        set(sees)
    assert not [name for name in sees if name.startswith("_")]
    assert not {"AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
                "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR",
                "LAMBDA_TASK_ROOT"} & set(sees)

    events = [event(line) for line in lines(log, "agent event")]
    assert [e["eventType"] for e in events] == ["INVOKE", "INVOKE", "SHUTDOWN"]
    assert events[1]["requestId"] == answer.json()
    assert events[1]["tracing"]["type"] == "X-Amzn-Trace-Id"
    assert events[1]["tracing"]["value"].startswith(TRACE + ";Lineage=1:")
    assert events[1]["invokedFunctionArn"] == \
        "arn:aws:lambda:us-east-1:000000000000:function:lives"
    reports = lines(log, "REPORT")
    assert all(float(r.split("Duration: ")[1].split()[0]) >= 500 for r in reports), reports

    # The end: SIGTERM to the runtime, then SHUTDOWN with what is left of two seconds.
    assert events[2]["shutdownReason"] == "spindown"
    assert 1.0 < events[2]["deadlineMs"] / 1000 - deleted < 3.5
    assert log.index("function SIGTERM") < log.index(lines(log, "agent bye")[0])


def test_a_timeout_resets_with_its_reason(server):
    api = Api(server.address)
    deploy(api, "slow", FUNCTION, {"events": BOTH}, Timeout=1)
    answer = api.invoke("slow", {"sleep": 60})
    assert answer.json()["errorType"] == "Sandbox.Timedout"
    assert answer.json()["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert eventually(lambda: lines(log_of(api, "slow"), "agent bye"))
    events = [event(line) for line in lines(log_of(api, "slow"), "agent event")]
    assert [e.get("shutdownReason") for e in events] == [None, "timeout"]
    # The next one starts again.
    assert "errorType" not in str(api.invoke("slow").json())


def test_an_extension_that_takes_too_long_is_a_timeout_of_the_function(server):
    api = Api(server.address)
    deploy(api, "late", FUNCTION, {"events": BOTH, "on_invoke": 60}, Timeout=1)
    answer = api.invoke("late")
    assert "X-Amz-Function-Error" not in answer.headers  # the function was in time
    assert eventually(lambda: any("Status: timeout" in m for m in
                                  lines(log_of(api, "late"), "REPORT")))


def test_a_crash_of_the_runtime_resets_with_its_reason(server):
    api = Api(server.address)
    deploy(api, "crashes", FUNCTION, {"events": BOTH})
    answer = api.invoke("crashes", {"exit": 5}).json()
    assert answer["errorType"] == "Runtime.ExitError", answer
    assert eventually(lambda: lines(log_of(api, "crashes"), "agent bye"))
    events = [event(line) for line in lines(log_of(api, "crashes"), "agent event")]
    assert events[-1]["shutdownReason"] == "failure"


def failure(api, name, plan):
    deploy(api, name, FUNCTION, plan)
    answer = api.invoke(name)
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled"
    body = answer.json()
    return body["errorType"], body["errorMessage"].split(" Error: ", 1)[1]


def test_failures_of_an_extension(server):
    api = Api(server.address)
    assert failure(api, "exits", {"init": "exit"}) == ("Extension.Crash", "exit status 7")
    assert failure(api, "gives-up", {"events": BOTH, "init": "error"}) == \
        ("Extension.InitError", "exit status 3")
    log = log_of(api, "gives-up")
    assert 'agent posted 202 {"status":"OK"}' in [m.strip() for m in log]
    assert any(m.startswith("agent refused 403") and "Extension.MissingHeader" in m for m in log)
    assert "EXTENSION\tName: agent\tState: InitError\tEvents: [INVOKE, SHUTDOWN]\tError Type: " \
        "Extension.NoConfig" in log
    assert any(m.startswith("INIT_REPORT") and m.endswith("Error Type: Extension.InitError")
               for m in log)
    # While the function is at work; it is not asked for its answer any more.
    deploy(api, "gone", FUNCTION, {"events": BOTH, "on_invoke": "exit"})
    answer = api.invoke("gone", {"sleep": 20}).json()
    assert answer["errorType"] == "Extension.Crash", answer
    assert answer["errorMessage"].endswith("Error: exit status 9")
    deploy(api, "lost", FUNCTION, {"events": BOTH, "on_invoke": "error"})
    answer = api.invoke("lost", {"sleep": 20}).json()
    assert answer["errorType"] == "Extension.ExitError", answer


def test_what_cannot_be_started(server):
    api = Api(server.address)
    plain = publish(api, "plain", {"extensions/plain": "no program"}, {"extensions/plain": 0o644})
    api.deploy("launches", FUNCTION, Layers=[plain])
    answer = api.invoke("launches").json()
    assert answer["errorType"] == "Extension.LaunchError"
    assert answer["errorMessage"].endswith(
        "Error: fork/exec /opt/extensions/plain: permission denied")
    assert "EXTENSION\tName: plain\tState: LaunchError\tEvents: []\tError Type: PermissionDenied" \
        in log_of(api, "launches")
    # A directory is none, nor is what lies in it.
    quiet = publish(api, "quiet", {"extensions/helpers/agent": START, "extensions/.keep/x": ""})
    api.deploy("plainly", FUNCTION, Layers=[quiet])
    assert isinstance(api.invoke("plainly").json(), str)
    many = publish(api, "many", {f"extensions/e{n:02}": START for n in range(11)})
    api.deploy("crowd", FUNCTION, Layers=[many])
    answer = api.invoke("crowd").json()
    assert answer["errorType"] == "Extension.LaunchError"
    assert any("Error Type: TooManyExtensions" in m for m in log_of(api, "crowd"))


def test_stopping_gives_extensions_their_time_and_no_more(server):
    api = Api(server.address)
    deploy(api, "stubborn", FUNCTION, {"events": BOTH, "on_shutdown": 60})
    deploy(api, "working", FUNCTION, {"events": BOTH, "on_shutdown": 60})
    assert isinstance(api.invoke("stubborn").json(), str)
    try:
        Api(server.address, timeout=0.5).invoke("working", {"sleep": 60})
    except Exception:  # at work, and left so
        pass
    assert server.stop() < 5

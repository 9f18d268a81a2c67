"""X-Amzn-Trace-Id: every invocation has one, and everybody who hears of it hears the same."""
import re

import pytest

APP = """
import os
SEEN = os.environ.get("_X_AMZN_TRACE_ID")
def handler(event, context):
    return {"inside": os.environ.get("_X_AMZN_TRACE_ID"), "while loading": SEEN}
"""
ROOT = "1-5759e988-bd862e3fe1be46a994272793"
MADE = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=%d;Lineage=1:[0-9a-f]{8}:0"


def answered(answer):
    return answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]


@pytest.fixture(scope="module")
def functions(client):
    return {mode: client.deploy({"app.py": APP}, "python3.12", TracingConfig={"Mode": mode})
            for mode in ("PassThrough", "Active")}


@pytest.mark.parametrize("mode, sampled", [("PassThrough", 0), ("Active", 1)])
def test_one_is_made_for_each_invocation(client, functions, mode, sampled):
    seen = set()
    for _ in range(3):
        said, answer, _ = client.invoke(functions[mode])
        assert re.fullmatch(MADE % sampled, said["inside"])
        assert answered(answer) == said["inside"]
        assert said["while loading"] is None
        seen.add(said["inside"])
    assert len(seen) == 3


def test_a_callers_goes_on(client, functions):
    sent = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0"
    said, answer, _ = client.invoke(functions["PassThrough"], trace=sent)
    # The function is counted in the chain of those that ran.
    assert re.fullmatch(re.escape(sent) + r"\|[0-9a-f]{8}:0", said["inside"])
    assert answered(answer) == said["inside"]
    said, _, _ = client.invoke(functions["PassThrough"], trace=f"Root={ROOT}")
    assert re.fullmatch(f"Root={ROOT};Parent=[0-9a-f]{{16}};Sampled=0;Lineage=.*", said["inside"])
    said, _, _ = client.invoke(functions["Active"], trace=f"Root={ROOT}")
    assert re.fullmatch(f"Root={ROOT};Parent=[0-9a-f]{{16}};Sampled=1;Lineage=.*", said["inside"])


def test_the_log_tells_of_sampled_traces(client, functions):
    sampled = client.invoke(functions["Active"])
    root, parent = re.match(r"Root=([^;]+);Parent=([^;]+)", sampled[0]["inside"]).groups()
    assert re.search(rf"^REPORT .*\t\nXRAY TraceId: {root}\tSegmentId: {parent}\tSampled: true\t$",
                     sampled[2], re.MULTILINE), sampled[2]
    assert "XRAY" not in client.invoke(functions["PassThrough"])[2]


def test_tracing_is_kept_and_shown(client):
    name = client.deploy({"app.py": APP}, "python3.12")
    lam = client.lam
    shown = lam.get_function_configuration(FunctionName=name)["TracingConfig"]
    assert shown == {"Mode": "PassThrough"}
    changed = lam.update_function_configuration(FunctionName=name, TracingConfig={"Mode": "Active"})
    assert changed["TracingConfig"] == {"Mode": "Active"}
    lam.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
    assert ";Sampled=1;" in client.invoke(name)[0]["inside"]
    assert lam.publish_version(FunctionName=name)["TracingConfig"] == {"Mode": "Active"}


# A socket that is connected is told when nobody is there: the second datagram would be refused.
DATAGRAMS = """
import os, socket
def handler(event, context):
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.connect((host, int(port)))
        return [daemon.send(b"x" * 1000) for _ in range(500)][-1]
"""


def test_segments_are_sent_to_somebody(either):
    name = either.deploy({"app.py": DATAGRAMS}, "python3.12")
    assert either.invoke(name)[0] == 1000


RUBY = "def handler(event:, context:)\n  ENV['_X_AMZN_TRACE_ID']\nend\n"
NODE = "exports.handler = async () => process.env._X_AMZN_TRACE_ID;\n"


@pytest.mark.parametrize("runtime, files", [("ruby3.3", {"app.rb": RUBY}),
                                            ("nodejs20.x", {"app.js": NODE})])
def test_other_runtimes_have_it_in_their_environment(client, runtime, files):
    name = client.deploy(files, runtime)
    for _ in range(2):
        said, answer, _ = client.invoke(name)
        assert said == answered(answer) and re.fullmatch(MADE % 0, said)

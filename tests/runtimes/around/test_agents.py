"""Agents and tracers as people deploy them, unmodified: what they need of AWS is here."""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "runtimes/testing"))

from interpreters import pythons  # noqa: E402

# The packages are installed for the tests' own.
PYTHON = "python{}.{}".format(*sys.version_info[:2])
NEWEST = "python{}.{}".format(*max(pythons()))

TRACERS = ("aws_xray_sdk", "botocore", "certifi", "dateutil", "jmespath", "six.py", "urllib3",
           "wrapt", "typing_extensions.py", "aws_lambda_powertools")

SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration
from sentry_sdk.transport import Transport

class Recorder(Transport):
    def capture_envelope(self, envelope):
        event = envelope.get_event()
        if event:
            exception = event["exception"]["values"][-1]
            print("recorded", exception["type"], exception["value"],
                  exception["mechanism"]["type"], event["extra"]["lambda"]["function_name"])

sentry_sdk.init(dsn="https://key@sentry.invalid/1", transport=Recorder, debug=True,
                integrations=[AwsLambdaIntegration()])

def handler(event, context):
    if event.get("fail"):
        raise RuntimeError(event["fail"])
    return "well"
"""


def test_sentry_records_what_a_handler_raises(either, packages):
    name = either.deploy(packages({"app.py": SENTRY}, "sentry_sdk", "urllib3", "certifi"),
                         PYTHON, Timeout=60)
    said, answer, log = either.invoke(name)
    assert said == "well" and "recorded" not in log
    assert "integration disabled" not in log.lower() and "could not find" not in log
    for _ in range(2):
        said, answer, log = either.invoke(name, {"fail": "on purpose"})
        assert answer["FunctionError"] == "Unhandled" and said["errorType"] == "RuntimeError"
        assert f"recorded RuntimeError on purpose aws_lambda {name}" in log


XRAY = """
import os
from aws_xray_sdk.core import patch, xray_recorder
patch(["botocore"])

def handler(event, context):
    with xray_recorder.in_subsegment("work") as subsegment:
        if subsegment:
            subsegment.put_annotation("n", event.get("n", 0))
        segment = xray_recorder.current_segment()
        return {"header": os.environ["_X_AMZN_TRACE_ID"], "trace": segment.trace_id,
                "parent": segment.id, "sampled": segment.sampled,
                "subsegment": getattr(subsegment, "name", None)}
"""


@pytest.mark.parametrize("mode, sampled", [("PassThrough", "0"), ("Active", "1")])
def test_xray_sdk_opens_subsegments_and_logs_no_error(client, packages, mode, sampled):
    name = client.deploy(packages({"app.py": XRAY}, *TRACERS), PYTHON, Timeout=60,
                         TracingConfig={"Mode": mode})
    seen = set()
    for n in range(3):
        said, answer, log = client.invoke(name, {"n": n})
        assert "FunctionError" not in answer, said
        assert said["subsegment"] == "work"
        assert said["sampled"] == (sampled == "1")
        assert f"Root={said['trace']};Parent={said['parent']};Sampled={sampled};" in said["header"]
        assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"] == said["header"]
        assert not re.search("error|discarded|missing", log, re.IGNORECASE), log
        seen.add(said["trace"])
    assert len(seen) == 3


POWERTOOLS = """
from aws_lambda_powertools import Logger, Tracer
logger, tracer = Logger(service="shop"), Tracer(service="shop")

@tracer.capture_method
def total(lines):
    return sum(lines)

@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(event, context):
    tracer.put_annotation("order", event["order"])
    tracer.put_metadata("lines", event["lines"])
    logger.info("counted")
    return {"total": total(event["lines"])}
"""


@pytest.mark.parametrize("mode", ["PassThrough", "Active"])
def test_powertools_tracer_and_logger(client, packages, mode):
    name = client.deploy(packages({"app.py": POWERTOOLS}, *TRACERS), PYTHON, Timeout=60,
                         TracingConfig={"Mode": mode})
    for _ in range(2):
        said, answer, log = client.invoke(name, {"order": 7, "lines": [1, 2, 3]})
        assert said == {"total": 6}, log
        root = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"].split(";")[0][5:]
        assert f'"xray_trace_id":"{root}"' in log and '"message":"counted"' in log
        assert not re.search("discarded|context missing|Traceback", log, re.IGNORECASE), log


# A user's own agent: a layer whose .pth file patches the client before the function is loaded.
AGENT = """
import awslambdaric.bootstrap as client
original = client.handle_event_request
def around(lambda_runtime_client, request_handler, *args, **kwargs):
    def timed(event, context):
        print("agent sees", context.function_name)
        return request_handler(event, context)
    original(lambda_runtime_client, timed, *args, **kwargs)
client.handle_event_request = around
"""
ECHO = "import sys\ndef handler(event, context):\n    return sys.path[:3]\n"


@pytest.mark.parametrize("folder", ["python/", f"python/lib/{NEWEST}/site-packages/"])
@pytest.mark.parametrize("snap_start", [False, True])
def test_an_agent_comes_by_a_pth_file_of_a_layer(either, folder, snap_start):
    layer = either.layer({folder + "agent.py": AGENT, folder + "agent.pth": "import agent\n"})
    settings, version = {}, {}
    if snap_start:
        if max(pythons()) < (3, 12):
            pytest.skip("SnapStart is for Python 3.12 and newer")
        settings = {"SnapStart": {"ApplyOn": "PublishedVersions"}, "Publish": True}
        version = {"Qualifier": "1"}
    name = either.deploy({"app.py": ECHO}, NEWEST, Layers=[layer], **settings)
    if snap_start:
        either.lam.get_waiter("published_version_active").wait(
            FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
    for _ in range(2):
        said, _, log = either.invoke(name, **version)
        assert f"agent sees {name}" in log
        assert said == ["/var/task", f"/opt/python/lib/{NEWEST}/site-packages", "/opt/python"]


def test_pth_files_are_read_in_awss_order(either):
    layer = either.layer({
        "python/second.pth": "import sys; sys.order = getattr(sys, 'order', []) + ['/opt/python']\n",
        f"python/lib/{PYTHON}/site-packages/first.pth":
            "import sys; sys.order = getattr(sys, 'order', []) + ['site-packages']\n"})
    name = either.deploy({
        "app.py": "import sys, far\ndef handler(e, c):\n    return [sys.order, far.PLACE]",
        "own.pth": "vendor\nimport sys; sys.order = getattr(sys, 'order', []) + ['/var/task']\n",
        "vendor/far.py": "PLACE = __file__"}, PYTHON, Layers=[layer])
    assert either.invoke(name)[0] == [["/var/task", "site-packages", "/opt/python"],
                                      "/var/task/vendor/far.py"]

"""The environment variables of functions: the whole set, per runtime, as recorded on AWS.

Differences that are meant: `AWS_ENDPOINT_URL` leads to this server; Ruby's RUBYLIB has no folder of
AWS's client; what AWS's client for Java 17 and newer has of its log descriptor is not there.
"""
import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "runtimes/testing"))

from interpreters import pythons, rubies  # noqa: E402

TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;"
                   r"Lineage=1:[0-9a-f]{8}:0")
ANY = re.compile(r".+")
PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
LIBRARIES = ("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:"
             "/var/task/lib:/opt/lib")
SHELL = {"PWD": "/var/task", "SHLVL": "0"}
SNAP_START = {
    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start", "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_LOG_GROUP_NAME": None, "AWS_LAMBDA_LOG_STREAM_NAME": None,
    "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_SESSION_TOKEN": None,
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/2021-04-23/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": ANY}


def every(name, runtime):
    return {
        "AWS_ACCESS_KEY_ID": ANY, "AWS_SECRET_ACCESS_KEY": ANY, "AWS_SESSION_TOKEN": ANY,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": re.compile(r"http://169\.254\.100\.1:4566"),
        "AWS_EXECUTION_ENV": "AWS_Lambda_" + runtime,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + name,
        "AWS_LAMBDA_LOG_STREAM_NAME": re.compile(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}"),
        "AWS_LAMBDA_RUNTIME_API": "169.254.100.1:9001",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1", "_AWS_XRAY_DAEMON_PORT": "2000",
        "LAMBDA_RUNTIME_DIR": "/var/runtime", "LAMBDA_TASK_ROOT": "/var/task",
        "LANG": "en_US.UTF-8", "LD_LIBRARY_PATH": LIBRARIES, "PATH": PATH, "TZ": ":UTC",
        "_HANDLER": "app.handler", "_X_AMZN_TRACE_ID": TRACE, "TEST_KEY": "TEST_VAL"}


def check(found, expected, **changed):
    expected = {key: value for key, value in {**expected, **changed}.items() if value is not None}
    assert sorted(found) == sorted(expected)
    for key, value in expected.items():
        if isinstance(value, str):
            assert found[key] == value, key
        else:
            assert value.fullmatch(found[key]), (key, found[key])


def see(client, code, runtime, **settings):
    name = client.deploy(code, runtime, Environment={"Variables": {"TEST_KEY": "TEST_VAL"}},
                         **settings)
    for _ in range(2):
        found, answer, log = client.invoke(name)
        assert "FunctionError" not in answer, log
    return name, found


PYTHON_APP = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"


@pytest.mark.parametrize("version", pythons(), ids=str)
def test_python(either, version):
    runtime = "python{}.{}".format(*version)
    name, found = see(either, {"app.py": PYTHON_APP}, runtime)
    check(found, every(name, runtime), **SHELL, PYTHONPATH="/var/runtime",
          LC_CTYPE="C.UTF-8" if version >= (3, 12) else None)


def test_python_with_snap_start(client):
    newest = max(pythons())
    if newest < (3, 12):
        pytest.skip("SnapStart is for Python 3.12 and newer")
    runtime = "python{}.{}".format(*newest)
    name, _ = see(client, {"app.py": PYTHON_APP}, runtime, Publish=True,
                  SnapStart={"ApplyOn": "PublishedVersions"})
    client.lam.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
    found, _, _ = client.invoke(name, Qualifier="1")
    check(found, every(name, runtime), **SHELL, **SNAP_START, PYTHONPATH="/var/runtime",
          LC_CTYPE="C.UTF-8")


NODE_APP = "exports.handler = async () => ({ ...process.env });\n"


@pytest.mark.skipif(not shutil.which("node"), reason="no Node.js on this machine")
@pytest.mark.parametrize("major", [18, 20, 22])
def test_node(either, major):
    runtime = f"nodejs{major}.x"
    name, found = see(either, {"app.js": NODE_APP}, runtime)
    certificates = "/var/runtime/ca-cert.pem" if major <= 18 else None
    check(found, every(name, runtime), **SHELL, NODE_EXTRA_CA_CERTS=certificates, NODE_PATH=(
        f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:"
        "/var/runtime/node_modules:/var/runtime:/var/task"))


@pytest.mark.skipif(not shutil.which("node"), reason="no Node.js on this machine")
def test_node_finds_the_certificates_that_awss_manual_names(client):
    code = ("const fs = require('fs');\nexports.handler = async () => "
            "fs.readFileSync('/var/runtime/ca-cert.pem', 'latin1').includes('BEGIN CERTIFICATE');\n")
    said, _, log = client.invoke(client.deploy({"app.js": code}, "nodejs18.x"))
    assert said is True and "extra certs" not in log, log


RUBY_APP = "def handler(event:, context:)\n  ENV.to_h\nend\n"


@pytest.mark.skipif(not rubies(), reason="no Ruby on this machine")
@pytest.mark.parametrize("version", ["3.2", "3.3", "3.4"])
def test_ruby(either, version):
    """Served by a neighbour, gems for that one are looked for, too."""
    runtime = "ruby" + version
    name, found = see(either, {"app.rb": RUBY_APP}, runtime)
    own = f"/var/task/vendor/bundle/ruby/{version}.0:/opt/ruby/gems/{version}.0"
    neighbours = r"(:/var/task/vendor/bundle/ruby/\d\.\d\.0:/opt/ruby/gems/\d\.\d\.0)?"
    check(found, every(name, runtime), **SHELL, GEM_HOME="/var/runtime", GEM_PATH=re.compile(
        f"{own}{neighbours}:/var/runtime:/var/runtime/ruby/{version}.0"), RUBYLIB="/var/task:/var/runtime/lib:/opt/ruby/lib",
        PATH="/var/lang/bin:" + PATH, LD_LIBRARY_PATH="/var/lang/lib:" + LIBRARIES)


# What it was started with: the shell adds some of its own.
BOOTSTRAP = r"""#!/bin/bash
api() {  # api METHOD PATH BODY: the answer's head
  exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}"
  printf '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
    "$1" "/2018-06-01/runtime/$2" "${#3}" "$3" >&3
  local line; head=''
  while IFS= read -r line <&3; do line=${line%$'\r'}; [ "$line" ] || break; head+=$line$'\n'; done
  exec 3>&-
}
field() { local line; while IFS= read -r line; do
  [[ ${line,,} == "$1: "* ]] && printf %s "${line#*: }"; done <<<"$head"; }
while true; do
  api GET invocation/next ''
  id=$(field lambda-runtime-aws-request-id)
  body="{\"_X_AMZN_TRACE_ID\":\"$(field lambda-runtime-trace-id)\""
  while IFS= read -r -d '' entry; do
    body+=",\"${entry%%=*}\":\"${entry#*=}\""
  done <"/proc/$$/environ"
  api POST "invocation/$id/response" "$body}"
done
"""


@pytest.mark.parametrize("runtime", ["provided.al2", "provided.al2023"])
def test_provided(either, runtime):
    """The trace's header is there for the bootstrap to put where it belongs."""
    name, found = see(either, {"bootstrap": BOOTSTRAP}, runtime)
    older = {"PATH": PATH.partition(":")[2], "LD_LIBRARY_PATH": LIBRARIES.partition(":")[2]}
    check(found, every(name, runtime), AWS_EXECUTION_ENV=None,
          **(older if runtime == "provided.al2" else {}))

"""Extensions as they are published, unmodified: one of npm in a layer, which lives on the Logs API,
and one of PyPI inside the function, which is there for SIGTERM."""
import base64
import pathlib
import subprocess
import sys
import tarfile

import pytest
from api import Api
from functions import package
from test_extensions import log_of
from test_external_extensions import lines
from waiting import eventually

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "runtimes" / "testing"))

from interpreters import nodes  # noqa: E402

OTEL = "@serverless/aws-lambda-otel-extension-dist@0.1.11"
SIGTERM = ["lambda-sigterm==0.1.2", "urllib3==2.8.0"]
FETCH_SECONDS = 120


def fetched(command, what):
    run = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS)
    if run.returncode:
        pytest.skip(f"{what} cannot be had here: {run.stderr.strip()[-200:]}")


@pytest.fixture(scope="module")
def otel_layer(tmp_path_factory):
    """The layer's archive, as it lies in the package."""
    if not nodes():
        pytest.skip("no Node.js")
    folder = tmp_path_factory.mktemp("npm")
    fetched(["npm", "pack", "--silent", "--pack-destination", str(folder), OTEL], OTEL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        return archive.extractfile("package/extension.zip").read()


def test_serverless_otel_extension(server, otel_layer):
    api = Api(server.address)
    made = api.call("POST", "/2018-10-31/layers/otel/versions",
                    {"Content": {"ZipFile": base64.b64encode(otel_layer).decode()}})
    assert made.status == 201, made.body
    major = max(nodes())[0]
    source = {"index.mjs": "export const handler = async (event) => ({got: event});"}
    created = api.create("otel", package(source), f"nodejs{major}.x",
                         Handler="index.handler", MemorySize=512,
                         Layers=[made.json()["LayerVersionArn"]],
                         Environment={"Variables": {"DEBUG_SLS_OTEL_LAYER": "1",
                                                    "DO_NOT_WAIT": "1"}})
    assert created.status == 201, created.body
    api.active("otel")
    for n in range(2):
        answer = api.invoke("otel", {"n": n}, **{"X-Amz-Log-Type": "Tail"})
        assert answer.json() == {"got": {"n": n}}, answer.body
    log = []

    def reported():
        log[:] = log_of(api, "otel")
        return any("platform.report" in m and "BATCH" not in m for m in
                   lines(log, "LOGS:") + lines(log, "Current data before write"))
    assert "EXTENSION\tName: otel-extension\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in \
        log_of(api, "otel")
    assert "LOGS\tName: otel-extension\tState: Subscribed\tTypes: [Platform]" in \
        log_of(api, "otel")
    assert eventually(reported), log
    api.delete("otel")
    assert eventually(lambda: any("Processing event:  SHUTDOWN" in m for m in
                                  log_of(api, "otel"))), log_of(api, "otel")


@pytest.fixture(scope="module")
def sigterm_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pypi")
    fetched([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:",
             "--disable-pip-version-check", "--target", str(folder), *SIGTERM], SIGTERM[0])
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def test_lambda_sigterm(server, sigterm_package):
    api = Api(server.address)
    api.deploy("graceful", {**sigterm_package, "app.py": '''
import signal, sys
import lambda_sigterm

def end(*_):
    print("said goodbye", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
lambda_sigterm.register()

def handler(event, context):
    return "served"
'''})
    assert api.invoke("graceful").json() == "served"
    assert "EXTENSION\tName: lambda-sigterm\tState: Ready\tEvents: []" in log_of(api, "graceful")
    api.delete("graceful")
    assert eventually(lambda: "said goodbye" in log_of(api, "graceful"))

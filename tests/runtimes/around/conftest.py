"""Functions and what AWS puts around their runtime clients; one server for all tests here."""
import base64
import json
import pathlib
import sys
import uuid
import zipfile
from io import BytesIO

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "runtimes" / "testing")]

from functions import ROLE, package  # noqa: E402
from serving import serving  # noqa: E402

PACKAGES = ROOT / "build" / "agent-packages"
# Descriptions of services; nobody here calls any but these.
SERVICES = {"sts", "xray", "lambda"}


class Client:
    """Functions of one server."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.lam = boto3.client(
            "lambda", endpoint_url=endpoint, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, read_timeout=120))

    def deploy(self, code, runtime, handler="app.handler", **settings):
        code = code if isinstance(code, bytes) else package(code)
        name = "around-" + uuid.uuid4().hex[:12]
        self.lam.create_function(**{
            "FunctionName": name, "Runtime": runtime, "Role": ROLE, "Handler": handler,
            "Code": {"ZipFile": code}, "MemorySize": 512, "Timeout": 30, **settings})
        self.active(name)
        return name

    def active(self, name):
        self.lam.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})

    def layer(self, content):
        content = content if isinstance(content, bytes) else package(content)
        return self.lam.publish_layer_version(
            LayerName="around-" + uuid.uuid4().hex[:12],
            Content={"ZipFile": content})["LayerVersionArn"]

    def invoke(self, name, event=None, trace=None, **settings):
        """(answer's document, the whole answer, tail of the log)"""
        def add(request, **_):
            request.headers["X-Amzn-Trace-Id"] = trace
        if trace:
            self.lam.meta.events.register("before-send.lambda.Invoke", add)
        try:
            answer = self.lam.invoke(FunctionName=name, Payload=json.dumps(event or {}),
                                     LogType="Tail", **settings)
        finally:
            if trace:
                self.lam.meta.events.unregister("before-send.lambda.Invoke", add)
        log = base64.b64decode(answer["LogResult"]).decode(errors="replace")
        return json.loads(answer["Payload"].read()), answer, log


@pytest.fixture(scope="session")
def client(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data")) as endpoint:
        yield Client(endpoint)


@pytest.fixture(scope="session", params=["ahead", "plain"])
def either(request, client, tmp_path_factory):
    """Environments that stood by, and those that start when they are asked for."""
    if request.param == "ahead":
        yield client
        return
    with serving(tmp_path_factory.mktemp("data"), "--set", "starts.standby=false") as endpoint:
        yield Client(endpoint)


@pytest.fixture(scope="session")
def packages():
    """packages(files, name...) -> a zip of files and installed packages, below `prefix`."""
    if not (PACKAGES / ".prepared").exists():
        pytest.skip("tests/prepare.sh could not get the packages of functions")

    def wanted(path):
        parts = path.relative_to(PACKAGES).parts
        return "__pycache__" not in parts and (
            parts[:2] != ("botocore", "data") or len(parts) == 3 or parts[2] in SERVICES)

    def make(files, *names, prefix=""):
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in files.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = 0o100644 << 16
                archive.writestr(info, content)
            for name in names:
                source = PACKAGES / name
                assert source.exists(), f"{name} is not among the packages"
                for path in [source] if source.is_file() else sorted(source.rglob("*")):
                    if path.is_file() and wanted(path):
                        archive.write(path, prefix + str(path.relative_to(PACKAGES)))
        return out.getvalue()
    return make

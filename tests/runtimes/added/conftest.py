"""A server with runtimes of its own (`lapwing runtime add`), and clients of it."""
import base64
import json
import pathlib
import subprocess
import sys
import uuid

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "runtimes" / "testing")]

from functions import ROLE, package  # noqa: E402
from serving import Server, binary  # noqa: E402

COMMAND_SECONDS = 300
FETCH_SECONDS = 600


def lapwing(*arguments):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True,
                          timeout=COMMAND_SECONDS)


class Client:
    """Functions of one server."""

    def __init__(self, server):
        self.server = server
        self.lam = boto3.client(
            "lambda", endpoint_url=server.endpoint, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, read_timeout=120))

    def deploy(self, code, runtime, handler, **settings):
        code = code if isinstance(code, bytes) else package(code)
        name = "added-" + uuid.uuid4().hex[:12]
        self.lam.create_function(**{
            "FunctionName": name, "Runtime": runtime, "Role": ROLE, "Handler": handler,
            "Code": {"ZipFile": code}, "MemorySize": 512, "Timeout": 30, **settings})
        self.lam.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
        return name

    def invoke(self, name, event):
        """(answer's document, the whole answer, tail of the log)"""
        answer = self.lam.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode(errors="replace")
        return json.loads(answer["Payload"].read()), answer, log


@pytest.fixture(scope="session")
def java_client():
    """AWS's client for Java, a directory that `lapwing runtime add java-client` takes."""
    client = ROOT / "build" / "java-client"
    run = subprocess.run([str(ROOT / "runtimes/java/client/fetch.sh"), str(client)],
                         capture_output=True, text=True, timeout=FETCH_SECONDS)
    if run.returncode != 0 and not (client / ".version").exists():
        pytest.skip("AWS's Java client cannot be had here: " + run.stderr[-300:])
    return client


@pytest.fixture
def started():
    """started(data_dir, ...) -> Client of a server that is stopped at the end."""
    servers = []

    def start(data_dir, *arguments):
        servers.append(Server(data_dir, *arguments).start())
        return Client(servers[-1])
    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()

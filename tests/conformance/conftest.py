"""One server and its clients for every conformance test.

The server is the one LAPWING_ENDPOINT names, or a fresh one of LAPWING_BINARY. With --aws (or
LAPWING_TEST_AWS=1) the tests run against AWS itself, with the credentials at hand and the
execution role LAPWING_TEST_ROLE names; tests that only mean Lapwing are left out then.
"""
import pathlib
import sys
import uuid

import boto3
import pytest
from botocore.config import Config

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "runtimes" / "testing")]

import os  # noqa: E402

from functions import ROLE, package  # noqa: E402
from serving import serving  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--aws", action="store_true",
                     default=os.environ.get("LAPWING_TEST_AWS") == "1",
                     help="run against AWS instead of a Lapwing")


def pytest_configure(config):
    config.addinivalue_line("markers", "lapwing: not a matter of AWS; left out with --aws")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--aws"):
        for item in items:
            if item.get_closest_marker("lapwing"):
                item.add_marker(pytest.mark.skip(reason="only means Lapwing"))


@pytest.fixture(scope="session")
def against_aws(request):
    return request.config.getoption("--aws")


@pytest.fixture(scope="session")
def endpoint(against_aws, tmp_path_factory):
    if against_aws:
        yield None
        return
    with serving(tmp_path_factory.mktemp("data"), "--set", "log.level=info") as address:
        yield address


@pytest.fixture(scope="session")
def client(endpoint):
    """client("lambda"): a boto3 client; keyword arguments go to botocore's Config."""
    made = {}

    def make(service, **config):
        key = (service, repr(sorted(config.items())))
        if key not in made:
            config = Config(**{"retries": {"max_attempts": 0}, "read_timeout": 120,
                               "max_pool_connections": 32, **config})
            made[key] = boto3.client(service, config=config) if endpoint is None else \
                boto3.client(service, config=config, endpoint_url=endpoint,
                             region_name="us-east-1", aws_access_key_id="test",
                             aws_secret_access_key="test")
        return made[key]
    return make


@pytest.fixture(scope="session")
def lam(client):
    return client("lambda")


@pytest.fixture(scope="session")
def logs(client):
    return client("logs")


@pytest.fixture(scope="session")
def role(against_aws):
    return os.environ["LAPWING_TEST_ROLE"] if against_aws else ROLE


@pytest.fixture(scope="session")
def waited(lam, against_aws):
    """waited(name): the SDK's waiters say the function can be used."""
    config = {"Delay": 1, "MaxAttempts": 60} if against_aws else \
        {"Delay": 0.05, "MaxAttempts": 1200}

    def wait(name):
        for waiter in ("function_active_v2", "function_updated_v2"):
            lam.get_waiter(waiter).wait(FunctionName=name, WaiterConfig=config)
        return name
    return wait


@pytest.fixture(scope="session")
def deploy(lam, role, waited):
    """deploy(files, **settings) -> name of a function that is active; deleted at the end.
    `files` is a dict of the package's files, or the text of its only one."""
    made = []

    def create(files, runtime=None, handler="app.handler", **settings):
        runtime = runtime or "python3.11"
        name = settings.pop("FunctionName", "conformance-" + uuid.uuid4().hex[:12])
        if isinstance(files, str):
            files = {"bootstrap" if runtime.startswith("provided") else
                     "app.py" if runtime.startswith("python") else
                     "app.rb" if runtime.startswith("ruby") else "app.js": files}
        code = files if isinstance(files, bytes) else package(files)
        lam.create_function(**{
            "FunctionName": name, "Runtime": runtime, "Role": role, "Handler": handler,
            "Code": {"ZipFile": code}, "Timeout": 30, **settings})
        made.append(name)
        return waited(name)

    yield create
    for name in made:
        try:
            lam.delete_function(FunctionName=name)
        except lam.exceptions.ResourceNotFoundException:
            pass


@pytest.fixture(scope="session")
def log_of(logs):
    """log_of(name): every line in the function's log group, in order."""
    def read(name):
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName="/aws/lambda/" + name)
            return [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []
    return read

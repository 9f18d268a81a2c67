"""A Lapwing for these tests: the one LAPWING_ENDPOINT names, or a fresh one of LAPWING_BINARY.
With LAPWING_TEST_AWS=1 the tests run against AWS itself, with the credentials at hand."""
import os
import re
import signal
import subprocess

import boto3
import pytest
from botocore.config import Config

READY = re.compile(rb"listening on (http://\S+)")


@pytest.fixture(scope="session")
def against_aws():
    return os.environ.get("LAPWING_TEST_AWS") == "1"


@pytest.fixture(scope="session")
def endpoint(against_aws, tmp_path_factory):
    if against_aws:
        yield None
        return
    if os.environ.get("LAPWING_ENDPOINT"):
        yield os.environ["LAPWING_ENDPOINT"]
        return
    binary = os.environ.get("LAPWING_BINARY", "")
    if not os.path.exists(binary):
        pytest.skip("no server: set LAPWING_BINARY or LAPWING_ENDPOINT")
    server = subprocess.Popen(
        [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir",
         str(tmp_path_factory.mktemp("data"))],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        said = b""
        for line in server.stderr:
            said += line
            ready = READY.search(line)
            if ready:
                break
        else:
            pytest.fail("the server ended: " + said.decode(errors="replace"))
        yield ready.group(1).decode()
    finally:
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
        assert server.wait(timeout=30) == 0


@pytest.fixture
def client(endpoint):
    def make(service):
        if endpoint is None:
            return boto3.client(service)
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(retries={"max_attempts": 1}))
    return make

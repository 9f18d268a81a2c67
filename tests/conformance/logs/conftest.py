"""A Lapwing for these tests, as tests/serving.py starts or finds it. With LAPWING_TEST_AWS=1
they run against AWS itself, with the credentials at hand."""
import os
import pathlib
import sys

import boto3
import pytest
from botocore.config import Config

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from serving import serving  # noqa: E402  (found through the line above)


@pytest.fixture(scope="session")
def against_aws():
    return os.environ.get("LAPWING_TEST_AWS") == "1"


@pytest.fixture(scope="session")
def endpoint(against_aws, tmp_path_factory):
    if against_aws:
        yield None
        return
    with serving(tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture
def client(endpoint):
    def make(service):
        if endpoint is None:
            return boto3.client(service)
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(retries={"max_attempts": 1}))
    return make

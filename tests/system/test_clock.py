"""clock=manual: what services wait for passes when somebody says so."""
import json
import urllib.error
import urllib.request

import boto3
import pytest
from serving import Server
from test_commands import lapwing

DAY = 24 * 3600


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data", "--set", "clock=manual").start()
    yield server
    server.stop()


def client_of(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="x", aws_secret_access_key="x")


def clock(server, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(server.endpoint + "/_lapwing/clock", data=data, timeout=30) as answer:
        return json.load(answer)


def test_retention_of_a_week_is_over_in_a_second(server):
    logs = client_of(server, "logs")
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=7)
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = logs.describe_log_groups()["logGroups"][0]["creationTime"]
    logs.put_log_events(logGroupName="g", logStreamName="s",
                        logEvents=[{"timestamp": now, "message": "kept for a week"}])

    def kept():
        return [e["message"] for e in
                logs.get_log_events(logGroupName="g", logStreamName="s")["events"]]
    clock(server, {"advance_seconds": 7 * DAY - 60})
    assert kept() == ["kept for a week"]
    clock(server, {"advance_seconds": 120})
    assert kept() == []


def test_the_command_moves_it(server):
    address = "{}:{}".format(*server.address)
    before = json.loads(lapwing("clock", "--listen", address))["now"]
    assert json.loads(lapwing("clock", "--listen", address))["now"] == before  # it stands still
    after = json.loads(lapwing("clock", "advance", "1d2h", "--listen", address))["now"]
    assert before[:10] < after[:10]
    for wrong in ("2", "m", "1h-3m", "11y", "5000d"):
        assert "how far" in lapwing("clock", "advance", wrong, "--listen", address, status=2)


def test_what_is_no_advance_is_refused(server):
    for body in ({}, {"advance_seconds": -1}, {"advance_seconds": "2"}, {"advance_seconds": 1e12}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            clock(server, body)
        assert refused.value.code == 400


def test_a_clock_of_the_machine_is_not_moved(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            clock(server, {"advance_seconds": 1})
        assert refused.value.code == 409 and b"clock=manual" in refused.value.read()
    finally:
        server.stop()

"""clock=manual: what services wait for passes when somebody says so."""
import json
import os
import re
import time
import urllib.error
import urllib.request

import boto3
import pytest
from api import Api
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
    for wrong in ("", "2", "m", "1h-3m", "11y", "5000d", "1d1d", "30m1h"):
        said = lapwing("clock", "advance", wrong, "--listen", address, status=2)
        assert f"'{wrong}' is no time to move the clock by: say 90s, 2m" in said
    assert json.loads(lapwing("clock", "--listen", address))["now"] == after


def test_the_start_and_health_say_that_it_is_manual(server):
    said = re.compile(r"clock manual \(it stands at 2\S+ until `lapwing clock advance`")
    assert said.search(server.log()), server.log()
    with urllib.request.urlopen(server.endpoint + "/_lapwing/health", timeout=30) as answer:
        health = json.load(answer)
    assert health["clock"] == "manual" and health["now"].startswith("2")


def test_the_command_says_what_is_wrong_with_an_address(server):
    address = "{}:{}".format(*server.address)
    elsewhere = {**os.environ, "AWS_ENDPOINT_URL": "https://" + address}
    said = lapwing("clock", status=2, env=elsewhere)
    assert f"AWS_ENDPOINT_URL=https://{address} does not begin with http://" in said
    assert "--listen HOST:PORT" in said
    assert "is no address of a server" in lapwing("clock", "--listen", "name.test:1", status=2)
    here = {**os.environ, "AWS_ENDPOINT_URL": "http://" + address}
    assert json.loads(lapwing("clock", env=here))["clock"] == "manual"


def test_function_output_is_kept_while_the_clock_is_ahead(server):
    api = Api(server.address)
    api.deploy("says", "def handler(event, context):\n    print('said')\n", MemorySize=128)
    logs = client_of(server, "logs")
    clock(server, {"advance_seconds": 30 * DAY})
    assert api.invoke("says", {}).status == 200
    group = "/aws/lambda/says"
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)

    def lines():
        return [event["message"] for event in logs.filter_log_events(
            logGroupName=group, filterPattern="said")["events"]]
    assert lines() == ["said\n"]
    logs.create_log_stream(logGroupName=group, logStreamName="own")
    put = logs.put_log_events(logGroupName=group, logStreamName="own", logEvents=[
        {"timestamp": int(time.time() * 1000), "message": "said by a client"}])
    assert "rejectedLogEventsInfo" not in put
    clock(server, {"advance_seconds": 6 * DAY})
    assert sorted(lines()) == ["said\n", "said by a client"]
    clock(server, {"advance_seconds": 2 * DAY})
    assert lines() == []


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
        address = "{}:{}".format(*server.address)
        assert json.loads(lapwing("clock", "--listen", address))["clock"] == "system"
        said = lapwing("clock", "advance", "1s", "--listen", address, status=1)
        assert said == ("lapwing: The clock is the system's, and is not moved: start the server "
                        "with --set clock=manual\n")
        assert "clock manual" not in server.log()
    finally:
        server.stop()

"""Concurrency as the configuration sets it, over a kill, and under a flood."""
import re
import threading

import pytest

from api import Api
from serving import Server
from waiting import eventually

APP = '''
import os, time
calls = 0

def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("seconds", 0))
    return {"calls": calls, "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "stream": context.log_stream_name}
'''


@pytest.fixture
def serve(data_dir):
    """serve("key=value", ...): a server with those settings, stopped at the end."""
    servers = []

    def start(*settings):
        server = Server(data_dir, *(part for s in settings for part in ("--set", s))).start()
        servers.append(server)
        return server
    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def metric(api, name):
    text = api.call("GET", "/_lapwing/metrics").body.decode()
    return int(re.search(rf"^lapwing_{re.escape(name)} (\d+)$", text, re.M).group(1))


def provision(api, name, version, count):
    answer = api.call("PUT", f"/2019-09-30/functions/{name}/provisioned-concurrency"
                      f"?Qualifier={version}", {"ProvisionedConcurrentExecutions": count})
    assert answer.status == 202, answer.body


def stand_by(api, name, version):
    config = api.call("GET", f"/2019-09-30/functions/{name}/provisioned-concurrency"
                      f"?Qualifier={version}").json()
    return config["Status"] == "READY" and config["AvailableProvisionedConcurrentExecutions"]


def test_provisioned_environments_are_made_again_after_a_kill(serve):
    server = serve()
    api = Api(server.address)
    api.deploy("f", APP)
    assert api.call("POST", "/2015-03-31/functions/f/versions", {}).status == 201
    provision(api, "f", 1, 2)
    assert eventually(lambda: stand_by(api, "f", 1) == 2)
    assert api.call("PUT", "/2017-10-31/functions/f/concurrency",
                    {"ReservedConcurrentExecutions": 2}).status == 200
    server.kill()
    api = Api(serve().address)
    assert eventually(lambda: stand_by(api, "f", 1) == 2)
    assert metric(api, "provisioned_environments") == 2
    answer = api.call("POST", "/2015-03-31/functions/f/invocations?Qualifier=1", {}).json()
    assert (answer["kind"], answer["calls"]) == ("provisioned-concurrency", 1)
    assert metric(api, 'cold_starts_total{kind="on_demand"}') == 0
    # What is reserved is all provisioned: nothing is left for $LATEST.
    refused = api.call("POST", "/2015-03-31/functions/f/invocations", {})
    assert refused.status == 429
    assert refused.json() == {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
                              "Type": "User", "message": "Rate Exceeded."}
    assert refused.headers["x-amzn-ErrorType"] == "TooManyRequestsException"


def test_idle_environments_go_after_their_time(serve):
    api = Api(serve("engine.idle_seconds=1").address)
    api.deploy("f", APP)
    assert api.invoke("f", {}).status == 200
    assert eventually(lambda: metric(api, "environments") == 0)
    assert metric(api, 'evictions_total{reason="idle"}') == 1


def test_old_environments_are_recycled(serve):
    api = Api(serve("engine.recycle_seconds=1").address)
    api.deploy("f", APP)
    first = api.invoke("f", {}).json()["stream"]
    assert eventually(lambda: api.invoke("f", {}).json()["stream"] != first)
    assert metric(api, 'evictions_total{reason="age"}') >= 1


def test_idle_environments_go_while_memory_is_short(serve):
    # More than any machine has: always short.
    api = Api(serve("engine.memory_reserve_mb=1000000000").address)
    for name in ("a", "b"):
        api.deploy(name, APP)
        assert api.invoke(name, {}).status == 200
    assert eventually(lambda: metric(api, "environments") == 0)
    assert metric(api, 'evictions_total{reason="pressure"}') >= 1
    assert api.invoke("a", {}).json()["calls"] == 1


def test_a_flood_does_not_starve_another_function(serve):
    server = serve("engine.environments_max=3")
    api = Api(server.address)
    api.deploy("flood", APP)
    api.deploy("other", APP)
    over = threading.Event()

    def flood():
        client = Api(server.address)
        while not over.is_set():
            client.invoke("flood", {"seconds": 0.1})
    threads = [threading.Thread(target=flood) for _ in range(12)]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: metric(api, "invocations_waiting") > 0)
        for _ in range(3):
            answer = api.invoke("other", {})
            assert answer.status == 200, answer.body
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert sum(metric(api, f'throttles_total{{reason="{reason}"}}')
               for reason in ("account", "machine", "scaling_rate")) == 0

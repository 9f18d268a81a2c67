"""kill -9 of the server at random points of a storm of changes, then a restart: what was
acknowledged is there, nothing half-made shows, nothing of a sandbox is left.

LAPWING_LONG=1 kills 50 times, else 8. LAPWING_SEED repeats a run's choices.
"""
import base64
import hashlib
import os
import random
import threading
import urllib.request

import pytest
from api import Api, Gone
from conftest import LONG
from functions import package
from holdings import holdings, nothing_held, processes
from serving import Server
from waiting import eventually

ROUNDS = 50 if LONG else 8
CLIENTS = 5
NAMES_EACH = 3
ACKNOWLEDGED_MAX = 60  # a round's kill comes after 1 to so many acknowledged changes
SOURCE = "def handler(event, context):\n    return {!r}\n"


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


class Function:
    """What one client knows of a function of its own: the state last acknowledged (None: not
    there) and, when an answer never came, the state it may have instead."""

    def __init__(self, name):
        self.name = name
        self.known = None
        self.doubt = []  # at most one other state
        self.last_version = 0  # numbers are never used again
        self.values = {}  # what code answers, by its hash

    def allowed(self):
        return [self.known, *self.doubt]

    def published(self, state):
        """`state` with a version of what it is; itself when the newest version is the same."""
        versions, now = state["versions"], (state["description"], state["sha256"])
        if versions and versions[max(versions)] == now:
            return state
        return {**state, "versions": {**versions, self.last_version + 1: now}}

    def settle(self, state):
        self.known, self.doubt = state, []
        if state:
            self.last_version = max([self.last_version, *state["versions"]])


class Client(threading.Thread):
    """Changes its functions until the server goes away."""

    def __init__(self, number, functions, seed, acknowledged):
        super().__init__(daemon=True)
        self.functions, self.random = functions, random.Random(seed)
        self.acknowledged, self.number = acknowledged, number
        self.address = None
        self.failure = None

    def run(self):
        api = Api(self.address)
        try:
            while True:
                self.change(api, self.random.choice(self.functions))
        except Gone:
            pass
        except Exception as error:  # told by the main thread
            self.failure = error
        finally:
            api.close()

    def change(self, api, function):
        value = f"{self.number}-{self.random.getrandbits(48):x}"
        code = package({"app.py": SOURCE.format(value)})
        function.values[sha256(code)] = value
        if function.known is None:
            wanted = {"description": "new " + value, "sha256": sha256(code), "versions": {},
                      "alias": None}
            self.apply(function, wanted, 201, lambda: api.create(
                function.name, code, Description=wanted["description"]))
            return
        kind = self.random.choice(["code", "code and publish", "configuration", "configuration",
                                   "publish", "publish", "alias", "delete", "invoke"])
        if kind.startswith("code"):
            wanted = {**function.known, "sha256": sha256(code)}
            publish = kind != "code"
            self.apply(function, function.published(wanted) if publish else wanted, 200,
                       lambda: api.update_code(function.name, code, publish))
        elif kind == "publish":
            self.apply(function, function.published(function.known), 201,
                       lambda: api.publish(function.name))
        elif kind == "alias":
            self.point_alias(api, function)
        elif kind == "configuration":
            wanted = {**function.known, "description": "set " + value}
            self.apply(function, wanted, 200, lambda: api.update_configuration(
                function.name, Description=wanted["description"]))
        elif kind == "delete":
            self.apply(function, None, 204, lambda: api.delete(function.name))
        else:
            answer = api.invoke(function.name)
            assert answer.status in (200, 409), (answer.status, answer.body)

    def point_alias(self, api, function):
        if not function.known["versions"]:
            return
        version = self.random.choice(sorted(function.known["versions"]))
        put = api.update_alias if function.known["alias"] else api.create_alias
        self.apply(function, {**function.known, "alias": version}, 201,
                   lambda: put(function.name, "live", version))

    def apply(self, function, wanted, status, call):
        function.doubt = [wanted]
        answer = call()  # Gone leaves the doubt
        function.doubt = []
        if answer.status in (status, 200):
            function.settle(wanted)
            self.acknowledged.release()
        else:  # only an update under way may refuse
            assert answer.status == 409, (answer.status, answer.body)


def state_of(api, name):
    answer = api.get(name)
    if answer.status == 404:
        return None
    assert answer.status == 200, answer.body
    about = answer.json()
    configuration = about["Configuration"]
    # The code is whole and is the code the record names.
    code = urllib.request.urlopen(about["Code"]["Location"], timeout=30).read()
    assert sha256(code) == configuration["CodeSha256"]
    assert len(code) == configuration["CodeSize"]
    versions = {number: (version["Description"], version["CodeSha256"])
                for number, version in api.versions(name).items()}
    alias = api.alias(name, "live")
    assert alias.status in (200, 404), alias.body
    return {"description": configuration["Description"], "sha256": configuration["CodeSha256"],
            "versions": versions,
            "alias": int(alias.json()["FunctionVersion"]) if alias.status == 200 else None}


def verify(address, functions, chance):
    api = Api(address)
    listed = api.names()
    assert len(listed) == len(set(listed))
    for function in functions:
        found = state_of(api, function.name)
        assert (found is not None) == (function.name in listed)
        assert found in function.allowed(), f"{function.name}: found {found}, acknowledged " \
            f"{function.known}, in doubt {function.doubt}"
        function.settle(found)
    there = [f for f in functions if f.known]
    for function in there:
        api.active(function.name)  # what was pending goes on after the restart
    for function in chance.sample(there, min(2, len(there))):
        answer = api.invoke(function.name)
        assert answer.status == 200, answer.body
        assert answer.json() == function.values[function.known["sha256"]]
    for function in [f for f in there if f.known["alias"]][:2]:
        version = function.known["alias"]
        # A version published with its code may still have been pending.
        assert eventually(lambda: api.invoke(function.name + ":live").status == 200)
        answer = api.invoke(function.name + ":live")
        assert answer.headers["X-Amz-Executed-Version"] == str(version)
        assert answer.json() == function.values[function.known["versions"][version][1]]
    stray = set(listed) - {f.name for f in functions}
    assert not stray
    api.close()


def test_kill_9_in_a_storm(data_dir):
    seed = int(os.environ.get("LAPWING_SEED") or random.SystemRandom().getrandbits(32))
    print("LAPWING_SEED =", seed)
    chance = random.Random(seed)
    clients = [[Function(f"storm-{c}-{n}") for n in range(NAMES_EACH)] for c in range(CLIENTS)]
    everything = [f for group in clients for f in group]
    server = Server(data_dir)
    server.start()
    try:
        for number in range(ROUNDS):
            acknowledged = threading.Semaphore(0)
            threads = [Client(i, group, chance.random(), acknowledged)
                       for i, group in enumerate(clients)]
            for thread in threads:
                thread.address = server.address
                thread.start()
            for _ in range(chance.randint(1, ACKNOWLEDGED_MAX)):
                assert acknowledged.acquire(timeout=60), [t.failure for t in threads]
            server.kill()
            for thread in threads:
                thread.join(60)
                assert not thread.is_alive()
                assert thread.failure is None, thread.failure
            if number % 2:  # the next start must not be what ends them
                assert eventually(lambda: not processes(data_dir)), processes(data_dir)
            server.start()
            verify(server.address, everything, chance)
        server.stop()
        assert eventually(lambda: nothing_held(data_dir)), holdings(data_dir)
    finally:
        if server.process.poll() is None:
            server.kill()
        print(server.log()[-4000:])


def test_killed_server_leaves_nothing(server, data_dir):
    """With environments of both kinds alive, one of them busy: no restart is needed."""
    api = Api(server.address)
    api.deploy("idle", "def handler(e, c): return 1")
    api.deploy("busy", "import time\ndef handler(e, c): time.sleep(60)")
    assert api.invoke("idle").status == 200
    caller = threading.Thread(target=lambda: pytest.raises(Gone, Api(server.address).invoke,
                                                           "busy"), daemon=True)
    caller.start()
    metrics = Api(server.address)
    assert eventually(lambda: b"lapwing_environments_busy 1\n" in
                      metrics.call("GET", "/_lapwing/metrics").body)
    held = holdings(data_dir)
    assert len(held["processes"]) >= 3 and held["mounts"], held  # the measure measures
    server.kill()
    caller.join(30)
    assert not caller.is_alive()
    assert eventually(lambda: nothing_held(data_dir)), holdings(data_dir)

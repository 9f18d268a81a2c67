"""SnapStart: versions whose environments come from one initialised process, in real sandboxes."""
import concurrent.futures
import json
import os
import pathlib
import signal
import sys
import time

import boto3
import extension_agent
import pytest
from api import FUNCTIONS, Api
from botocore.config import Config
from holdings import holdings, nothing_held
from serving import Server
from waiting import eventually

HERE = pathlib.Path(__file__).resolve().parent
ON = {"SnapStart": {"ApplyOn": "PublishedVersions"}}

SOURCE = '''
import os, random, secrets, ssl, sys, time, uuid
from snapshot_restore_py import register_after_restore, register_before_snapshot

time.sleep(1)
print("INITIALISED", flush=True)
os.makedirs("/tmp/made/by")
open("/tmp/made/by/init", "w").write(os.environ["MINE"] * 1000)
drawn = random.random()
generator = ssl.RAND_bytes(8).hex()
log = open("/tmp/log", "a")
said, place = [], []


@register_before_snapshot
def first():
    said.append("before 1")


@register_before_snapshot
def second():
    said.append("before 2")
    os.environ["SET_BY_HOOK"] = "yes"


register_after_restore(said.append, "after 1")
register_after_restore(lambda n: said.append("after %d" % n), n=2)


def handler(event, context):
    if event.get("hold"):
        open("/tmp/held", "w").write("x")
        time.sleep(event["hold"])
    if not place:
        place.append(os.urandom(8).hex())
    log.write("called\\n")
    log.flush()
    return {
        "said": said, "drawn": drawn, "generator": generator, "mine": os.environ["MINE"],
        "fresh": [random.random(), str(uuid.uuid4()), secrets.token_hex(8),
                  ssl.RAND_bytes(8).hex(), os.urandom(8).hex()],
        "tmp": open("/tmp/made/by/init").read() == os.environ["MINE"] * 1000,
        "log": open("/tmp/log").read(),
        "others": sorted(os.listdir("/tmp")), "hook": os.environ.get("SET_BY_HOOK"),
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "pid": os.getpid(),
        "stream": context.log_stream_name, "place": place[0], "function": context.function_name,
        "version": context.function_version, "cwd": os.getcwd(),
        "keys": sorted(key for key in os.environ if key.startswith("AWS_") and "ACCESS" in key),
        "ours": [key for key in os.environ if key.startswith("_LAPWING") or key == "LD_PRELOAD"],
        "descriptors": sorted(map(int, os.listdir("/proc/self/fd"))),
        "threads": len(os.listdir("/proc/self/task")), "command": sys.argv}
'''


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("snapstart") / "data"
    one = Server(data_dir).start()
    yield one
    one.stop()
    sys.stderr.write(one.log())
    assert nothing_held(data_dir), holdings(data_dir)


@pytest.fixture
def api(running):
    return Api(running.address)


def configuration(api, name, qualifier):
    return api.call("GET", f"{FUNCTIONS}/{name}/configuration?Qualifier={qualifier}").json()


def settled(api, name, qualifier="1", seconds=60):
    """The version's configuration when it is Pending no more."""
    def look():
        now = configuration(api, name, qualifier)
        return now if now.get("State") != "Pending" else None
    found = eventually(look, seconds)
    assert found, configuration(api, name, qualifier)
    return found


def deploy(api, name, source=SOURCE, expect="On", **settings):
    """A function with a published version; its configuration."""
    files = source if isinstance(source, dict) else {"app.py": source}
    variables = {"MINE": f"of {name}", **settings.pop("variables", {})}
    api.deploy(name, files, settings.pop("runtime", "python3.12"),
               **{"MemorySize": 256, "Environment": {"Variables": variables}, **ON, **settings})
    published = api.publish(name)
    assert published.status == 201, published.body
    assert published.json()["State"] == "Pending"
    now = settled(api, name)
    if expect:
        assert (now["State"], now["SnapStart"]["OptimizationStatus"]) == ("Active", expect), \
            (now, messages(api, name))
    return now


def invoke(api, name, event=None, qualifier="1"):
    answer = api.call("POST", f"{FUNCTIONS}/{name}/invocations?Qualifier={qualifier}",
                      json.dumps(event or {}).encode())
    assert answer.status == 200 and not answer.headers.get("X-Amz-Function-Error"), answer.body
    return answer.json()


def client(address, service):
    return boto3.client(service, endpoint_url="http://%s:%d" % address, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"total_max_attempts": 1}))


def messages(api, name):
    logs = client(api.address, "logs")
    try:
        return [event["message"].rstrip("\n") for event in logs.filter_log_events(
            logGroupName=f"/aws/lambda/{name}", limit=1000)["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def said(api, name, text, count=1):
    """The messages of a function, once so many of them hold that text."""
    assert eventually(lambda: sum(text in m for m in messages(api, name)) >= count), \
        messages(api, name)
    return messages(api, name)


def both_at_once(address, name, count, event):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: invoke(Api(address), name, event), range(count)))


def test_init_runs_once_and_many_environments_come_from_it(running, api):
    deploy(api, "many")
    found = both_at_once(running.address, "many", 6, {"hold": 2})
    assert len({one["place"] for one in found}) == 6  # at the same time: six environments
    assert {one["stream"] for one in found} == {None}  # as on AWS
    assert len({(one["drawn"], one["generator"]) for one in found}) == 1  # of init, as AWS's
    for kind in zip(*[one["fresh"] for one in found]):
        assert len(set(kind)) == 6, kind
    for one in found:
        assert one["said"] == ["before 2", "before 1", "after 1", "after 2"]
        assert (one["tmp"], one["hook"]) == (True, "yes")
        assert one["log"] == "called\n" and one["others"] == ["held", "log", "made"]
        assert one["type"] == "snap-start" and one["keys"] == []
        assert one["ours"] == [] and one["cwd"] == "/var/task" and one["threads"] == 1
        # 0-4 and 8 the runtime's, one the function's log file, one the listing.
        assert len(one["descriptors"]) == 8, one["descriptors"]
        assert (one["function"], one["version"]) == ("many", "1")
    lines = said(api, "many", "RESTORE_REPORT", 6)
    assert lines.count("INITIALISED") == 1
    assert sum(line.startswith("INIT_START") for line in lines) == 1
    assert sum(line.startswith("INIT_REPORT Init Duration") for line in lines) == 1
    assert sum("\tRestore Duration: " in line and "\tBilled Restore Duration: " in line
               and "Init Duration" not in line for line in lines) == 6


def test_latest_is_never_a_snapshot(api):
    deploy(api, "latest")
    api.call("PUT", f"{FUNCTIONS}/latest/configuration", {"Description": "other"})
    assert configuration(api, "latest", "$LATEST")["SnapStart"] == {
        "ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    answer = api.call("POST", f"{FUNCTIONS}/latest/invocations", b"{}").json()
    # No snapshot, no hooks.
    assert (answer["said"], answer["hook"], answer["type"]) == ([], None, "on-demand")
    assert answer["keys"] == ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]


def test_a_start_is_faster_than_the_initialisation(api):
    deploy(api, "quick")
    begun = time.monotonic()
    invoke(api, "quick")
    assert time.monotonic() - begun < 0.7  # which alone sleeps a second


def test_two_versions_and_two_functions_know_nothing_of_each_other(running, api):
    deploy(api, "one", variables={"MINE": "secret of one"})
    api.call("PUT", f"{FUNCTIONS}/one/configuration",
             {"Environment": {"Variables": {"MINE": "secret of two"}}})
    api.active("one")
    assert api.publish("one").status == 201
    assert settled(api, "one", "2")["SnapStart"]["OptimizationStatus"] == "On"
    deploy(api, "other")
    answers = [invoke(api, "one"), invoke(api, "one", qualifier="2"), invoke(api, "other")]
    assert [a["mine"] for a in answers] == ["secret of one", "secret of two", "of other"]
    assert len({a["drawn"] for a in answers}) == 3 and all(a["tmp"] for a in answers)


HOOKS = '''
import sys, time
from snapshot_restore_py import register_after_restore, register_before_snapshot
def fail(text):
    raise LookupError(text)
%s
def handler(event, context):
    return 1
'''


def test_a_hook_that_fails_before_the_snapshot_fails_the_version(api):
    now = deploy(api, "before", HOOKS % 'register_before_snapshot(fail, "no snapshot")',
                 expect=None)
    assert now["State"] == "Failed" and now["StateReasonCode"].startswith("FunctionError")
    assert now["StateReason"] and now["SnapStart"]["OptimizationStatus"] == "Off"
    lines = said(api, "before", "INIT_REPORT")
    assert any("[ERROR] LookupError: no snapshot" in line for line in lines), lines
    refused = api.call("POST", f"{FUNCTIONS}/before/invocations?Qualifier=1", b"{}")
    assert refused.status == 409 or refused.status >= 400, refused.body


@pytest.mark.parametrize("how, status, error", [
    ('register_after_restore(fail, "no restore")', 400, "SnapStartException"),
    ("register_after_restore(sys.exit, 3)", 400, "SnapStartException"),
    ("register_after_restore(time.sleep, 60)", 408, "SnapStartTimeoutException")])
def test_a_hook_that_fails_after_a_restore_fails_the_invocation(api, how, status, error):
    name = "after-" + error + str(abs(hash(how)))[:4]
    deploy(api, name, HOOKS % how, Timeout=20)
    answer = api.call("POST", f"{FUNCTIONS}/{name}/invocations?Qualifier=1", b"{}")
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (status, error), answer.body
    lines = said(api, name, "RESTORE_REPORT Restore Duration: ")
    found = [line for line in lines if line.startswith("RESTORE_REPORT")]
    assert all(f"\tStatus: {'timeout' if status == 408 else 'error'}" in line for line in found)


@pytest.mark.parametrize("source, code", [
    ("import nothing_of_that_name", "FunctionError"),
    ("import os\nos._exit(3)", "FunctionError.RuntimeInitError"),
    ("held = bytearray(600 << 20)", "FunctionError.InitResourceExhausted")])
def test_an_initialisation_that_fails_fails_the_version(api, source, code):
    now = deploy(api, "init-" + code.rpartition(".")[2], source, expect=None)
    assert (now["State"], now["StateReasonCode"]) == ("Failed", code), now


@pytest.mark.parametrize("what, source", [
    ("threads", "import threading, time\n"
                "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"),
    ("child", "import subprocess\nchild = subprocess.Popen(['sleep', '600'])"),
    ("deleted", "import tempfile\nheld = tempfile.TemporaryFile()")])
def test_what_cannot_be_kept_starts_as_it_would_without(api, what, source):
    deploy(api, "unfit-" + what, source + "\ndef handler(event, context):\n    return 'works'",
           expect="Off")
    assert invoke(api, "unfit-" + what) == "works"
    lines = said(api, "unfit-" + what, "SNAPSTART\tStatus: off\tReason: ")
    assert any(what in line for line in lines if line.startswith("SNAPSTART")), lines


def test_in_a_json_log_that_is_a_record(api):
    deploy(api, "unfit-json", "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
           "def handler(event, context):\n    return 'works'", expect="Off",
           LoggingConfig={"LogFormat": "JSON"})
    assert invoke(api, "unfit-json") == "works"
    records = [json.loads(line) for line in said(api, "unfit-json", "platform.snapStart")]
    told = [one["record"] for one in records if one["type"] == "platform.snapStart"]
    assert [one["status"] for one in told] == ["off"] and "child" in told[0]["reason"], told


CONNECTIONS = '''
import asyncio, http.server, select, socket, threading
loop = asyncio.new_event_loop()
async def meet():
    return "met"
before = loop.run_until_complete(meet())
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
poller = select.epoll()

def handler(event, context):
    def fails(call):
        try:
            return call()
        except OSError as error:
            return type(error).__name__
    fresh = socket.create_server(("127.0.0.1", 0))
    again = socket.create_connection(fresh.getsockname())
    other, _ = fresh.accept()
    again.sendall(b"new")
    return {"loop": loop.run_until_complete(meet()), "before": before,
            "send": fails(lambda: client.send(b"x")), "receive": fails(lambda: server.recv(1)),
            "accept": fails(listener.accept), "new": other.recv(3).decode()}
'''


def test_connections_of_the_initialisation_are_broken_and_loops_are_not(api):
    deploy(api, "connections", CONNECTIONS)
    assert invoke(api, "connections") == {
        "loop": "met", "before": "met", "send": "BrokenPipeError", "receive": "OSError",
        "accept": "OSError", "new": "new"}


CREDENTIALS = '''
import json, os, urllib.request
def ask(token):
    request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                                     headers={"Authorization": token})
    try:
        return json.load(urllib.request.urlopen(request, timeout=5))
    except urllib.error.HTTPError as error:
        return error.code
token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
first = ask(token)
def handler(event, context):
    return {"first": first, "again": ask(token), "wrong": ask("wrong")}
'''


def test_credentials_are_fetched_and_fresh(running, api):
    deploy(api, "keys", CREDENTIALS)
    found = invoke(api, "keys")
    assert found["wrong"] == 404
    for one in (found["first"], found["again"]):
        assert sorted(one) == ["AccessKeyId", "Expiration", "SecretAccessKey", "Token"]
        sts = boto3.client("sts", endpoint_url="http://%s:%d" % running.address,
                           region_name="us-east-1", aws_access_key_id=one["AccessKeyId"],
                           aws_secret_access_key=one["SecretAccessKey"],
                           aws_session_token=one["Token"])
        assert sts.get_caller_identity()["Arn"].endswith("assumed-role/lambda-ex/keys")
    assert found["first"]["AccessKeyId"] != found["again"]["AccessKeyId"]


def test_memory_files_and_deep_stacks_survive(api):
    deploy(api, "large", '''
import mmap, re, sys
tree = {n: [str(n)] * 20 for n in range(40000)}
pattern = re.compile(r"(a+)b")
shared = mmap.mmap(-1, 1 << 20)
shared[:5] = b"first"
sys.setrecursionlimit(20000)
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)
def handler(event, context):
    fresh = [bytes(10000) for _ in range(2000)]
    del fresh
    shared[5:10] = b"later"
    return [len(tree), tree[39999][19], pattern.match("aab").group(1), deep(9000),
            shared[:10].decode()]
''', MemorySize=512)
    for _ in range(2):
        assert invoke(api, "large") == [40000, "39999", "aa", 9000, "firstlater"]


TOLD = """
import json
def handler(event, context):
    try:
        return [json.loads(line) for line in open("/tmp/telemetry")]
    except FileNotFoundError:
        return []
"""


def test_extensions_start_with_each_environment_and_are_told_of_the_restore(api):
    api.deploy("where12", "import sys\ndef handler(e, c): return sys.executable", "python3.12")
    python = api.invoke("where12").json()
    extension_agent.deploy(api, "told", TOLD, {"events": ["INVOKE"], "telemetry": {
        "schemaVersion": "2022-12-13", "types": ["platform"],
        "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
        "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4999/in"}}},
        variables={"AGENT_PYTHON": python}, runtime="python3.12", MemorySize=256, **ON)
    api.publish("told")
    assert settled(api, "told")["SnapStart"]["OptimizationStatus"] == "On", messages(api, "told")
    found = {}

    def there():
        # What was told while /tmp came back may be lost; the first file is of the snapshot.
        found.update({e["type"]: e["record"] for e in invoke(api, "told")
                      if "initializationType" not in e["record"]})
        return {"platform.restoreReport", "platform.report"} <= found.keys()
    assert eventually(there), found
    assert found["platform.restoreReport"]["status"] == "success"
    assert found["platform.restoreReport"]["metrics"]["durationMs"] > 0
    lines = said(api, "told", "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE]", 2)
    order = [lines.index(next(m for m in lines if m.startswith(word)))
             for word in ("INIT_START", "INIT_REPORT", "RESTORE_START", "RESTORE_REPORT", "START")]
    assert order == sorted(order), lines


def test_a_restored_environment_has_the_function_s_limits(api):
    deploy(api, "limits", '''
import os
def handler(event, context):
    if event.get("eat"):
        return len(bytearray(event["eat"] << 20))
    return "fine"
''')
    answer = api.call("POST", f"{FUNCTIONS}/limits/invocations?Qualifier=1", b'{"eat": 400}')
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled"
    assert answer.json()["errorType"] == "Runtime.OutOfMemory", answer.body
    assert invoke(api, "limits") == "fine"  # in another one, from the same snapshot


def metric(api, name):
    text = api.call("GET", "/_lapwing/metrics").body.decode()
    return int(dict(line.split(" ") for line in text.splitlines()
                    if not line.startswith("#"))["lapwing_" + name])


def test_a_deleted_version_takes_its_snapshot_along(running, api):
    before = metric(api, "snapshots")
    deploy(api, "gone")
    assert metric(api, "snapshots") == before + 1
    assert api.call("DELETE", f"{FUNCTIONS}/gone?Qualifier=1").status == 204
    assert metric(api, "snapshots") == before
    directory = pathlib.Path(running.data_dir) / "snapshots"
    assert os.listdir(directory) == []  # they have no names


def test_after_a_kill_snapshots_are_made_anew(server, data_dir):
    api = Api(server.address)
    deploy(api, "kept")
    first = invoke(api, "kept")
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    api = Api(server.address)
    # At once it starts as it would without, but for its hooks.
    at_once = invoke(api, "kept")
    assert at_once["said"] == ["before 2", "before 1", "after 1", "after 2"]
    assert at_once["type"] == "on-demand"
    assert eventually(lambda: metric(api, "snapshots") == 1)
    found = both_at_once(server.address, "kept", 3, {"hold": 1})
    assert "snap-start" in {one["type"] for one in found}
    assert all(one["said"] == at_once["said"] for one in found)
    assert first["drawn"] not in {one["drawn"] for one in found}
    assert configuration(api, "kept", "1")["SnapStart"]["OptimizationStatus"] == "On"
    server.stop()
    assert nothing_held(data_dir), holdings(data_dir)


def test_killed_in_the_middle_nothing_is_left(server, data_dir):
    api = Api(server.address)
    api.deploy("slow", {"app.py": "import time\ntime.sleep(5)\n"
                                  "def handler(event, context):\n    return 'up'"},
               "python3.12", **ON)
    assert api.publish("slow").json()["State"] == "Pending"
    assert eventually(lambda: any("INIT_START" in m for m in messages(api, "slow")))
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    assert eventually(lambda: not holdings(data_dir)["processes"]), holdings(data_dir)
    server.start()
    api = Api(server.address)
    assert settled(api, "slow")["State"] == "Active"
    assert invoke(api, "slow") == "up"
    # And stopped in the middle it stops at once.
    api.deploy("slower", {"app.py": "import time\ntime.sleep(60)"}, "python3.12", **ON)
    api.publish("slower")
    assert eventually(lambda: any("INIT_START" in m for m in messages(api, "slower")))
    server.stop()
    assert nothing_held(data_dir), holdings(data_dir)


def test_room_on_the_disk_is_bounded(data_dir):
    server = Server(data_dir, "--set", "snapshots.disk_mb=40").start()
    try:
        api = Api(server.address)
        for name in ("a", "b", "c", "d"):
            deploy(api, name, "held = bytes(8 << 20)\nheld = bytearray(b'x' * (8 << 20))\n"
                              "def handler(event, context):\n    return len(held)")
        assert metric(api, "snapshot_bytes") <= 40 << 20
        assert 1 <= metric(api, "snapshots") < 4
        for name in ("a", "b", "c", "d"):
            assert invoke(api, name) == 8 << 20
    finally:
        server.stop()

"""On the machine of tests/cgroup2/run: functions of every kind of start in groups of cgroup v2,
their limits held, and nothing left of a server that was killed. Nothing else runs there, so what
the machine holds is compared as a whole. Run by pytest, in this order."""
import base64
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "runtimes/added"), str(TESTS / "system")]

from api import FUNCTIONS, Api, Gone  # noqa: E402
from functions import ROLE  # noqa: E402
from images import Layout, busybox_layer  # noqa: E402
from java_functions import CLIENT, compiled, waiting  # noqa: E402
from serving import Server, binary  # noqa: E402
from test_starts import children, metric, templates  # noqa: E402
from waiting import eventually  # noqa: E402

GROUPS = pathlib.Path("/sys/fs/cgroup")
EMULATED_SECONDS = 240  # for what takes ten seconds at most on a processor of silicon
MIB = 1 << 20
MEMORY_MB = 192  # of every function but Java's; no other group has so much
JAVA_MB = 384
STANDBY_MB = 128  # until it is a function's
TAIL = {"X-Amz-Log-Type": "Tail"}

PYTHON = """
import os, random, time
drawn, place = random.random(), []
def handler(event, context):
    if "eat" in event:
        held = bytearray(event["eat"] << 20)
        held[::4096] = b"x" * len(held[::4096])
    time.sleep(event.get("sleep", 0))
    if not place:
        place.append(os.urandom(8).hex())
    return {"name": context.function_name, "stream": place[0], "drawn": drawn,
            "fresh": random.random(), "memory": context.memory_limit_in_mb,
            "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}
"""
NODE = """
const held = [];
exports.handler = async (event, context) => {
  for (let n = 0; n < (event.eat || 0); n++) held.push(Buffer.alloc(1 << 20, 1));
  await new Promise(done => setTimeout(done, 1000 * (event.sleep || 0)));
  return {name: context.functionName, stream: context.logStreamName};
};
"""
RUBY = """
def handler(event:, context:)
  held = 'x' * (event['eat'].to_i << 20)
  sleep(event['sleep'].to_f)
  { name: context.function_name, stream: context.log_stream_name, held: held.size >> 20 }
end
"""
JAVA = """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;
public class Handler implements RequestHandler<Map<String, Object>, Map<String, String>> {
  public Map<String, String> handleRequest(Map<String, Object> event, Context context) {
    try {
      Thread.sleep(1000L * ((Number) event.getOrDefault("sleep", 0)).intValue());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return Map.of("name", context.getFunctionName(), "stream", context.getLogStreamName());
  }
}
"""
RUNTIMES = {"python": ("python3.11", {"app.py": PYTHON}), "ruby": ("ruby3.3", {"app.rb": RUBY}),
            "node": ("nodejs20.x", {"app.js": NODE})}
BOOTSTRAPS = {"python": b"bootstrap.py", "ruby": b"bootstrap.rb", "node": b"bootstrap.cjs"}


def holdings():
    """What this machine holds, by kind."""
    found = {kind: set() for kind in ("programs", "namespaces", "mounts")}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # those that end meanwhile
            found["namespaces"] |= {os.readlink(link) for link in (process / "ns").iterdir()}
            found["mounts"] |= {tuple(line.split()[2:5])
                                for line in (process / "mountinfo").read_text().splitlines()}
            os.readlink(process / "exe")  # not a thread of the kernel's
            found["programs"].add((process.name, (process / "cmdline").read_bytes()))
    found["groups"] = {str(path) for path in GROUPS.rglob("*") if path.is_dir()}
    found["loops"] = set(pathlib.Path("/sys/block").glob("loop*/loop/backing_file"))
    found["interfaces"] = set(os.listdir("/sys/class/net"))
    return found


def kept(before):
    """What there is now and was not before, by kind."""
    now = holdings()
    return {kind: now[kind] - before[kind] for kind in now if now[kind] - before[kind]}


@pytest.fixture(scope="module")
def before():
    return holdings()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    layout = Layout(tmp_path_factory.mktemp("images") / "layout", needed=["umoci", "busybox"])
    return layout.image(
        "shell", [busybox_layer()], entry_point=["/var/task/bootstrap"], command=["first"],
        directory="/var/task", environment={"PATH": "/bin", "GREETING": "hello"})


@pytest.fixture(scope="module")
def running(tmp_path_factory, image, before):
    data = tmp_path_factory.mktemp("function") / "data"
    subprocess.run([binary(), "runtime", "add", "java-client", "--from", CLIENT, "--data-dir",
                    data], check=True)
    one = Server(data, "--set", f"images.layouts={image[4:].rpartition(':')[0]}",
                 "--set", f"engine.init_timeout_ms={1000 * EMULATED_SECONDS}").start()
    yield one
    if one.process.poll() is None:
        one.stop()
    print(one.log())


@pytest.fixture
def api(running):
    return Api(running.address, timeout=2 * EMULATED_SECONDS)


def deploy(api, name, runtime, files, **settings):
    return api.deploy(name, files, runtime, **{"MemorySize": MEMORY_MB, **settings})


def invoke(api, name, event=None, **headers):
    """GetFunction may say Active a moment before Invoke knows."""
    answer = eventually(lambda: (a := api.invoke(name, event or {}, **headers)).status != 409 and a)
    assert answer and answer.status == 200, answer and answer.body
    return answer


def log(answer):
    return base64.b64decode(answer.headers["X-Amz-Log-Result"]).decode().splitlines()


def good(api, name, event=None):
    answer = invoke(api, name, event, **TAIL)
    assert "X-Amz-Function-Error" not in answer.headers, (answer.body, log(answer))
    return answer.json()


def two_at_once(running, name):
    """Answers of two environments. One that is ready early may serve both at first."""
    def one(_):
        return good(Api(running.address, timeout=2 * EMULATED_SECONDS), name, {"sleep": 5})

    def both():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(one, range(2)))
        return answers[0]["stream"] != answers[1]["stream"] and answers
    answers = eventually(both, EMULATED_SECONDS)
    assert answers
    return answers


def of_size(memory_mb):
    """The groups with that limit, each with a process or more."""
    found = set()
    for group in GROUPS.glob("lapwing-*/*"):
        with contextlib.suppress(OSError):
            if (group / "memory.max").read_text() == f"{memory_mb * MIB}\n" and \
                    (group / "cgroup.procs").read_text():
                found.add(group)
    return found


def standing_by(kind):
    """The groups in which an interpreter of that kind waits for its function."""
    found = set()
    for group in of_size(STANDBY_MB):
        with contextlib.suppress(OSError):
            for pid in (group / "cgroup.procs").read_text().split():
                if BOOTSTRAPS[kind] in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.add(group)
    return found


def out_of_memory(api, name):
    """The kernel kills what takes more than its group may, the caller is told, and the next
    environment serves."""
    over = invoke(api, name, {"eat": 400})
    assert over.headers["X-Amz-Function-Error"] == "Unhandled", over.body
    assert over.json()["errorType"] == "Runtime.OutOfMemory", over.body
    good(api, name)


def test_groups_limit_count_and_freeze(running, api):
    deploy(api, "groups", *RUNTIMES["python"], MemorySize=208)
    assert good(api, "groups")["memory"] == "208"
    [group] = of_size(208)
    read = {file: (group / file).read_text().strip()
            for file in ("pids.max", "cpu.weight", "cpu.max")}
    assert read["pids.max"].isdigit() and read["cpu.max"].startswith("max "), read
    assert int(read["cpu.weight"]) < 100, read
    assert eventually(lambda: "frozen 1" in (group / "cgroup.events").read_text())
    report = log(invoke(api, "groups", {"eat": 64}, **TAIL))[-1]
    assert 64 < int(re.search(r"Max Memory Used: (\d+) MB", report).group(1)) < 128, report
    assert eventually(lambda: "frozen 1" in (group / "cgroup.events").read_text())


@pytest.mark.parametrize("kind", RUNTIMES)
def test_what_stands_by_becomes_a_function(running, api, kind):
    """Forked from a template (Python, Ruby) or booted (Node.js) in a sandbox made ahead."""
    good(api, deploy(api, f"{kind}-1", *RUNTIMES[kind]))
    if kind != "node":
        assert eventually(lambda: templates(running, kind), EMULATED_SECONDS), running.log()
    stood = eventually(lambda: standing_by(kind), EMULATED_SECONDS)
    before, others = metric(running, "starts_standby_total"), of_size(MEMORY_MB)
    name = deploy(api, f"{kind}-2", *RUNTIMES[kind])
    for answer in two_at_once(running, name):
        assert answer["name"] == name
    assert metric(running, "starts_standby_total") > before
    mine = of_size(MEMORY_MB) - others
    assert len(mine) == 2 and mine & stood  # with the function's limits by now


@pytest.mark.parametrize("kind", RUNTIMES)
def test_memory_is_bounded(api, kind):
    out_of_memory(api, f"{kind}-2")


@pytest.mark.parametrize("kind", RUNTIMES)
def test_time_is_bounded(api, kind):
    name = deploy(api, f"{kind}-slow", *RUNTIMES[kind], Timeout=20)
    good(api, name)
    late = invoke(api, name, {"sleep": 60})
    assert late.json()["errorType"] == "Sandbox.Timedout", late.body
    assert late.json()["errorMessage"].endswith("Task timed out after 20.00 seconds")
    good(api, name)


def test_a_version_starts_from_its_snapshot(running, api):
    deploy(api, "snapshot", "python3.12", RUNTIMES["python"][1],
           SnapStart={"ApplyOn": "PublishedVersions"})
    assert api.publish("snapshot").status == 201

    def settled():
        now = api.call("GET", f"{FUNCTIONS}/snapshot/configuration?Qualifier=1").json()
        return now.get("State") != "Pending" and now
    now = eventually(settled, EMULATED_SECONDS)
    assert now["State"] == "Active" and now["SnapStart"]["OptimizationStatus"] == "On", now
    others = of_size(MEMORY_MB)
    one, other = two_at_once(running, "snapshot:1")
    assert metric(running, "snapshots_restored_total") >= 2
    assert one["type"] == other["type"] == "snap-start"
    assert one["drawn"] == other["drawn"] and one["fresh"] != other["fresh"]
    assert len(of_size(MEMORY_MB) - others) == 2
    out_of_memory(api, "snapshot:1")


def test_an_image_of_a_layout(api, image):
    others = of_size(MEMORY_MB)
    made = api.call("POST", FUNCTIONS, {
        "FunctionName": "image", "PackageType": "Image", "Role": ROLE, "Timeout": 60,
        "MemorySize": MEMORY_MB, "Code": {"ImageUri": image}})
    assert made.status == 201, made.body
    api.active("image")
    for number in range(2):
        assert good(api, "image", number + 1) == {
            "event": number + 1, "argument": "first", "greeting": "hello", "cwd": "/var/task"}
    assert of_size(MEMORY_MB) - others


def test_a_jvm_that_stands_by(running, api, tmp_path):
    classes = compiled(tmp_path, {"shop/Handler.java": JAVA})
    name = deploy(api, "java", "java17", classes, Handler="shop.Handler", MemorySize=JAVA_MB,
                  Timeout=EMULATED_SECONDS)
    assert eventually(lambda: waiting(running, JAVA_MB), EMULATED_SECONDS), running.log()
    before = metric(running, "starts_standby_total")
    assert good(api, name)["name"] == name
    assert metric(running, "starts_standby_total") == before + 1
    assert of_size(JAVA_MB)


def everything_serves(running):
    api = Api(running.address, timeout=2 * EMULATED_SECONDS)
    for kind in RUNTIMES:
        assert good(api, f"{kind}-2")["name"] == f"{kind}-2"
    assert good(api, "image", 7)["event"] == 7
    assert good(api, "snapshot:1")["name"] == "snapshot"
    assert good(api, "java")["name"] == "java"


def busy_until_gone(running):
    """An invocation under way in each kind of environment; the returned function waits for
    its callers."""
    names = [*(f"{kind}-2" for kind in RUNTIMES), "snapshot:1", "java"]
    pool = concurrent.futures.ThreadPoolExecutor(len(names))

    def call(name):
        with contextlib.suppress(Gone):
            Api(running.address, timeout=EMULATED_SECONDS).invoke(name, {"sleep": 50})
            return name  # answered, so it was not under way
        return None
    calls = [pool.submit(call, name) for name in names]
    assert eventually(lambda: metric(running, "environments_busy") == len(names),
                      EMULATED_SECONDS)
    return lambda: [name for name in (one.result() for one in calls) if name]


def test_nothing_is_left_of_a_killed_server(running, before):
    """Its helper ends everything, though nobody starts it again."""
    everything_serves(running)
    ended = busy_until_gone(running)
    assert kept(before).keys() == before.keys()  # something of every kind
    running.kill()
    assert ended() == []
    assert eventually(lambda: not kept(before), EMULATED_SECONDS), kept(before)


def test_the_next_start_removes_what_a_killed_helper_left(running, before):
    running.start()
    everything_serves(running)
    assert eventually(lambda: metric(running, "snapshots") == 1, EMULATED_SECONDS)
    two_at_once(running, "snapshot:1")  # one may be of before its snapshot was made again
    assert metric(running, "snapshots_restored_total") > 0
    busy_until_gone(running)
    # By number: the next server's groups may have the names of these.
    old = {group.stat().st_ino for group in GROUPS.glob("lapwing-*/*")}
    [helper] = children(running.pid)
    os.kill(running.pid, signal.SIGSTOP)  # so that neither sees the other's end
    os.kill(helper, signal.SIGKILL)
    running.kill()
    assert old & {group.stat().st_ino for group in GROUPS.glob("lapwing-*/*")}
    running.start()
    assert not old & {group.stat().st_ino for group in GROUPS.glob("lapwing-*/*")}
    everything_serves(running)
    running.stop()
    assert eventually(lambda: not kept(before), EMULATED_SECONDS), json.dumps(
        {kind: sorted(map(str, what)) for kind, what in kept(before).items()})

"""What was made ahead of a function serves it as well as what was made for it."""
import contextlib
import json
import os
import pathlib
import signal

import pytest
from api import Api
from serving import Server
from waiting import eventually

PYTHON = '''
import os, random, sys, uuid
loaded = (random.random(), str(uuid.uuid4()), os.urandom(8).hex())
def handler(event, context):
    if event == "eat":
        return len(bytearray(300 << 20))
    if event == "tmp":
        stat = os.statvfs("/tmp")
        return stat.f_blocks * stat.f_frsize >> 20
    if event == "exit":
        os._exit(7)
    return {"mine": os.environ["MINE"], "loaded": loaded, "optimize": sys.flags.optimize,
            "name": context.function_name, "open": sorted(map(int, os.listdir("/proc/self/fd"))),
            "seen": sorted(os.environ), "lib": os.path.exists("/opt/lib")}
'''
NODE = '''
const loaded = [Math.random(), require("crypto").randomUUID()];
exports.handler = async (event, context) => {
  if (event === "exit") process.exit(7);
  return {mine: process.env.MINE, loaded, name: context.functionName,
    deprecation: process.noDeprecation === true};
};
'''
RUBY = '''
require 'securerandom'
LOADED = [rand, SecureRandom.uuid, Random.bytes(8).unpack1('H*')]
# Ruby has two of its own, by which it wakes itself.
def open
  all = Dir.children('/proc/self/fd')
  all.reject { |fd| File.symlink?("/proc/self/fd/#{fd}") && File.readlink("/proc/self/fd/#{fd}") =~ /eventfd/ }
end
def handler(event:, context:)
  exit!(7) if event == 'exit'
  { mine: ENV['MINE'], loaded: LOADED, name: context.function_name, frozen: ''.frozen?,
    open: open.map(&:to_i).sort, seen: ENV.keys.sort,
    lib: File.exist?('/opt/lib') }
end
'''
SUFFIX = {"python": "py", "nodejs": "js", "ruby": "rb"}

ALL = [("python3.11", PYTHON), ("nodejs20.x", NODE), ("ruby3.3", RUBY)]


def language(runtime):
    return runtime.rstrip("0123456789.x")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("starts") / "data"
    one = Server(data_dir).start()
    yield one
    one.stop()


def metric(server, name):
    text = Api(server.address).call("GET", "/_lapwing/metrics").body.decode()
    return int(dict(line.split(" ") for line in text.splitlines()
                    if not line.startswith("#"))["lapwing_" + name])


def deploy(api, name, source, runtime, **settings):
    variables = {"MINE": f"of {name}", **settings.pop("variables", {})}
    files = {"app." + SUFFIX[language(runtime)]: source}
    api.deploy(name, files, runtime, Environment={"Variables": variables},
               **{"MemorySize": 256, **settings})
    return name


def invoke(api, name, event=0):
    answer = api.invoke(name, json.dumps(event).encode())
    assert answer.status == 200, answer.body
    return answer


def ready(server):
    """Something stands by."""
    assert eventually(lambda: metric(server, "environments_ready") >= 2)


@pytest.mark.parametrize("runtime,source", ALL)
def test_every_function_finds_itself(running, runtime, source):
    api = Api(running.address)
    kind = language(runtime)
    invoke(api, deploy(api, f"first-{kind}", source, runtime))
    ready(running)
    before = metric(running, "starts_standby_total")
    seen = []
    for number in range(6):
        name = deploy(api, f"{kind}-{number}", source, runtime)
        got = invoke(api, name).json()
        assert (got.get("mine"), got.get("name")) == (f"of {name}", name), got
        seen.append(json.dumps(got["loaded"]))
    assert metric(running, "starts_standby_total") > before
    assert len(set(seen)) == 6, "forked children share their random state"


def test_a_function_that_was_created_is_expected(tmp_path):
    """The first invocation after a start of the server finds something ready."""
    server = Server(tmp_path / "data").start()
    try:
        api = Api(server.address)
        name = deploy(api, "expected", PYTHON, "python3.11")
        ready(server)
        assert invoke(api, name).json()["name"] == name
        assert metric(server, "starts_standby_total") == 1
    finally:
        server.stop()


@pytest.mark.parametrize("runtime,source", ALL)
def test_a_function_that_was_called_before_a_crash_is_expected(tmp_path, runtime, source):
    """It is not created again, and yet its next call finds something ready."""
    data = tmp_path / "data"
    server = Server(data).start()
    try:
        api = Api(server.address)
        called = deploy(api, "called", source, runtime)
        deploy(api, "not-called", source, runtime)
        invoke(api, called)
        assert eventually(lambda: (data / "starts").exists())
        server.kill()
        server.start()
        ready(server)
        assert invoke(Api(server.address), called).json()["name"] == called
        assert metric(server, "starts_standby_total") == 1
    finally:
        server.stop()


def test_a_function_that_was_deleted_is_not_expected(tmp_path):
    """What was made for functions nobody called goes with them."""
    server = Server(tmp_path / "data").start()
    try:
        api = Api(server.address)
        names = [deploy(api, f"expected-{i}", PYTHON, "python3.11") for i in range(10)]
        assert eventually(lambda: metric(server, "environments_ready") >= 10)
        for name in names:
            assert api.call("DELETE", f"/2015-03-31/functions/{name}").status == 204
        assert eventually(lambda: metric(server, "environments_ready") <= 4, seconds=40)
    finally:
        server.stop()


def test_what_is_asked_for_last_gets_the_memory(tmp_path):
    """Room for a few Python interpreters: they give way to one that Node.js asks for."""
    server = Server(tmp_path / "data", "--set", "starts.memory_mb=16").start()
    try:
        api = Api(server.address)
        invoke(api, deploy(api, "before", PYTHON, "python3.11"))
        ready(server)
        invoke(api, deploy(api, "first", NODE, "nodejs20.x"))

        def is_served():
            count = metric(server, "invocations_total")
            name = deploy(api, f"next-{count}", NODE, "nodejs20.x")
            before = metric(server, "starts_standby_total")
            assert invoke(api, name).json()["name"] == name
            return metric(server, "starts_standby_total") > before
        assert eventually(is_served)
    finally:
        server.stop()


@pytest.mark.parametrize("runtime,source", [ALL[0], ALL[2]])
def test_nothing_of_standing_by_is_seen(running, runtime, source):
    api = Api(running.address)
    kind = language(runtime)
    invoke(api, deploy(api, "seen-first-" + kind, source, runtime))
    ready(running)
    got = invoke(api, deploy(api, "seen-" + kind, source, runtime)).json()
    # Standard streams, the Runtime API (3 and 8), log frames, and the listing itself.
    assert got["open"] == [0, 1, 2, 3, 4, 5, 8]
    assert [name for name in got["seen"] if "LAPWING" in name or "PRELOAD" in name] == []
    assert not got["lib"]


def test_variables_read_at_start_are_honoured(running):
    api = Api(running.address)
    name = deploy(api, "optimised", PYTHON, "python3.11", variables={"PYTHONOPTIMIZE": "2"})
    assert invoke(api, name).json()["optimize"] == 2
    name = deploy(api, "options", NODE, "nodejs20.x",
                  variables={"NODE_OPTIONS": "--no-deprecation"})
    assert invoke(api, name).json()["deprecation"] is True
    name = deploy(api, "frozen", RUBY, "ruby3.3",
                  variables={"RUBYOPT": "--enable=frozen-string-literal"})
    assert invoke(api, name).json()["frozen"] is True


def test_limits_are_the_functions(running):
    api = Api(running.address)
    invoke(api, deploy(api, "limits-first", PYTHON, "python3.11"))
    ready(running)
    large = deploy(api, "large", PYTHON, "python3.11", MemorySize=512,
                   EphemeralStorage={"Size": 1024})
    assert invoke(api, large, "eat").json() == 300 << 20
    assert invoke(api, large, "tmp").json() > 900
    small = deploy(api, "small", PYTHON, "python3.11", MemorySize=128)
    assert invoke(api, small, "eat").json()["errorType"] == "Runtime.OutOfMemory"
    assert invoke(api, small, "tmp").json() < 520


@pytest.mark.parametrize("runtime,source", ALL)
def test_a_crash_is_told_and_replaced(running, runtime, source):
    api = Api(running.address)
    name = deploy(api, "crash-" + language(runtime), source, runtime)
    invoke(api, name)
    failed = invoke(api, name, "exit").json()
    assert failed["errorType"] == "Runtime.ExitError"
    assert failed["errorMessage"].endswith("exit status 7")
    assert invoke(api, name).json()["mine"] == f"of {name}"


def children(pid):
    return list(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def parent(pid):
    """None when it is gone."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def templates(server, of="python"):
    """Pids of the server's templates that have forked: interpreters that are the sandbox helper's
    children and have some of their own."""
    found = []
    for helper in children(server.pid):
        for pid in children(helper):
            with contextlib.suppress(OSError):
                bootstrap = f"bootstrap.{SUFFIX[of]}".encode()
                if bootstrap in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() and children(pid):
                    found.append(pid)
    return found


@pytest.mark.parametrize("runtime,source", [ALL[0], ALL[2]])
def test_a_template_that_dies_is_replaced(running, runtime, source):
    api = Api(running.address)
    kind = language(runtime)
    invoke(api, deploy(api, "template-" + kind, source, runtime))
    assert eventually(lambda: templates(running, kind)), running.log()
    [helper] = children(running.pid)
    orphans = [child for pid in templates(running, kind) for child in children(pid)]
    for pid in templates(running, kind):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
        os.kill(pid, signal.SIGKILL)
    # The helper sees to their end, or their sandboxes would have none.
    assert eventually(lambda: {parent(pid) for pid in orphans} <= {helper, None})
    for number in range(12):
        name = deploy(api, f"after-{kind}-{number}", source, runtime)
        assert invoke(api, name).json()["mine"] == f"of {name}"
    assert eventually(lambda: templates(running, kind)), running.log()


def test_one_that_died_while_it_waited_is_not_missed(running):
    api = Api(running.address)
    invoke(api, deploy(api, "waiting-first", PYTHON, "python3.11"))
    name = deploy(api, "waiting", PYTHON, "python3.11")
    ready(running)
    for template in templates(running):
        for pid in children(template):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert invoke(api, name).json()["mine"] == f"of {name}"


def test_all_of_it_can_be_switched_off(tmp_path):
    server = Server(tmp_path / "data", "--set", "starts.standby=false").start()
    try:
        api = Api(server.address)
        for number, (runtime, source) in enumerate(ALL):
            name = deploy(api, f"plain-{number}", source, runtime)
            assert invoke(api, name).json()["mine"] == f"of {name}"
        assert metric(server, "starts_booted_total") == 3
        assert metric(server, "environments_ready") == 0
    finally:
        server.stop()

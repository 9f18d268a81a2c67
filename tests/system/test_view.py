"""What a function sees of the machine: its own memory and processors, the shell, users and
directories that AWS has; and what libraries make of it."""
import base64
import io
import json
import os
import pathlib
import zipfile

import boto3
import pytest
from api import Api
from functions import ROLE, package
from serving import ROOT, SOON, Server
from test_starts import children
from waiting import eventually

LOOK = '''
import ctypes, multiprocessing, os, pwd, stat, subprocess

def refused(call):
    try:
        call()
    except OSError as error:
        return error.errno
    return 0

def read(path):
    return open(path).read().strip() if os.path.exists(path) else "0"

def run(*command):
    try:
        return subprocess.check_output(command, text=True).strip()
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)

def owner(path):
    found = os.stat(path)
    return [found.st_uid, stat.S_IMODE(found.st_mode)]

def handler(event, context):
    libc = ctypes.CDLL(None)
    libc.getauxval.restype = ctypes.c_void_p
    return {
        "meminfo": open("/proc/meminfo").readline().split()[1],
        "v2": read("/sys/fs/cgroup/memory.max"),
        "v1": read("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        "pages": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "available": os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "processors": [os.cpu_count(), len(os.sched_getaffinity(0))],
        "shm": os.path.exists("/dev/shm"), "lock": refused(multiprocessing.Lock),
        "user": pwd.getpwuid(os.getuid()).pw_name,
        "whoami": run("whoami"),
        "shell": run("/bin/sh", "-c", "set -o pipefail; echo $BASH"),
        "entrypoint": os.access("/lambda-entrypoint.sh", os.X_OK),
        "owners": {path: owner(path) for path in ("/var/task", "/opt", "/tmp", "/", "/usr/bin")},
        "hash": hash("one and the same"),
        "random": ctypes.string_at(libc.getauxval(25), 16).hex(),
    }
'''
NODE = '''
const fs = require("fs"), os = require("os");
exports.handler = async () => ({
  meminfo: os.totalmem(), constrained: process.constrainedMemory(), cpus: os.cpus().length,
  shm: fs.existsSync("/dev/shm") });
'''
RUBY = '''
require 'etc'
def handler(event:, context:)
  { pages: Etc.sysconf(Etc::SC_PHYS_PAGES) * 4096, cpus: Etc.nprocessors,
    shm: File.exist?('/dev/shm') }
end
'''
# In the form of the manual's tutorial for custom runtimes.
TUTORIAL = r'''#!/bin/sh

set -euo pipefail

# Initialization - load function handler
source $LAMBDA_TASK_ROOT/"$(echo $_HANDLER | cut -d. -f1).sh"

# Processing
while true
do
  HEADERS="$(mktemp)"
  # Get an event. The HTTP request will block until one is received
  EVENT_DATA=$(curl -sS -LD "$HEADERS" "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next")

  # Extract request ID by scraping response headers received above
  REQUEST_ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)

  # Run the handler function from the script
  RESPONSE=$($(echo "$_HANDLER" | cut -d. -f2) "$EVENT_DATA")

  # Send the response
  curl "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/$REQUEST_ID/response"  -d "$RESPONSE"
done
'''
FUNCTION = r'''
function handler () {
  EVENT_DATA=$1
  echo "$EVENT_DATA" 1>&2;
  RESPONSE="Echoing request: '$EVENT_DATA'"

  echo $RESPONSE
}
'''


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("view") / "data").start()
    yield one
    one.stop()


@pytest.fixture
def api(running):
    return Api(running.address)


def seen(api, name, source, runtime="python3.11", memory=320, suffix="py"):
    api.deploy(name, {f"app.{suffix}": source}, runtime, MemorySize=memory)
    answer = api.invoke(name)
    assert answer.status == 200 and "X-Amz-Function-Error" not in answer.headers, answer.body
    return answer.json()


def processors(memory):
    of_size = 2 + sum(memory >= more for more in (3009, 5308, 7077, 8846))
    return min(of_size, os.cpu_count())


# The second size comes out of what was made ahead for the first.
@pytest.mark.parametrize("memory", [320, 1024, 4096])
def test_memory_and_processors_are_the_functions(api, memory):
    for number in range(2):
        found = seen(api, f"size-{memory}-{number}", LOOK, memory=memory)
        size = memory << 20
        assert (int(found["meminfo"]) << 10, int(found["v2"]), int(found["v1"])) == (size,) * 3
        assert found["pages"] == size and size * 3 // 4 <= found["available"] < size
        assert found["processors"] == [processors(memory)] * 2


def test_other_runtimes_see_the_same(api):
    size = 320 << 20
    node = seen(api, "size-node", NODE, "nodejs20.x", suffix="js")
    assert (node["meminfo"], node["constrained"]) == (size, size), node
    assert node["cpus"] == processors(320) and not node["shm"]
    ruby = seen(api, "size-ruby", RUBY, "ruby3.3", suffix="rb")
    assert (ruby["pages"], ruby["cpus"], ruby["shm"]) == (size, processors(320), False), ruby


def test_shared_memory_and_semaphores_are_refused(api):
    found = seen(api, "shm", LOOK)
    # ENOSYS of older C libraries, ENOENT of newer ones.
    assert not found["shm"] and found["lock"] in (2, 38), found


def test_users_shell_and_directories(api):
    found = seen(api, "users", LOOK)
    assert found["user"] == found["whoami"] == "sbx_user1051"
    assert found["shell"] == "/bin/sh" and found["entrypoint"], found
    assert found["owners"] == {"/var/task": [0, 0o755], "/opt": [0, 0o755],
                               "/tmp": [993, 0o700], "/": [0, 0o755], "/usr/bin": [0, 0o755]}


def test_the_tutorials_bootstrap_runs(api):
    api.deploy("tutorial", {"bootstrap": TUTORIAL, "function.sh": FUNCTION}, "provided.al2023",
               Handler="function.handler")
    for number in range(2):
        answer = api.invoke("tutorial", json.dumps({"text": f"Hello {number}"}).encode())
        assert answer.status == 200 and "X-Amz-Function-Error" not in answer.headers, answer.body
        assert answer.body.decode() == f"Echoing request: '{{\"text\": \"Hello {number}\"}}'"


def wheel(name):
    found = sorted((ROOT / "build/wheels").glob(f"{name}-*.whl"))
    if not found:
        pytest.skip(f"no wheel of {name} (tests/prepare.sh had no PyPI)")
    return found[0]


def add(archive, name, content):
    """Readable by all, which writestr alone makes nothing."""
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o100644 << 16
    archive.writestr(info, content)


DUCKDB = '''
import duckdb, os

def handler(event, context):
    db = duckdb.connect("/tmp/one.db")
    setting = lambda name: db.execute(f"select current_setting('{name}')").fetchone()[0]
    kept = {"limit": setting("memory_limit"), "threads": setting("threads")}
    db.execute("create table t as select range i, range % 1000003 k, hash(range)::varchar s "
               "from range(4000000)")
    kept["groups"] = db.execute("select count(*) from (select k, count(*), max(s) from t "
                                "group by k)").fetchone()[0]
    kept["sorted"] = db.execute("select count(*) from (select row_number() over (order by s) r "
                                "from t)").fetchone()[0]
    return kept
'''


def test_duckdb_sizes_itself(api):
    package = io.BytesIO(wheel("duckdb").read_bytes())
    with zipfile.ZipFile(package, "a") as archive:
        add(archive, "app.py", DUCKDB)
    made = api.create("duckdb", package.getvalue(), MemorySize=320,
                      EphemeralStorage={"Size": 2048})
    assert made.status == 201, made.body
    api.active("duckdb")
    answer = api.invoke("duckdb")
    assert answer.status == 200 and "X-Amz-Function-Error" not in answer.headers, answer.body
    found = answer.json()
    assert found["limit"] == "256.0 MiB" and found["threads"] == processors(320), found
    assert (found["groups"], found["sorted"]) == (1000003, 4000000)


JOBLIB = '''
import warnings
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from joblib import Parallel, delayed

def handler(event, context):
    # By the threads that it falls back to, or one after the other; not by what breaks.
    return {"squares": Parallel(n_jobs=2)(delayed(pow)(n, 2) for n in range(6)),
            "said": [str(one.message) for one in said]}
'''


def test_joblib_falls_back(api):
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        for package_name in ("joblib", "cloudpickle"):
            with zipfile.ZipFile(wheel(package_name)) as wheel_file:
                for name in wheel_file.namelist():
                    add(archive, "python/" + name, wheel_file.read(name))
    made = api.call("POST", "/2018-10-31/layers/joblib/versions",
                    {"Content": {"ZipFile": base64.b64encode(layer.getvalue()).decode()}})
    assert made.status == 201, made.body
    api.deploy("joblib", JOBLIB, MemorySize=256, Layers=[made.json()["LayerVersionArn"]])
    answer = api.invoke("joblib")
    assert answer.status == 200 and "X-Amz-Function-Error" not in answer.headers, answer.body
    found = answer.json()
    assert found["squares"] == [0, 1, 4, 9, 16, 25]
    assert any("serial mode" in one for one in found["said"]), found


ACCOUNTS = ("111111111111", "222222222222")


def called(server, account, name):
    """Makes a function in that account, as its key says, and calls it."""
    api = boto3.client("lambda", endpoint_url=server.endpoint, region_name="us-east-1",
                       aws_access_key_id=account, aws_secret_access_key="x")
    api.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE, Timeout=60,
                        Handler="app.handler", Code={"ZipFile": package({"app.py": LOOK})})
    api.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    return json.load(api.invoke(FunctionName=name)["Payload"])


@pytest.mark.parametrize("templates", ["account", "shared"])
def test_accounts_have_templates_of_their_own(tmp_path, templates):
    """What children of one template have in common, the seed of hashes, stays in the account;
    random bytes of the process are each child's own."""
    server = Server(tmp_path / "data", "--set", f"starts.templates={templates}").start()
    try:
        found = {account: [called(server, account, f"kin{n}") for n in range(8)]
                 for account in ACCOUNTS}
        first, second = ({one["hash"] for one in found[account]} for account in ACCOUNTS)
        assert len(first) < 8 and len(second) < 8, "nothing came from a template"
        assert bool(first & second) == (templates == "shared")
        random = [one["random"] for account in ACCOUNTS for one in found[account]]
        assert len(set(random)) == 16
    finally:
        server.stop()


def test_templates_of_many_accounts_are_limited(tmp_path):
    """32 of one loop; those who come later start without."""
    server = Server(tmp_path / "data", "--set", "server.loops=1", "--set", "starts.ready=1").start()

    def count():
        [helper] = children(server.pid)
        return sum(b"bootstrap.py" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                   for pid in children(helper))
    try:
        for number in range(34):
            assert called(server, f"{number + 1:012}", "one")["user"] == "sbx_user1051"
        assert eventually(lambda: count() >= 32) and count() == 32, count()
    finally:
        server.stop()

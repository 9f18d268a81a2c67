"""What becomes of an execution environment after a crash or a timeout, what its end leaves in the
log, and what REPORT says of its memory."""
import contextlib
import itertools
import json
import pathlib
import re
import shutil
import threading

import pytest
from api import Api, Gone
from holdings import holdings, read
from serving import Server
from waiting import eventually

PYTHON = r'''
import json, os, signal, subprocess, sys, time
STARTED = time.time_ns()

def handler(event, context):
    do = event["do"]
    if do == "write":
        os.makedirs("/tmp/deep/er", exist_ok=True)
        for path in ("/tmp/kept", "/tmp/deep/er/kept"):
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
                f.write("%d" % STARTED)
    if do == "leave":  # in a session of its own, without a parent
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execv("/usr/bin/sleep", ["left-behind", "10000"])
            os._exit(0)
        os.wait()
    if do == "segment":  # shared memory that nobody takes away
        import ctypes
        libc = ctypes.CDLL(None)
        libc.shmat.restype = ctypes.c_void_p
        at = libc.shmat(libc.shmget(0, 60 << 20, 0o1600), None, 0)
        ctypes.memset(at, 1, 60 << 20)
        os._exit(3)
    if do == "hang":
        time.sleep(60)
    if do == "exit":
        os._exit(3)
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "memory":
        held = [bytearray(1 << 20) for _ in range(1000)]
    if do == "see":
        found = {}
        for path in ("/tmp/kept", "/tmp/deep/er/kept"):
            if os.path.exists(path):
                with open(path, "r+") as f:
                    found[path] = f.read()
                    f.write(".")
        stat = os.statvfs("/tmp")
        commands = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with open("/proc/%s/cmdline" % pid) as f:
                commands.append(f.read())
        return {"files": found, "started": STARTED, "left": "left-behind" in str(commands),
                "owners": [os.stat(p).st_uid == os.getuid() for p in found],
                "tmp_mb": stat.f_blocks * stat.f_frsize >> 20}
    if do == "rss":
        with open("/proc/self/status") as f:
            return int(f.read().split("VmHWM:")[1].split()[0]) // 1024
    return STARTED
'''

SHELL = '''#!/bin/sh
BASE=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
    EVENT=$(curl -sS -D /tmp/headers $BASE/invocation/next) || exit 1
    ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id /tmp/headers | tr -d '[:space:]' | cut -d: -f2)
    case $EVENT in
    *exit*) echo shell > /tmp/kept; exit 3 ;;
    *hang*) echo shell > /tmp/kept; sleep 60 ;;
    *lines*) echo '{"level":"debug","m":"low"}'; echo '{"level":"WARN","m":"high"}'
             echo '{"m":"none"}'; echo '{"level":"loud","m":"wrong"}'; echo text
             echo '{"inner":{"level":"debug"},"m":"inside"}' ;;
    esac
    curl -s -X POST $BASE/invocation/$ID/response -d "\\"$(cat /tmp/kept 2>/dev/null)\\"" > /dev/null
done
'''

NODE = '''
const fs = require('fs');
exports.handler = async (event) => {
  if (event.do === 'write') fs.writeFileSync('/tmp/kept', 'node');
  if (event.do === 'exit') process.exit(3);
  if (event.do === 'hang') await new Promise((done) => setTimeout(done, 60000));
  return fs.existsSync('/tmp/kept') ? fs.readFileSync('/tmp/kept', 'utf8') : '';
};
'''

RUBY = '''
def handler(event:, context:)
  File.write('/tmp/kept', 'ruby') if event['do'] == 'write'
  exit!(3) if event['do'] == 'exit'
  sleep 60 if event['do'] == 'hang'
  File.exist?('/tmp/kept') ? File.read('/tmp/kept') : ''
end
'''

NUMBERS = itertools.count()
LANGUAGES = {"python": ("python3.11", PYTHON), "node": ("nodejs20.x", {"app.js": NODE}),
             "ruby": ("ruby3.3", {"app.rb": RUBY}), "shell": ("provided.al2023",
                                                              {"bootstrap": SHELL})}


def logs(api, name, target, **what):
    return api.call("POST", "/", {"logGroupName": f"/aws/lambda/{name}", **what},
                    {"X-Amz-Target": f"Logs_20140328.{target}",
                     "Content-Type": "application/x-amz-json-1.1"}).json()


def lines_of(api, name):
    return [e["message"] for e in logs(api, name, "FilterLogEvents").get("events", [])]


def reports(api, name, count=1):
    def found():
        got = [line for line in lines_of(api, name) if line.startswith("REPORT")]
        return got if len(got) >= count else None
    got = eventually(found)
    assert got, lines_of(api, name)
    return got


def megabytes(report):
    return int(re.search(r"Max Memory Used: (\d+) MB", report).group(1))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("life") / "data").start()
    yield server
    server.stop()


@pytest.fixture
def api(running):
    return Api(running.address)


@pytest.fixture
def deploy(api):
    made = []

    def create(language="python", **settings):
        runtime, source = LANGUAGES[language]
        if language != "shell" and not shutil.which({"python": "python3"}.get(language, language)):
            pytest.skip(f"no {language} on this machine")
        name = f"life-{next(NUMBERS)}"
        made.append(api.deploy(name, source, runtime, **{"Timeout": 2, **settings}))
        return name
    yield create
    for name in made:
        api.delete(name)


def see(api, name):
    answer = api.invoke(name, {"do": "see"})
    assert "X-Amz-Function-Error" not in answer.headers, answer.body
    return answer.json()


@pytest.mark.parametrize("end", ["hang", "exit", "kill", "memory"])
def test_tmp_is_kept_over_a_failure(api, deploy, end):
    name, other = deploy(), deploy()
    started = str(api.invoke(name, {"do": "write"}).json())
    reports(api, name)  # the environment is idle, and serves on
    api.invoke(name, {"do": "leave"})
    reports(api, name, 2)
    assert "X-Amz-Function-Error" in api.invoke(name, {"do": end}).headers
    seen = see(api, name)
    assert seen["files"] == {"/tmp/kept": started, "/tmp/deep/er/kept": started}
    assert seen["owners"] == [True, True] and not seen["left"]
    assert str(seen["started"]) != started  # the runtime is another
    assert 400 < seen["tmp_mb"] <= 512
    # Again, and what was added meanwhile is there.
    reports(api, name, 4)
    assert "X-Amz-Function-Error" in api.invoke(name, {"do": end}).headers
    assert see(api, name)["files"]["/tmp/kept"] == started + "."
    assert see(api, other)["files"] == {}  # nothing of another's


@pytest.mark.parametrize("language", ["node", "ruby", "shell"])
@pytest.mark.parametrize("end", ["hang", "exit"])
def test_tmp_is_kept_in_every_runtime(api, deploy, language, end):
    name = deploy(language, MemorySize=256)
    api.invoke(name, {"do": "write"})
    reports(api, name)
    assert "X-Amz-Function-Error" in api.invoke(name, {"do": end}).headers
    assert api.invoke(name, {"do": "read"}).json() == language


def test_tmp_is_kept_over_a_failed_initialisation(api, deploy, running):
    source = ("import os\nn = len(os.listdir('/tmp'))\nopen('/tmp/%d' % n, 'w').close()\n"
              "if n < 3: os._exit(1)\ndef handler(e, c): return n\n")
    name = api.deploy("life-init", source, Timeout=5)
    answers = [api.invoke(name).json() for _ in range(3)]
    api.delete(name)
    assert 3 in answers and answers[-1] == 3, answers


def test_memory_that_outlives_its_process_is_not_handed_on(api, deploy):
    """Else the environment would have half of its memory from then on: here another follows."""
    name = deploy()
    api.invoke(name, {"do": "write"})
    reports(api, name)
    for _ in range(2):
        assert api.invoke(name, {"do": "segment"}).json()["errorType"] == "Runtime.ExitError"
    assert see(api, name)["files"] == {}


def test_new_code_begins_with_an_empty_tmp(api, deploy):
    name = deploy()
    api.invoke(name, {"do": "write"})
    api.invoke(name, {"do": "exit"})
    api.call("PUT", f"/2015-03-31/functions/{name}/configuration", {"Timeout": 3})
    api.active(name)
    assert see(api, name)["files"] == {}


def test_running_out_of_memory_is_told_from_a_kill(api, deploy):
    """Also where the environment has run out of memory before."""
    name = deploy()
    for end, kind in (("memory", "Runtime.OutOfMemory"), ("kill", "Runtime.ExitError")):
        assert api.invoke(name, {"do": end}).json()["errorType"] == kind
    used = [megabytes(line) for line in reports(api, name, 2)]
    assert used == [128, 128]


def frozen(server):
    """Groups of the server's sandboxes that are frozen."""
    own = [group for tree in holdings(server.data_dir)["groups"]
           for group in pathlib.Path(tree).glob("s*")]
    return {group.name for group in own if read(group / "freezer.state").strip() == "FROZEN"
            or read(group / "cgroup.freeze").strip() == "1"}


LOST = re.compile("lost|curl|refused|reset|EOF|Errno|Traceback", re.IGNORECASE)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("how", ["delete", "frozen", "update", "timeout"])
def test_an_end_of_ours_is_not_in_the_log(running, api, deploy, language, how):
    name = deploy(language, MemorySize=256)
    frozen_before = frozen(running)
    assert "X-Amz-Function-Error" not in api.invoke(name, {"do": "write"}).headers
    reports(api, name)
    before = lines_of(api, name)
    if how == "timeout":
        api.invoke(name, {"do": "hang"})
    elif how == "update":
        api.call("PUT", f"/2015-03-31/functions/{name}/configuration", {"Timeout": 4})
        api.active(name)
    elif how == "frozen":
        assert eventually(lambda: frozen(running) - frozen_before)
    if how in ("delete", "frozen"):
        api.delete(name)
    # What comes after it in the same log file is there: so is what came before.
    probe = deploy()
    api.invoke(probe, {"do": "nothing"})
    reports(api, probe)
    after = [line for line in lines_of(api, name)[len(before):]]
    assert not [line for line in after if LOST.search(line)], after
    assert all(re.match("START|END|REPORT", line) for line in after), after


@pytest.mark.parametrize("language", ["python", "shell"])
def test_a_stop_of_the_server_is_not_in_the_log(tmp_path, language):
    """What it interrupts was no failure of the function's."""
    server = Server(tmp_path / "data").start()
    try:
        api = Api(server.address)
        runtime, source = LANGUAGES[language]
        api.deploy("stopped", source, runtime, Timeout=60)

        def call():
            with contextlib.suppress(Gone):
                Api(server.address).invoke("stopped", {"do": "hang"})
        calling = threading.Thread(target=call, daemon=True)
        calling.start()
        assert eventually(lambda: [s for s in lines_of(api, "stopped") if s.startswith("START")])
        server.stop()
        calling.join(30)
        server.start()
        after = lines_of(Api(server.address), "stopped")
        assert [re.match("[A-Z_]*", line).group() for line in after] == ["INIT_START", "START"]
    finally:
        if server.process.poll() is None:
            server.stop()


def test_memory_is_all_of_the_environments(api, deploy):
    name = deploy(MemorySize=256)
    rss = api.invoke(name, {"do": "rss"}).json()
    used = megabytes(reports(api, name)[0])
    assert rss - 2 <= used <= rss + 24, (rss, used)


def test_memory_of_a_failed_initialisation(api):
    api.deploy("life-no-start", "import os\nheld = bytearray(b'x' * (40 << 20))\nos._exit(4)\n"
               "def handler(e, c): pass\n", MemorySize=256)
    try:
        assert "X-Amz-Function-Error" in api.invoke("life-no-start").headers
        assert 40 <= megabytes(reports(api, "life-no-start")[0]) <= 120
    finally:
        api.delete("life-no-start")


@pytest.mark.parametrize("level, kept", [
    ("TRACE", ["low", "high", "none", "wrong", "inside"]),
    ("INFO", ["high", "none", "wrong", "inside"]), ("WARN", ["high"]), ("FATAL", [])])
def test_json_lines_obey_the_application_level(api, deploy, level, kept):
    name = deploy("shell", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": level,
                                          "SystemLogLevel": "INFO"})
    assert "X-Amz-Function-Error" not in api.invoke(name, {"do": "lines"}).headers
    assert eventually(lambda: [line for line in lines_of(api, name) if "platform.report" in line])
    lines = lines_of(api, name)
    assert "text\n" in lines  # has no level
    assert [json.loads(line)["m"] for line in lines if '"m":' in line] == kept


def test_text_format_knows_no_levels(api, deploy):
    name = deploy("shell")
    api.invoke(name, {"do": "lines"})
    reports(api, name)
    assert [line for line in lines_of(api, name) if '"level":"debug"' in line]

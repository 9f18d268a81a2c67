"""Lapwing run by an ordinary user: a user id that nobody has, without groups or capabilities.
What cannot be enforced then is said; everything else holds."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import pytest
from api import Api
from images import Layer, Layout, busybox_layer
from serving import ROOT, Server, binary
from waiting import eventually

USER = 64123  # of nobody: no entry in /etc/passwd, no subordinate ids
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all",
           "--no-new-privs"]
SANDBOX_TESTS = ROOT / "build/release/src/sandbox/lapwing_sandbox_test"


def run_as_user(*command, **more):
    return subprocess.run([*AS_USER, *map(str, command)], capture_output=True, text=True, **more)


@pytest.fixture(scope="module")
def home():
    if os.geteuid() != 0:
        pytest.skip("already an ordinary user: every other test is this one")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lapwing-rootless-"))
    folder.chmod(0o755)
    (folder / "home").mkdir()
    os.chown(folder / "home", USER, USER)
    # The tree of the build may be closed to others.
    shutil.copy(binary(), folder / "lapwing")
    if run_as_user("unshare", "--user", "--map-root-user", "--mount", "true").returncode != 0:
        pytest.skip("this machine lets no ordinary user make namespaces")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(home):
    one = Server(home / "home" / "data", "--set", f"images.layouts={home / 'layout'}")
    one.arguments = ["env", f"HOME={home}/home", *AS_USER, str(home / "lapwing"),
                     *one.arguments[1:]]
    one.start()
    yield one
    one.stop()


NODE = """
const fs = require('fs');
exports.handler = async (event) => {
  fs.writeFileSync('/tmp/own', 'x');
  return {n: event.n, uid: process.getuid(), read: fs.existsSync(event.secret)};
};
"""
PYTHON = """
import os
def handler(event, context):
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    def writes(path):
        try:
            open(path, "w").close()
            return True
        except OSError:
            return False
    return {"n": event["n"], "uid": os.getuid(), "read": os.path.exists(event["secret"]),
            "caps": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
            "filter": status["Seccomp"].strip(), "tmp": writes("/tmp/x"), "root": writes("/etc/x"),
            "pages": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
            "memory": int(open("/proc/meminfo").readline().split()[1]) >> 10,
            "pids": [p for p in os.listdir("/proc") if p.isdigit()]}
"""


def invoked(api, name, event):
    """GetFunction may say Active a moment before Invoke knows."""
    answer = eventually(lambda: (a := api.invoke(name, event)).status != 409 and a)
    assert answer and "X-Amz-Function-Error" not in answer.headers, answer
    return answer.json()


def test_functions_run_behind_their_walls(server, home):
    secret = home / "home" / "secret"
    secret.write_text("the user's own")
    api = Api(server.address)
    api.deploy("python", PYTHON, MemorySize=256)
    api.deploy("node", {"app.js": NODE}, "nodejs20.x", MemorySize=256)
    for n in range(4):
        seen = invoked(api, "python", {"n": n, "secret": str(secret)})
        assert seen["n"] == n and seen["uid"] == 993 and not seen["read"], seen
        assert seen["caps"] == 0 and seen["filter"] == "2", seen
        assert seen["tmp"] and not seen["root"], seen
        assert seen["pages"] == seen["memory"] == 256, seen
        assert len(seen["pids"]) <= 2, seen
        seen = invoked(api, "node", {"n": n, "secret": str(secret)})
        assert seen == {"n": n, "uid": 993, "read": False}, seen


def test_tmp_is_kept_over_a_crash(server):
    """As everywhere, though it is a tmpfs here."""
    api = Api(server.address)
    api.deploy("crashes", "import os\ndef handler(event, c):\n"
               "    if event['do'] == 'write':\n        open('/tmp/kept', 'w').close()\n"
               "    if event['do'] == 'exit':\n        os._exit(3)\n"
               "    return os.listdir('/tmp')\n", MemorySize=256)
    assert invoked(api, "crashes", {"do": "write"}) == ["kept"]
    assert "X-Amz-Function-Error" in api.invoke("crashes", {"do": "exit"}).headers
    assert invoked(api, "crashes", {"do": "read"}) == ["kept"]


def test_it_starts_in_what_was_made_ahead(server, home):
    """Templates and standby environments, the code mounted into them by the helper."""
    api = Api(server.address)
    # Other code each time: an environment of its own each.
    for n in range(6):
        name = api.deploy(f"cold{n}", PYTHON + f"# {n}\n", MemorySize=256)
        assert invoked(api, name, {"n": n, "secret": "/x"})["n"] == n
    metrics = api.call("GET", "/_lapwing/metrics").body.decode()
    ahead = [line for line in metrics.splitlines()
             if "start" in line and ("standby" in line or "template" in line)
             and not line.startswith("#")]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in ahead) >= 1, metrics


def test_images_run_too(server, home):
    """Unpacked without the right to give files away, or to make devices."""
    layout = Layout(home / "layout")
    hostile = (Layer().add("private", "x", 0o600).add("dev/sda", kind=tarfile.BLKTYPE)
               .add("bin/suid", "x", 0o4755).link("etc/resolv.conf", "/etc/passwd"))
    layout.image("shell", [busybox_layer(), hostile], command=["first"], directory="/var/task",
                 entry_point=["/var/task/bootstrap"], environment={"PATH": "/bin"})
    subprocess.run(["chmod", "-R", "a+rX", str(layout.directory)], check=True)
    api = Api(server.address)
    made = api.call("POST", "/2015-03-31/functions", {
        "FunctionName": "image", "PackageType": "Image", "Timeout": 30, "MemorySize": 256,
        "Role": "arn:aws:iam::000000000000:role/lambda-ex",
        "Code": {"ImageUri": f"oci:{layout.directory}:shell"}})
    assert made.status == 201, made.body
    api.active("image")
    for n in range(3):
        seen = invoked(api, "image", {"n": n})
        assert seen["event"] == {"n": n} and seen["argument"] == "first", seen
        assert seen["cwd"] == "/var/task", seen


def test_what_is_not_enforced_is_said(server, home):
    said = json.loads(Api(server.address).call("GET", "/_lapwing/health").body)
    lacking = {f["name"]: f["remedy"] for f in said["isolation"]["features"] if not f["enforced"]}
    assert all(lacking.values()), lacking
    assert any("root" in remedy for remedy in lacking.values()), lacking
    doctor = run_as_user(home / "lapwing", "doctor", "--data-dir", home / "home" / "doctor",
                         env={**os.environ, "HOME": str(home / "home")})
    assert doctor.returncode == 0, doctor.stderr
    for name in lacking:
        assert name in doctor.stdout, doctor.stdout


def test_the_sandbox_tests_are_green(home):
    """The attack suite among them; what this user cannot have is skipped, with its reason."""
    if not SANDBOX_TESTS.exists():
        pytest.skip("lapwing_sandbox_test is not built")
    if run_as_user("test", "-x", SANDBOX_TESTS).returncode != 0:
        pytest.skip("the build's directory is closed to other users")
    ran = run_as_user(SANDBOX_TESTS, "--gtest_brief=1", timeout=300,
                      env={**os.environ, "HOME": str(home / "home")})
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-4000:]

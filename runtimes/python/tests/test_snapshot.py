"""What a snapshot keeps besides memory: files and descriptors, with every Python that AWS takes
snapshots of. The whole of it is in tests/system/test_snapstart.py: it needs sandboxes."""

import json
import os
import pathlib
import subprocess

import pytest
from interpreters import pythons

RUNTIME = pathlib.Path(__file__).parents[1] / "runtime"
PYTHONS = {version: path for version, path in pythons().items() if version >= (3, 12)}


@pytest.fixture(params=[".".join(map(str, version)) for version in PYTHONS])
def run(request, tmp_path):
    """run(script) -> what it printed, as JSON; it runs in an empty folder."""
    python = PYTHONS[tuple(int(n) for n in request.param.split("."))]

    def call(script):
        done = subprocess.run([python, "-S", "-c", script], cwd=tmp_path, timeout=60,
                              env={"PYTHONPATH": str(RUNTIME), "PATH": os.environ["PATH"]},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


FILES = """
import json, os, shutil
from lapwing_runtime import scratch_files
root = os.path.abspath("tree")
os.makedirs(root + "/a/b")
open(root + "/a/one", "w").write("1" * 3000000)
open(root + "/a/b/\\u00fcnicode\\n", "w").write("two")
open(root + "/secret", "w").write("3")
os.chmod(root + "/secret", 0o000)
os.symlink("/nowhere", root + "/link")
os.mkfifo(root + "/fifo")
os.chmod(root + "/a", 0o555)
os.utime(root + "/a", ns=(5, 7))
def look():
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            what = os.readlink(path) if os.path.islink(path) else info.st_size
            if not os.path.isfile(path):
                what = what if os.path.islink(path) else 0
            found[path] = [info.st_mode, info.st_mtime_ns if path.endswith("/a") else 0, what]
    return found
before = look()
fd = os.open("image", os.O_RDWR | os.O_CREAT)
scratch_files.save(fd, [root])
os.chmod(root + "/a", 0o755)
shutil.rmtree(root)
os.mkdir(root)
scratch_files.load(fd)
print(json.dumps([before, look(), open(root + "/a/one").read()[-2:]]))
"""


def test_files_come_back_as_they_were(run):
    before, after, end = run(FILES)
    assert after == before and len(before) == 7
    assert end == "11"


DESCRIPTORS = """
import json, os, select, socket, sys
from lapwing_runtime import descriptors
open("text", "w").write("0123456789")
text = open("text", "rb", 0)
text.read(4)
log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(log, b"one,")
folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
reading, writing = os.pipe()
os.set_blocking(reading, False)
left, right = socket.socketpair()
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
counter = os.eventfd(5)
epoll = select.epoll()
epoll.register(left, select.EPOLLIN)
os.set_inheritable(writing, True)
kept = descriptors.look(2)
high = max(entry[0] for entry in kept)
os.closerange(3, high + 1)
descriptors.put_back(kept)
open_now = sorted(int(n) for n in os.listdir("/proc/self/fd") if int(n) > 2)
os.write(log, b"two")
os.write(writing, b"p")
right.send(b"s")
def fails(call):
    try:
        call()
        return ""
    except OSError as e:
        return type(e).__name__ + str(e.errno)
print(json.dumps({
    "same": open_now[:-1] == sorted(entry[0] for entry in kept),
    "text": text.read(3).decode(), "log": open("log").read(),
    "folder": sorted(os.listdir(folder)), "pipe": os.read(reading, 9).decode(),
    "epoll": epoll.poll(1) == [(left.fileno(), select.EPOLLIN)], "pair": left.recv(9).decode(),
    "client": fails(lambda: client.recv(1)), "accept": fails(listener.accept),
    "counter": os.eventfd_read(counter),
    "blocking": [os.get_blocking(reading), os.get_blocking(writing)],
    "inheritable": [os.get_inheritable(reading), os.get_inheritable(writing)]}))
"""


def test_descriptors_come_back_at_their_numbers(run):
    # 107: not connected, 22: not listening
    assert run(DESCRIPTORS) == {
        "same": True, "text": "456", "log": "one,two", "folder": ["log", "text"], "pipe": "p",
        "epoll": True, "pair": "s", "client": "OSError107", "accept": "OSError22", "counter": 5,
        "blocking": [False, True], "inheritable": [False, True]}


UNFIT = """
import json, os, socket, tempfile
from lapwing_runtime import descriptors
def deleted():
    return tempfile.TemporaryFile(dir=".")
def full_pipe():
    ends = os.pipe()
    os.write(ends[1], b"x")
    return ends
def half_pipe():
    reading, writing = os.pipe()
    os.close(writing)
    return reading
def full_pair():
    ends = socket.socketpair()
    ends[0].send(b"x")
    return ends
def memory():
    return os.memfd_create("m")
reasons = []
held = []  # their numbers are closed below, and must not be again
for make in (deleted, full_pipe, half_pipe, full_pair, memory):
    held.append(make())
    try:
        descriptors.look(2)
        reasons.append("")
    except descriptors.Unfit as e:
        reasons.append(str(e).split(": ")[0].split(" ", 2)[2])
    os.closerange(3, 20)
os._exit(print(json.dumps(reasons), flush=True) or 0)
"""


def test_what_cannot_be_kept_is_said(run):
    assert run(UNFIT) == ["is a deleted file", "is a pipe with something in it",
                          "is a pipe to another process", "is a socket with something in it",
                          "is a deleted file"]


HOOKS = """
import json
import snapshot_restore_py as hooks
from lapwing_runtime import snapshot
said = []
@hooks.register_before_snapshot
def first(): said.append("b1")
hooks.register_before_snapshot(lambda text, n: said.append(text * n), "b", n=2)
hooks.register_after_restore(said.append, "a1")
@hooks.register_after_restore
def second(): said.append("a2")
snapshot.run_before_snapshot()
snapshot.run_after_restore()
def bad(): raise ValueError("x")
hooks.register_after_restore(bad)
try:
    snapshot.run_after_restore()
except snapshot.HookFailed as e:
    said.append(repr(e.__cause__))
print(json.dumps(said))
"""


def test_hooks_run_in_their_order(run):
    assert run(HOOKS) == ["bb", "b1", "a1", "a2", "a1", "a2", "ValueError('x')"]

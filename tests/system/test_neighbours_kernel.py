"""One function at a time takes what the kernel gives out beside memory and processors: socket
memory, processes, connections, places at the name server. Another function's invocations are
answered as usual meanwhile (bystander.py)."""
import contextlib
import os
import pathlib
import re
import threading
import time

import pytest
from api import Api
from bystander import Bystander
from internet import usable
from serving import Server
from waiting import eventually

MEMORY_MB = 256
ATTACKER = '''
import os, signal, socket, struct, time
kept = []

def fill(socket, size):
    socket.setblocking(False)
    try:
        while True:
            socket.send(size * b"x")
    except OSError:
        pass

def again(seconds, socks):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for each in socks:
            fill(each, 1 << 16)
        time.sleep(0.1)

def tcp(seconds):
    listener = socket.create_server(("127.0.0.1", 0))
    for _ in range(80):
        near = socket.socket()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        near.connect(listener.getsockname())
        kept.extend((near, listener.accept()[0]))
        fill(near, 1 << 16)
    again(seconds, kept)

def udp(seconds):
    for _ in range(80):
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        own.bind(("127.0.0.1", 0))
        own.connect(own.getsockname())
        kept.append(own)
        own.setblocking(False)
        for _ in range(250):  # what is too much is dropped, and the sender does not hear of it
            try:
                own.send(40000 * b"x")
            except OSError:
                break
    time.sleep(seconds)

def forks(seconds):
    """How many processes there could be; they last until a second before the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    end, started = time.monotonic() + seconds, 0
    while time.monotonic() < end - 1.5:
        try:
            os.posix_spawn("/bin/sleep", ["sleep", str(end - 1 - time.monotonic())], {})
            started += 1
        except OSError:
            time.sleep(0.02)
    time.sleep(max(0, end - time.monotonic()))
    return started

def silent(seconds):
    """Connections to the name server that ask nothing, as many as it keeps."""
    end, opened = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            kept.append(socket.create_connection(("169.254.100.53", 53), timeout=1))
            opened += 1
        except OSError:
            pass
        if len(kept) > 100:
            kept.pop(0).close()
        time.sleep(0.02)
    return opened

def resolves():
    """Whether the name server takes a connection and keeps it, and takes a question."""
    question = struct.pack(">6H", 7, 256, 1, 0, 0, 0) + b"\\x09localhost\\0" + struct.pack(">2H", 1, 1)
    with socket.create_connection(("169.254.100.53", 53), timeout=8) as server:
        server.sendall(struct.pack(">H", len(question)) + question)
        return len(server.recv(2)) == 2

def handler(event, context):
    return globals()[event["do"]](*event.get("with", []))
'''


@pytest.fixture
def many(data_dir):
    one = Server(data_dir).start()
    yield one
    one.stop()


def groups_of(server, controller):
    """Directories of the control groups of the server's sandboxes."""
    mounted = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    roots = [point for _, point, kind, options, *_ in mounted
             if kind == "cgroup2" or controller in options.split(",")]
    info = (pathlib.Path(server.data_dir) / "sandbox.lock").stat()
    tag = f"lapwing-{info.st_dev:x}-{info.st_ino:x}"
    found = []
    for root in roots:
        for directory, names, _ in os.walk(root):
            if os.path.basename(directory) == tag:
                found += [pathlib.Path(directory) / name for name in names]
                names.clear()
    return found


def number_in(path):
    with contextlib.suppress(OSError, ValueError):  # gone meanwhile
        return int(path.read_text())
    return 0


def socket_mib(server):
    """What the kernel counts as the sandboxes' for their sockets."""
    total = 0
    for group in groups_of(server, "memory"):
        total += number_in(group / "memory.kmem.tcp.usage_in_bytes")
        with contextlib.suppress(OSError):
            found = re.search(r"^sock (\d+)", (group / "memory.stat").read_text(), re.M)
            total += int(found.group(1)) if found else 0
    return total >> 20


def processes_of(server):
    return sum(number_in(group / "pids.current") for group in groups_of(server, "pids"))


def called(address, name, event, answers):
    with contextlib.suppress(Exception):
        answer = Api(address, timeout=90).invoke(name, event)
        answers.append((answer.headers.get("X-Amz-Function-Error"), answer.json()))


def at_once(server, name, count, event):
    """The answers of so many environments of the function."""
    answers = []
    callers = [threading.Thread(target=called, args=(server.address, name, event, answers))
               for _ in range(count)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(100)
    assert len(answers) == count
    return answers


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_socket_memory(many, kind):
    api = Api(many.address)
    api.deploy("attacker", ATTACKER, MemorySize=MEMORY_MB, Timeout=60)
    bystander = Bystander(many)
    with bystander.beside():
        attack = threading.Thread(
            target=at_once, args=(many, "attacker", 1, {"do": kind, "with": [5]}))
        attack.start()
        most = 0
        while attack.is_alive():
            most = max(most, socket_mib(many))
            attack.join(0.1)
    # Counted, and a quarter of its memory on top, or within it where it is memory like other; not
    # the 600 MiB that it tries to get.
    assert MEMORY_MB // 8 < most <= MEMORY_MB


def test_processes_over_all(data_dir):
    server = Server(data_dir, "--set", "sandbox.processes_max=2000").start()
    try:
        api = Api(server.address)
        api.deploy("attacker", ATTACKER, MemorySize=1024, Timeout=60)
        bystander = Bystander(server)
        with bystander.beside():
            answers = []
            attack = threading.Thread(
                target=lambda: answers.extend(at_once(server, "attacker", 6,
                                                      {"do": "forks", "with": [15]})))
            attack.start()
            assert eventually(lambda: processes_of(server) > 1400)
            assert eventually(lambda: all(number_in(group / "pids.max") < 1025
                                          for group in groups_of(server, "pids")))
            # What starts now finds room, and may fork a little itself.
            api.deploy("late", ATTACKER, MemorySize=256, Timeout=30)
            late = api.invoke("late", {"do": "forks", "with": [3]})
            assert 0 < late.json() <= 70, late.body
            attack.join(100)
        assert sum(count for _, count in answers if isinstance(count, int)) < 2000, answers
        # It is over: one may have many again.
        assert eventually(lambda: processes_of(server) < 500)

        def as_many_as_ever():
            found = api.invoke("attacker", {"do": "forks", "with": [4]}).json()
            return isinstance(found, int) and found > 200
        assert eventually(as_many_as_ever)
    finally:
        server.stop()


@pytest.mark.skipif(usable() is not None, reason=usable() or "")
def test_places_at_the_name_server(many):
    api = Api(many.address)
    api.deploy("attacker", ATTACKER, MemorySize=MEMORY_MB, Timeout=60)
    api.deploy("asking", ATTACKER, MemorySize=MEMORY_MB, Timeout=30)
    bystander = Bystander(many)
    assert api.invoke("asking", {"do": "resolves"}).json() is True
    with bystander.beside():
        answers = []
        attack = threading.Thread(target=lambda: answers.extend(
            at_once(many, "attacker", 12, {"do": "silent", "with": [8]})))
        attack.start()
        begun = time.monotonic()
        while attack.is_alive():
            asked = api.invoke("asking", {"do": "resolves"})
            assert asked.json() is True, (time.monotonic() - begun, asked.body)
            time.sleep(0.05)  # the function asks again and again, not as often as it can
    assert all(isinstance(opened, int) and opened > 100 for _, opened in answers), answers

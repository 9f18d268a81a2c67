"""What a function's Python can reach. The escape suite (escape/) tries the kernel's own doors;
here are those a library would use."""
import http.server
import json
import os
import pathlib
import socket
import threading

import pytest
from api import Api
from serving import Server

APP = '''
import glob, os, socket, subprocess, sys, urllib.request

def attempt(call):
    try:
        return ["got", repr(call())[:200]]
    except BaseException as error:
        return ["refused", type(error).__name__ + ": " + str(error)]

def connect(host, port):
    with socket.create_connection((host, port), timeout=1) as s:
        s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        return s.recv(100)

def unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)

def handler(event, context):
    if "connect" in event:
        return [attempt(lambda: connect(*where)) for where in event["connect"]]
    if "unix" in event:
        return [attempt(lambda: unix(path)) for path in event["unix"]]
    if "read" in event:
        return [attempt(lambda: open(path, "rb").read(64)) for path in event["read"]]
    if "write" in event:
        return [attempt(lambda: open(path, "w").write("x")) for path in event["write"]]
    if "list" in event:
        return {path: sorted(os.listdir(path)) for path in event["list"]}
    if "look" in event:
        return {"pids": [p for p in os.listdir("/proc") if p.isdigit()],
                "uid": os.getuid(), "groups": os.getgroups(), "cwd": os.getcwd(),
                "mounts": open("/proc/self/mountinfo").read(),
                "environ": attempt(lambda: open("/proc/1/environ", "rb").read()),
                "hostname": socket.gethostname(), "home": os.path.expanduser("~")}
    if "kill" in event:
        return attempt(lambda: os.kill(event["kill"], 9))
    if "tmp" in event:
        with open("/tmp/kept", "w") as f:
            f.write("x")
        return open("/tmp/kept").read()
    return event
'''


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("isolation")
    server = Server(folder / "data").start()
    api = Api(server.address)
    api.deploy("probe", APP, MemorySize=256)

    def ask(event):
        answer = api.invoke("probe", event)
        assert "X-Amz-Function-Error" not in answer.headers, answer.body
        return answer.json()
    ask.folder = folder
    ask.server = server
    yield ask
    server.stop()


class Listener(http.server.BaseHTTPRequestHandler):
    met = []

    def do_GET(self):
        Listener.met.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def host_addresses():
    """Every IPv4 address this machine has."""
    found = {"127.0.0.1"}
    for line in pathlib.Path("/proc/net/fib_trie").read_text().split("Local:")[1].split("|--"):
        words = line.split()
        if "host" in words and "/32" in words:
            found.add(words[0])
    return sorted(found)


def test_no_port_of_the_host(asked):
    listening = http.server.ThreadingHTTPServer(("0.0.0.0" if len(host_addresses()) > 1 else
                                                 "127.0.0.1", 0), Listener)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        port = listening.server_address[1]
        socket.create_connection(("127.0.0.1", port), 5).close()  # it can be met from here
        places = [[host, port] for host in host_addresses() + ["169.254.100.1", "169.254.100.2"]]
        places += [[host, asked.server.address[1]] for host in host_addresses()]
        answers = dict(zip(map(str, places), asked({"connect": places})))
        assert all(kind == "refused" for kind, _ in answers.values()), answers
        assert Listener.met == []
    finally:
        listening.shutdown()
        listening.server_close()


def test_no_socket_of_the_host(asked):
    path = str(asked.folder / "socket")
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as abstract:
        one.bind(path)
        os.chmod(path, 0o777)
        one.listen()
        name = f"\0lapwing-test-{os.getpid()}"
        abstract.bind(name)
        abstract.listen()
        answers = asked({"unix": [path, name]})
    assert [kind for kind, _ in answers] == ["refused", "refused"], answers


def test_no_file_of_the_host(asked):
    secret = asked.folder / "secret"
    secret.write_text("host's own")
    secret.chmod(0o644)
    paths = [str(secret), "/etc/shadow", "/root/.bashrc", "/proc/1/root" + str(secret),
             "/var/lib/dpkg/status", "/etc/machine-id", "/proc/kcore", "/proc/kmsg", "/dev/mem",
             "/sys/kernel/security", str(asked.folder / "data" / "server.key"),
             "/proc/self/root" + str(secret), "/var/task/../../.." + str(secret)]
    answers = dict(zip(paths, asked({"read": paths})))
    assert all(kind == "refused" for kind, _ in answers.values()), answers
    listed = asked({"list": ["/", "/etc", "/var", "/dev"]})
    assert not {"root", "home", "boot", "srv", "media"} & set(listed["/"]), listed["/"]
    assert "passwd" in listed["/etc"] and len(listed["/etc"]) < 40, listed["/etc"]
    assert not any(d.startswith(("sd", "vd", "loop", "nvme", "kmsg")) for d in listed["/dev"])


def test_writes_in_tmp_only(asked):
    assert asked({"tmp": 1}) == "x"
    paths = ["/x", "/var/task/x", "/etc/x", "/opt/x", "/var/runtime/x", "/dev/x", "/usr/x",
             "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/var/task/app.py"]
    answers = dict(zip(paths, asked({"write": paths})))
    assert all(kind == "refused" for kind, _ in answers.values()), answers


def test_sees_itself_alone(asked):
    seen = asked({"look": 1})
    assert len(seen["pids"]) <= 3, seen["pids"]
    assert seen["uid"] != 0 and 0 not in seen["groups"]
    assert seen["cwd"] == "/var/task" and seen["hostname"] != socket.gethostname()
    assert str(os.path.realpath(asked.folder)) not in seen["mounts"].replace("\\040", " ") or \
        all(os.path.realpath(asked.folder) not in line.split()[4]
            for line in seen["mounts"].splitlines())
    kind, text = asked({"kill": os.getpid()})
    assert kind == "refused", text


def test_functions_do_not_see_one_another(asked):
    api = Api(asked.server.address)
    api.deploy("other", "import os, socket\n"
               "def handler(e, c):\n"
               "    open('/tmp/own', 'w').write('secret')\n"
               "    s = socket.socket(); s.bind(('0.0.0.0', 8123)); s.listen()\n"
               "    globals()['held'] = s\n"
               "    return sorted(os.listdir('/var/task'))\n")
    assert api.invoke("other").json() == ["app.py"]
    answers = asked({"read": ["/tmp/own"]}) + asked(
        {"connect": [["127.0.0.1", 8123], ["169.254.100.1", 8123]]})
    assert all(kind == "refused" for kind, _ in answers), answers


def test_health_tells_what_is_enforced(asked):
    said = json.loads(Api(asked.server.address).call("GET", "/_lapwing/health").body)
    assert said["status"] == "ok" and said["services"]["lambda"] == "running"
    assert {f["name"] for f in said["isolation"]["features"]} >= {"namespaces", "memory limit"}
    assert all(f["enforced"] or f["remedy"] for f in said["isolation"]["features"])

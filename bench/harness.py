"""What the rows stand on: a server of their own, functions deployed to it, the load client, and
what /proc says about processes. Standard library only."""

import base64
import concurrent.futures
import dataclasses
import io
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import serve_and_greet  # noqa: E402  (signed requests of the standard library)

KEY_ID, SECRET = "AKIABENCHBENCHBENCH1", "bench-secret-key"
ROLE = "arn:aws:iam::000000000000:role/lambda-ex"
EVENT = '{"name": "World"}'
READY = re.compile(rb"listening on http://(\S+)")
START_SECONDS = 60
ACTIVE_SECONDS = 120
SETTLE_SECONDS = 60
DEPLOYERS = 8
MIB_KB = 1024
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    pass


@dataclasses.dataclass
class Row:
    name: str
    floor: str
    ours: str
    ratio: float | None
    bar: str
    met: bool | None          # None: measured, no bar yet (or not measurable)
    figures: dict


class Programs:
    def __init__(self, build, server=None):
        self.server = pathlib.Path(server) if server else build / "lapwing"
        self.load = build / "bench" / "lapwing_load"
        self.pingpong = build / "bench" / "lapwing_floor_pingpong"
        self.raw_http = build / "bench" / "lapwing_floor_http"
        self.relay = build / "bench" / "lapwing_floor_relay"
        self.native = build / "bench" / "lapwing_bench_native"
        self.matcher = build / "bench" / "lapwing_bench_matcher"


def run_json(command, timeout=600):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          timeout=timeout)
    if done.returncode != 0 or done.stderr:
        raise BenchError("{}: {}".format(pathlib.Path(command[0]).name, done.stderr.strip()))
    return json.loads(done.stdout)


def answered(command, options):
    """The load client's figures, where all answers were right."""
    command = list(command)
    for option, value in options.items():
        command += ["--" + option.replace("_", "-"), value]
    figures = run_json(command)
    if figures["errors"]:
        raise BenchError("{} of {} answers were wrong".format(figures["errors"],
                                                              figures["requests"]))
    return figures


def zipped(path, name, mode=0o644):
    """A package of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
        info.external_attr = mode << 16
        archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def packages(programs):
    """Runtime family -> (runtime, handler, zip)."""
    functions = ROOT / "bench" / "functions"
    return {
        "python": ("python3.12", "lambda_function.lambda_handler",
                   zipped(functions / "lambda_function.py", "lambda_function.py")),
        "node": ("nodejs20.x", "index.handler", zipped(functions / "index.js", "index.js")),
        "native": ("provided.al2023", "bootstrap",
                   zipped(programs.native, "bootstrap", 0o755)),
    }


class Server:
    """`lapwing serve` with signatures verified, on a data directory of its own."""

    def __init__(self, programs, settings=(), keys=(KEY_ID,)):
        self.programs = programs
        self.settings = list(settings)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="lapwing-bench-"))
        self.packages = packages(programs)
        self.deployed = set()
        config = self.home / "config.toml"
        config.write_text("".join(
            '[[credentials]]\naccess_key_id = "{0}"\nsecret_access_key = "{1}"\n'
            'principal = "arn:aws:iam::000000000000:user/{0}"\n'.format(key, SECRET)
            for key in keys))
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = KEY_ID, SECRET
        self.command = [str(programs.server), "serve", "--listen", "127.0.0.1:0", "--data-dir",
                        str(self.home / "data"), "--config", str(config), "--auth", "verify",
                        "--set", "log.level=warn"]
        for setting in self.settings:
            self.command += ["--set", setting]
        self.process = None

    def start(self):
        """Seconds until it listens and answers."""
        with open(self.home / "stderr", "wb") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log)
        while True:
            said = (self.home / "stderr").read_bytes()
            found = READY.search(said)
            if found:
                break
            if self.process.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise BenchError("the server did not start:\n" + said.decode())
            time.sleep(0.0005)
        self.address = found.group(1).decode()
        status, _ = self.call("GET", "/2015-03-31/functions")
        took = time.monotonic() - began
        if status != 200:
            raise BenchError("ListFunctions answered {}".format(status))
        return took

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def remove(self):
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, method, path, payload=None):
        return serve_and_greet.call("http://" + self.address, method, path, payload)

    def metric(self, name):
        _, body = self.call("GET", "/_lapwing/metrics")
        return re.search(r"^lapwing_" + name + r" (\S+)$", body.decode(), re.MULTILINE).group(1)

    # -- functions ---------------------------------------------------------------------------------

    def deploy(self, family, *names, handler=None):
        with concurrent.futures.ThreadPoolExecutor(DEPLOYERS) as pool:
            missing = [name for name in names if name not in self.deployed]
            list(pool.map(lambda name: self._deploy(family, name, handler), missing))
            self.deployed.update(names)

    def _deploy(self, family, name, handler):
        runtime, usual, code = self.packages[family]
        status, body = self.call("POST", "/2015-03-31/functions", {
            "FunctionName": name, "Runtime": runtime, "Role": ROLE, "Handler": handler or usual,
            "Timeout": 60, "Code": {"ZipFile": base64.b64encode(code).decode()}})
        if status != 201:
            raise BenchError("CreateFunction answered {}: {}".format(status, body.decode()))
        deadline = time.monotonic() + ACTIVE_SECONDS
        while True:
            status, body = self.call("GET", "/2015-03-31/functions/" + name + "/configuration")
            if status == 200 and json.loads(body)["State"] == "Active":
                return
            if time.monotonic() > deadline:
                raise BenchError(name + " did not become active: " + body.decode())
            time.sleep(0.01)

    def invoke(self, name):
        path = "/2015-03-31/functions/" + name + "/invocations"
        status, body = self.call("POST", path, EVENT.encode())
        if status != 200:
            raise BenchError("Invoke answered {}: {}".format(status, body.decode()))
        return json.loads(body)

    def load(self, name, family="python", **options):
        """The load client's figures; `name` may hold {} for a number."""
        spaced = '{"message": "Hello World"}'
        expect = {"node": '{"message":"Hello World"}'}.get(family, spaced)
        command = [self.programs.load, "--address", self.address, "--path",
                   "/2015-03-31/functions/" + name + "/invocations", "--body", EVENT,
                   "--expect", "" if options.get("event") else expect, "--key", KEY_ID,
                   "--secret", SECRET]
        return answered(command, options)

    def load_of(self, path, body, service, **options):
        """The load client's figures of requests of another service's, whose answers are 200."""
        command = [self.programs.load, "--address", self.address, "--path", path, "--body", body,
                   "--type", "application/json", "--key", KEY_ID, "--secret", SECRET, "--service",
                   service]
        return answered(command, options)

    def interpreter(self, family, version):
        """Where the host keeps what a function ran on, as `lapwing doctor` lists it."""
        said = subprocess.run([str(self.programs.server), "doctor"], capture_output=True, text=True)
        for line in said.stdout.splitlines():
            found = re.match(r"\s*(python|nodejs)\s+(\S+)\s+\S+\s+(/\S+)", line)
            if (found and found.group(1).startswith(family)
                    and (version + ".").startswith(found.group(2) + ".")):
                return found.group(3)
        raise BenchError("lapwing doctor names no {} {}".format(family, version))

    # -- processes ---------------------------------------------------------------------------------

    def family_tree(self):
        """Process ids of the server's own processes, and of those in sandboxes."""
        children = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = pathlib.Path("/proc", entry, "stat").read_text()
                except OSError:
                    continue
                children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        own, inside, todo = [], [], [self.process.pid]
        here = os.readlink("/proc/self/ns/pid")
        while todo:
            pid = todo.pop()
            try:
                is_own = os.readlink("/proc/{}/ns/pid".format(pid)) == here
            except OSError:
                continue
            (own if is_own else inside).append(pid)
            todo += children.get(pid, [])
        return own, inside

    def sandboxes(self):
        """Process ids by the pid namespace they are in, of every sandbox."""
        found = {}
        for pid in self.family_tree()[1]:
            try:
                namespace = os.readlink("/proc/{}/ns/pid".format(pid))
            except OSError:
                continue
            found.setdefault(namespace, []).append(pid)
        return found

    def settled(self):
        """When what a first start does in the background is over: byte code, class archives."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            own = self.family_tree()[0]
            if not any(self._is_other_program(pid) for pid in own):
                return
            time.sleep(0.2)

    def _is_other_program(self, pid):
        try:
            return (os.readlink("/proc/{}/exe".format(pid))
                    != os.readlink("/proc/{}/exe".format(self.process.pid))
                    and b"bootstrap" not in pathlib.Path("/proc", str(pid), "cmdline").read_bytes())
        except OSError:
            return False

    def cpu_us(self):
        """Processor time of the server's own processes."""
        total = 0
        for pid in self.family_tree()[0]:
            try:
                total += process_cpu_us(pid)
            except (ProcessLookupError, FileNotFoundError):
                pass  # forked for a sandbox, and gone meanwhile
        return total


def process_cpu_us(pid):
    """User and system time so far."""
    fields = pathlib.Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US


def memory_kb(pid, field="Pss"):
    text = pathlib.Path("/proc", str(pid), "smaps_rollup").read_text()
    return int(re.search(r"^" + field + r":\s+(\d+)", text, re.MULTILINE).group(1))


class BareStart:
    """fork+exec of the interpreter a function reported, its modules, its handler; milliseconds."""

    def __init__(self, server, family):
        runner = {"python": "bare_start.py", "node": "bare_start.cjs"}[family]
        handler = {"python": "lambda_function.py", "node": "index.js"}[family]
        entry = {"python": "lambda_function.facts", "node": "index.facts"}[family]
        server.deploy(family, "facts-" + family, handler=entry)
        facts = server.invoke("facts-" + family)
        modules = server.home / ("modules-" + family)
        modules.write_text("\n".join(facts["modules"]))
        self.executable = server.interpreter(family, facts["version"])
        self.argv = [self.executable, *facts["flags"], str(ROOT / "bench" / "floors" / runner),
                     str(ROOT / "bench" / "functions" / handler), EVENT, str(modules)]

    def once(self):
        reader, writer = os.pipe()
        began = time.monotonic()
        pid = os.posix_spawn(self.executable, self.argv, {"PATH": "/usr/bin:/bin"},
                             file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
        os.close(writer)
        answer = os.read(reader, 4096)
        took = time.monotonic() - began
        os.close(reader)
        os.waitpid(pid, 0)
        if json.loads(answer or b"null") != {"message": "Hello World"}:
            raise BenchError("bare start answered {!r}".format(answer))
        return took * 1e3


def median(values):
    return statistics.median(values)

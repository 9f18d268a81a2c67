"""What else runs Lambda functions on your own machine, measured beside Lapwing in the same run:
the rows of `tools/bench peers`. Each peer is installed into build/peers, pinned, and runs in its
fastest sensible mode; what each does and does not do is in README.md. Standard library only."""

import base64
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import harness
from harness import EVENT, ROOT, BenchError, median, run_json

HOME = ROOT / "build" / "peers"
SOURCES = ROOT / "bench" / "peers"
RIE = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@" \
    "v0.0.0-20261030222936-bef5c4ba774d"
INSTALL_SECONDS, START_SECONDS = 900, 120
COLD_STARTS = 10
SPACED, COMPACT = '{"message": "Hello World"}', '{"message":"Hello World"}'


class NotRun(Exception):
    """Why a peer cannot be had here."""


# -- installing --------------------------------------------------------------------------------


def install(stamp, tool, command, wanted, **environment):
    """Runs `command` in build/peers unless that was done for the same `wanted`."""
    done = HOME / ("." + stamp)
    if done.exists() and done.read_text() == wanted:
        return
    path = shutil.which(tool)
    if not path:
        raise NotRun("there is no " + tool)
    print("installing {} into {}".format(stamp, HOME), file=sys.stderr)
    try:
        run = subprocess.run([path, *command], cwd=HOME, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=INSTALL_SECONDS,
                             env={**os.environ, **environment})
    except subprocess.TimeoutExpired as error:
        raise NotRun("{} took longer than {} s".format(tool, INSTALL_SECONDS)) from error
    if run.returncode:
        said = (run.stderr or run.stdout).strip().splitlines() or ["nothing said"]
        raise NotRun("{} failed: {}".format(tool, said[-1][:120]))
    done.write_text(wanted)


def install_npm():
    wanted = (SOURCES / "package.json").read_text()
    (HOME / "package.json").write_text(wanted)
    install("npm", "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts",
                           "--no-package-lock"], wanted)


def install_python():
    wanted = (SOURCES / "requirements.txt").read_text()
    install("venv", "python3", ["-m", "venv", "--clear", "venv"], "")
    install("pip", str(HOME / "venv/bin/pip"), ["install", "--quiet", "-r",
                                                str(SOURCES / "requirements.txt")], wanted)


def install_rie():
    install("rie", "go", ["install", RIE], RIE, GOBIN=str(HOME / "bin"))


def files():
    """The peers' own files and the functions, side by side in build/peers."""
    for source in [*SOURCES.iterdir(), *(ROOT / "bench/functions").glob("*.*")]:
        shutil.copy(source, HOME / source.name)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# -- peers -------------------------------------------------------------------------------------


class Peer:
    """A process that answers POSTs of the event at `address`."""
    name = family = ""
    path, expect = "/", COMPACT
    connections = 16  # of the throughput; 0: it serves one call at a time
    process = None

    def install(self):
        install_npm()

    def command(self, port):
        """(argv, additional environment) of a server on loopback."""
        raise NotImplementedError

    def start(self):
        port = free_port()
        argv, environment = self.command(port)
        self.address = "127.0.0.1:{}".format(port)
        with open(HOME / (re.sub(r"\W+", "-", self.name) + ".log"), "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in argv], cwd=HOME, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={**os.environ, **environment}, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = pathlib.Path(log.name).read_text(errors="replace").strip().splitlines()
                self.stop()
                raise NotRun("it did not start: " + (said or [""])[-1][:120])
            time.sleep(0.01)

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None

    def load(self, programs, path=None, **options):
        """The load client's figures, unsigned: no peer looks at signatures."""
        command = [programs.load, "--address", self.address, "--path", path or self.path,
                   "--body", EVENT, "--expect", self.expect]
        return answered(command, options)

    def cold(self, programs):
        """Milliseconds of first calls: of a server that has just started, each time."""
        took = []
        for _ in range(COLD_STARTS):
            self.stop()
            self.start()
            took.append(self.load(programs, requests=1)["p50_us"] / 1e3)
        return took


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Offline(Peer):
    family, path = "node", "/2015-03-31/functions/peers-bench-warm/invocations"

    def __init__(self, in_process):
        self.in_process = in_process
        self.name = "serverless-offline 13.9.0, " + ("in process" if in_process
                                                     else "worker threads")

    def command(self, port):
        argv = [HOME / "node_modules/.bin/serverless", "offline", "--host", "127.0.0.1",
                "--httpPort", free_port(), "--lambdaPort", port, "--noSponsor"]
        return argv + (["--useInProcess"] if self.in_process else []), {
            "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "CI": "1"}

    def cold(self, programs):
        return [self.load(programs, self.path.replace("warm", "cold{}".format(n)),
                          requests=1)["p50_us"] / 1e3 for n in range(COLD_STARTS)]


class LambdaLocal(Peer):
    name, family = "lambda-local 2.2.0", "node"

    def command(self, port):
        return ["node", "lambda_local.cjs", HOME / "index.js", port], {}


class Workerd(Peer):
    name, family = "workerd 1.20261117.1 (a worker, not a Lambda function)", "node"

    def command(self, port):
        return [HOME / "node_modules/.bin/workerd", "serve", "workerd.capnp", "--experimental",
                "--socket-addr", "http=127.0.0.1:{}".format(port)], {}

    def cold(self, programs):
        return [self.load(programs, "/cold/{}".format(n), requests=1)["p50_us"] / 1e3
                for n in range(COLD_STARTS)]


class Emulator(Peer):
    """AWS's Runtime Interface Emulator: one function, one call at a time."""
    path, expect, connections = "/2015-03-31/functions/function/invocations", SPACED, 0

    def __init__(self, family, what, argv):
        self.family, self.argv = family, argv
        self.name = "Runtime Interface Emulator (Oct 2026) with " + what

    def install(self):
        install_rie()
        if self.family == "python":
            install_python()

    def command(self, port):
        return [HOME / "bin/aws-lambda-rie", "--log-level", "error",
                "--runtime-interface-emulator-address", "127.0.0.1:{}".format(port),
                "--runtime-api-address", "127.0.0.1:{}".format(free_port()), *self.argv], {
                    "LAMBDA_TASK_ROOT": str(HOME)}


class Moto(Peer):
    """It runs no code: the event comes back. Each call is a connection, as it keeps none."""
    name, family, expect, connections = "moto 5.2.5, simple mode (runs no code)", "none", EVENT, 0

    def install(self):
        install_python()

    def command(self, port):
        return [HOME / "venv/bin/moto_server", "-H", "127.0.0.1", "-p", port], {}

    def start(self):
        super().start()
        self.post("/moto-api/config", '{"lambda": {"use_docker": false}}')
        self.post("/", "Action=CreateRole&RoleName=lambda-ex&AssumeRolePolicyDocument=%7B%7D",
                  "iam", "application/x-www-form-urlencoded")
        code = base64.b64encode(harness.zipped(ROOT / "bench/functions/lambda_function.py",
                                               "lambda_function.py")).decode()
        self.post("/2015-03-31/functions", '{"FunctionName": "f", "Runtime": "python3.12", '
                  '"Role": "arn:aws:iam::123456789012:role/lambda-ex", "Handler": "a.b", '
                  '"Code": {"ZipFile": "%s"}}' % code)

    def post(self, path, body, service="lambda", kind="application/json"):
        """It looks at the scope of a signature, not at the signature."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("POST", path, body, {
            "Content-Type": kind, "X-Amz-Date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{}/aws4_request, "
            "SignedHeaders=host, Signature=0".format(service)})
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        if answer.status not in (200, 201):
            raise BenchError("{} answered {}: {}".format(path, answer.status, said[:200]))
        return said

    def load(self, programs, path=None, seconds=1, **_):
        took, until = [], time.monotonic() + seconds
        while not took or time.monotonic() < until:
            began = time.monotonic()
            if self.post("/2015-03-31/functions/f/invocations", EVENT) != EVENT:
                raise BenchError("it did not answer with the event")
            took.append((time.monotonic() - began) * 1e6)
        took.sort()
        return {"p50_us": median(took), "p99_us": took[len(took) * 99 // 100],
                "per_second": len(took) / seconds}

    def cold(self, programs):
        return []


class Lapwing:
    """The server of the other rows, seen as a peer. Signed, as they all are."""
    connections = 16

    def __init__(self, server, family):
        self.server, self.family, self.name = server, family, "Lapwing"
        server.deploy(family, "peer-" + family,
                      *("peer-{}-{}".format(family, n) for n in range(COLD_STARTS)))

    def load(self, programs, **options):
        return self.server.load("peer-" + self.family, self.family, **options)

    def cold(self, programs):
        return [self.server.load("peer-{}-{}".format(self.family, n), self.family,
                                 requests=1)["p50_us"] / 1e3 for n in range(COLD_STARTS)]

    def stop(self):
        pass


class Unavailable(Peer):
    """What the Go module proxy would have to serve, and Docker to run."""

    def __init__(self, name, module):
        self.name, self.module = name, module

    def install(self):
        go = shutil.which("go")
        if not go:
            raise NotRun("there is no go")
        asked = subprocess.run([go, "list", "-m", self.module + "@latest"], cwd=HOME, text=True,
                               capture_output=True, timeout=120)
        if asked.returncode:
            raise NotRun("the Go module proxy does not serve " + self.module)
        raise NotRun("its functions are container images, which Docker must build")


def all_peers(programs):
    return [
        Offline(False), Offline(True), LambdaLocal(), Workerd(),
        Emulator("python", "awslambdaric 4.2.2",
                 [HOME / "venv/bin/python3", "-m", "awslambdaric",
                  "lambda_function.lambda_handler"]),
        Emulator("native", "the native function", [programs.native]),
        Moto(),
        Unavailable("Nuclio", "github.com/nuclio/nuclio"),
        Unavailable("OpenLambda", "github.com/open-lambda/open-lambda"),
    ]


# -- measuring ---------------------------------------------------------------------------------


def measure(bench, peers):
    """Fills peer.figures: rounds in turn, so that all see the same machine."""
    for peer in peers:
        peer.figures = {"cold_ms": peer.cold(bench.programs), "p50": [], "p99": [], "rate": []}
        # As many environments, workers or threads as it will use are there before it counts.
        peer.load(bench.programs, requests=400, connections=max(1, peer.connections))
    for _ in range(bench.rounds):
        for peer in peers:
            one = peer.load(bench.programs, warm_up=20, seconds=bench.seconds)
            peer.figures["p50"].append(one["p50_us"])
            peer.figures["p99"].append(one["p99_us"])
            if peer.connections:
                many = peer.load(bench.programs, warm_up=20, seconds=bench.seconds,
                                 connections=peer.connections)
                peer.figures["rate"].append(many["per_second"])
            else:
                peer.figures["rate"].append(one["per_second"])


def compared(bench):
    """[(peer, its Lapwing or None, why it was not run)] in the order of families."""
    HOME.mkdir(parents=True, exist_ok=True)
    files()
    server = bench.server()
    ours = {family: Lapwing(server, family) for family in ("node", "python", "native")}
    running, absent = [], []
    try:
        for peer in all_peers(bench.programs):
            try:
                peer.install()
                peer.start()
                running.append(peer)
            except NotRun as why:
                absent.append((peer, None, str(why)))
        measure(bench, [*ours.values(), *running])
    finally:
        for peer in running:
            peer.stop()
    present = []
    for family in ("node", "python", "native", "none"):
        present += [(peer, ours.get(family), "") for peer in [*ours.values(), *running]
                    if peer.family == family]
    return present + absent


def texts(peer):
    """(what is compared with Lapwing, throughput and cold start) of a peer that was measured."""
    figures = peer.figures
    cold = "cold {:.1f} ms".format(median(figures["cold_ms"])) if figures["cold_ms"] else "no cold"
    return "p50 {:,.0f} / p99 {:,.0f} µs; {:,.0f}/s{}; {}".format(
        median(figures["p50"]), median(figures["p99"]), median(figures["rate"]),
        "" if peer.connections else " (1 connection)", cold)

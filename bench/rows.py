"""The rows of tools/bench. Each is a function of (bench) that yields Rows; floors and ours are
measured in turn, round by round, so that both see the same machine; a figure is the median of its
rounds and a ratio the median of the rounds' ratios."""

import json
import subprocess
import time

import event_rows
import queue_rows
import roles
from harness import (MIB_KB, ROOT, BareStart, BenchError, Row, Server, median, memory_kb,
                     process_cpu_us, run_json)
from peers import compared, texts

WARM_UP = 200  # requests of the load client that are not measured


class Bench:
    def __init__(self, programs, quick, full):
        self.programs = programs
        self.quick = quick
        self.full = full
        self.rounds = 2 if quick else 5
        self.seconds = 1 if quick else 3
        self._server = None

    def server(self):
        """The server most rows share."""
        if self._server is None:
            self._server = Server(self.programs, ["engine.memory_mb_max=1000000"])
            self._server.start()
            self._server.settled()
        return self._server

    def close(self):
        if self._server:
            self._server.remove()


def warm_python(bench):
    """Warm invoke of a Python no-op, signature verified, one connection; the CPU of it too, and
    over 16 connections."""
    server = bench.server()
    server.deploy("python", "warm-python")
    python = BareStart(server, "python").executable
    server.load("warm-python", requests=300)
    worker = ["pipe", python, ROOT / "bench/floors/relay.py"]
    floors, raw_cpu, floors_cpu, ours, cpu = [], [], [], [], []
    for _ in range(bench.rounds):
        raw_cpu.append(raw_http(bench, 1)["cpu_us"])
        floors_cpu.append(relay(bench, 1, *worker))
        floor = run_json([bench.programs.pingpong, python,
                          ROOT / "bench/floors/pingpong.py", bench.seconds])
        before = server.cpu_us()
        mine = server.load("warm-python", warm_up=20, seconds=bench.seconds)
        cpu.append((server.cpu_us() - before) / (mine["requests"] + 20))
        floors.append(floor["p50_us"])
        ours.append(mine["p50_us"])
    ratio = median([o / f for o, f in zip(ours, floors)])
    yield Row("warm invoke, Python no-op, 1 connection: p50", "pingpong {:.0f} µs".format(
        median(floors)), "{:.0f} µs".format(median(ours)), ratio, "≤ 5 × and < 400 µs",
        ratio <= 5 and median(ours) < 400, {"floor_us": floors, "ours_us": ours})
    yield cpu_row("CPU of the server per warm invoke", raw_cpu, floors_cpu, cpu)
    server.load("warm-python", connections=16, requests=2000)
    raw_cpu, floors_cpu, cpu = [], [], []
    for _ in range(bench.rounds):
        raw_cpu.append(raw_http(bench, 16)["cpu_us"])
        floors_cpu.append(relay(bench, 16, *worker))
        before = server.cpu_us()
        mine = server.load("warm-python", connections=16, seconds=bench.seconds)
        cpu.append((server.cpu_us() - before) / mine["requests"])
    yield cpu_row("CPU of the server per warm invoke, 16 connections", raw_cpu, floors_cpu, cpu)


def warm_node(bench):
    """Warm invoke of a Node.js no-op (informs; no promise)."""
    server = bench.server()
    server.deploy("node", "warm-node")
    server.load("warm-node", "node", requests=1000)
    ours = [server.load("warm-node", "node", warm_up=20, seconds=bench.seconds)["p50_us"]
            for _ in range(bench.rounds)]
    yield Row("warm invoke, Node.js no-op, 1 connection: p50", "", "{:.0f} µs".format(
        median(ours)), None, "", None, {"ours_us": ours})


def native(bench):
    """Native function over 16 connections, beside the echo of our own http floor."""
    server = bench.server()
    server.deploy("native", "warm-native")
    server.load("warm-native", "native", connections=16, requests=2000)
    floors, raw_cpu, floors_cpu, ours, cpu, single = [], [], [], [], [], []
    for _ in range(bench.rounds):
        floor = raw_http(bench, 16)
        floors.append(floor["per_second"])
        raw_cpu.append(floor["cpu_us"])
        floors_cpu.append(relay(bench, 16, "tcp"))
        before = server.cpu_us()
        mine = server.load("warm-native", "native", connections=16, seconds=bench.seconds)
        cpu.append((server.cpu_us() - before) / mine["requests"])
        ours.append(mine["per_second"])
        single.append(server.load("warm-native", "native", seconds=bench.seconds)["p50_us"])
    yield Row("warm invoke, native, 16 connections", "raw http {:,.0f}/s".format(median(floors)),
              "{:,.0f}/s".format(median(ours)), median([o / f for o, f in zip(ours, floors)]),
              "≥ 8,000/s", median(ours) >= 8000,
              {"floor_per_second": floors, "ours_per_second": ours})
    yield cpu_row("CPU of the server per warm invoke, native, 16 connections", raw_cpu, floors_cpu,
                  cpu)
    yield Row("warm invoke, native, 1 connection: p50", "", "{:.0f} µs".format(median(single)),
              None, "", None, {"ours_us": single})


def cpu_row(name, raw, floors, ours):
    return Row(name, "relay {:.0f} µs, raw http {:.0f} µs".format(median(floors), median(raw)),
               "{:.0f} µs".format(median(ours)), median([o / f for o, f in zip(ours, floors)]),
               "≤ 40 µs", median(ours) <= 40,
               {"floor_us": floors, "raw_http_us": raw, "ours_us": ours})


def raw_http(bench, connections):
    return called(bench, connections, '{"name": "World"}', bench.programs.raw_http, 1)


def relay(bench, connections, *worker):
    """Processor time of a program that carries calls to as many workers and does nothing else."""
    return called(bench, connections, '{"message": "Hello World"}', bench.programs.relay, connections,
                  *worker)["cpu_us"]


def called(bench, connections, answer, *command):
    """The load client's figures of a floor that listens, and its processor time a request."""
    floor = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    try:
        address = floor.stdout.readline().split()[-1]
        before = process_cpu_us(floor.pid)
        figures = run_json([bench.programs.load, "--address", address, "--body",
                            '{"name": "World"}', "--expect", answer, "--connections",
                            connections, "--warm-up", WARM_UP, "--seconds", bench.seconds])
        figures["cpu_us"] = ((process_cpu_us(floor.pid) - before) / (figures["requests"] + WARM_UP))
        return figures
    finally:
        floor.stdin.close()
        floor.stdout.close()
        floor.wait(10)


def cold(bench):
    """First invocation of a function, beside the bare start of the same interpreter."""
    server = bench.server()
    each = 3 if bench.quick else 5
    for family, label, bar in (("python", "Python", 0.6), ("node", "Node.js", 0.6),
                               ("native", "native", None)):
        names = ["cold-{}-{}".format(family, i) for i in range(bench.rounds * each)]
        server.deploy(family, *names)
        bare = BareStart(server, family) if family != "native" else None
        if bare:
            bare.once()
        floors, ours = [], []
        for turn in range(bench.rounds):
            if bare:
                floors.append(median([bare.once() for _ in range(each)]))
            mine = server.load("cold-" + family + "-{}", family, functions=each,
                               first=turn * each, requests=each)
            ours.append(mine["p50_us"] / 1e3)
        ratio = median([o / f for o, f in zip(ours, floors)]) if bare else None
        yield Row("cold start, " + label, "bare start {:.1f} ms".format(median(floors))
                  if bare else "", "{:.1f} ms".format(median(ours)), ratio,
                  "≤ {} ×".format(bar) if bar else "≤ 8 ms",
                  ratio <= bar if bar else median(ours) <= 8,
                  {"floor_ms": floors, "ours_ms": ours})


def burst(bench):
    """Different cold Python functions called at once: soon after they were deployed, and where
    nobody expected them."""
    count = 50 if bench.quick else 200
    for setting, label, bar in (("starts.expected_max=256", "just deployed", "≥ 150/s"),
                                ("starts.expected_max=0", "not expected", "")):
        server = Server(bench.programs, ["engine.memory_mb_max=1000000", setting])
        try:
            server.start()
            server.deploy("python", *["burst-{}".format(i) for i in range(count)])
            ready = settled(server)
            mine = server.load("burst-{}", functions=count, connections=count, requests=count)
            yield Row("burst: {} different cold Python environments at once, {} ({} stood ready)"
                      .format(count, label, ready), "",
                      "{:.0f} starts/s".format(mine["per_second"]), None, bar,
                      mine["per_second"] >= 150 if bar else None, mine)
            if bar:
                yield idle_memory(server)
        finally:
            server.remove()


def settled(server):
    """How many environments stand ready, once no more are made."""
    seen = [-1]
    for _ in range(120):
        seen.append(int(server.metric("environments_ready")))
        if len(seen) > 4 and len(set(seen[-4:])) == 1:
            break
        time.sleep(0.5)
    return seen[-1]


def idle_memory(server):
    by_sandbox = {}
    for namespace, pids in server.sandboxes().items():
        try:
            by_sandbox[namespace] = sum(memory_kb(pid) for pid in pids)
        except OSError:
            continue
    if not by_sandbox:
        raise BenchError("no idle environment was left to measure")
    mib = median(list(by_sandbox.values())) / MIB_KB
    return Row("memory of an idle Python environment (PSS, of {})".format(len(by_sandbox)), "",
               "{:.1f} MiB".format(mib), None, "≤ 8 MiB", mib <= 8,
               {"kib": sorted(by_sandbox.values())})


def startup(bench):
    """Readiness with 1,000 functions stored, and the server's own memory."""
    server = Server(bench.programs)
    try:
        server.start()
        time.sleep(2)  # what starting leaves to the background is over
        idle = sum(memory_kb(pid, "Rss") for pid in server.family_tree()[0]) / MIB_KB
        count = 200 if bench.quick else 1000
        server.deploy("native", *["stored-{}".format(i) for i in range(count)])
        ready = []
        for _ in range(bench.rounds):
            server.stop()
            ready.append(server.start() * 1e3)
        time.sleep(2)
        loaded = sum(memory_kb(pid, "Rss") for pid in server.family_tree()[0]) / MIB_KB
    finally:
        server.remove()
    yield Row("server ready with {:,} functions stored".format(count), "",
              "{:.0f} ms".format(median(ready)), None, "≤ 300 ms", median(ready) <= 300,
              {"ours_ms": ready})
    yield Row("resident memory of an idle server (all its processes)", "",
              "{:.0f} MiB".format(idle), None, "≤ 60 MiB", idle <= 60, {"mib": idle})
    yield Row("same, with {:,} functions stored".format(count), "", "{:.0f} MiB".format(loaded),
              None, "", None, {"mib": loaded})


def growth(bench):
    """Warm native latency as functions and connections grow; the server's CPU beside it."""
    server = Server(bench.programs, ["engine.memory_mb_max=1000000"])
    try:
        server.start()
        yield from growth_of_connections(server, bench)
        yield from growth_of_functions(server, bench)
    finally:
        server.remove()


def growth_of_connections(server, bench):
    server.deploy("native", "grow-0")
    base = None
    for connections in (1, 16, 256):
        server.load("grow-0", "native", connections=connections, requests=connections * 20)
        mine = grown(server, bench, connections=connections)
        base = base or mine["per_second"]
        yield Row("warm native, {} connections: p50 / p99".format(connections), "",
                  "{:.0f} / {:.0f} µs; {:,.0f}/s; CPU {:.0f} µs".format(
                      mine["p50_us"], mine["p99_us"], mine["per_second"], mine["server_cpu_us"]),
                  mine["per_second"] / base, "≥ 1.2 ×" if connections == 256 else "",
                  mine["per_second"] >= 1.2 * base if connections == 256 else None, mine)


def growth_of_functions(server, bench):
    counts = [1, 10, 100] + ([1000] if bench.full else [])
    server.deploy("native", *["grow-{}".format(i) for i in range(counts[-1])])
    base = None
    for count in counts:
        server.load("grow-{}", "native", functions=count, requests=count * 3)
        mine = grown(server, bench, functions=count)
        base = base or mine["p50_us"]
        yield Row("warm native, {:,} functions in turn: p50 / p99".format(count), "",
                  "{:.0f} / {:.0f} µs; CPU {:.0f} µs".format(
                      mine["p50_us"], mine["p99_us"], mine["server_cpu_us"]),
                  mine["p50_us"] / base, "≤ 1.5 ×" if count == 1000 else "",
                  mine["p50_us"] <= 1.5 * base if count == 1000 else None, mine)


def grown(server, bench, **options):
    name = "grow-{}" if "functions" in options else "grow-0"
    before = server.cpu_us()
    mine = server.load(name, "native", seconds=bench.seconds, **options)
    mine["server_cpu_us"] = (server.cpu_us() - before) / mine["requests"]
    return mine


def many(bench):
    """1,000 idle Python environments at once, and a Zipf law over them beside one alone."""
    count = 100 if bench.quick else 1000
    server = Server(bench.programs, ["engine.memory_mb_max=1000000"])
    try:
        server.start()
        server.deploy("python", *["many-{}".format(i) for i in range(count)])
        server.load("many-{}", requests=300)
        before = available_mib()
        server.load("many-{}", functions=count, connections=4, requests=count)
        time.sleep(3)
        took = before - available_mib()
        alive = len(server.sandboxes())
        yield Row("idle Python environments at once, of {:,}".format(count), "",
                  "{:,}; {:.1f} MiB of the machine's memory each".format(alive, took / count),
                  None, "1,000 on 24 GiB", None if bench.quick else alive >= 1000,
                  {"alive": alive, "mib": took})
        alone, zipf = [], []
        for _ in range(bench.rounds):
            for figures, options in ((alone, {"functions": 1}),
                                     (zipf, {"functions": count, "zipf": 1.0})):
                figures.append(server.load("many-{}", connections=16, warm_up=count,
                                           seconds=bench.seconds, **options)["per_second"])
        ratio = median([z / a for z, a in zip(zipf, alone)])
        yield Row("{:,} functions by a Zipf law against one alone, 16 connections".format(count),
                  "one alone {:,.0f}/s".format(median(alone)),
                  "{:,.0f}/s".format(median(zipf)), ratio, "≥ 0.6 ×", ratio >= 0.6,
                  {"alone_per_second": alone, "zipf_per_second": zipf})
    finally:
        server.remove()


def available_mib():
    with open("/proc/meminfo") as text:
        return next(int(line.split()[1]) for line in text
                    if line.startswith("MemAvailable:")) / MIB_KB


def build_time(bench):
    """Full clean build and a one-file change, in a directory of its own, without ccache."""
    tree = ROOT / "build" / "bench-build"
    command = ["cmake", "-S", str(ROOT), "-B", str(tree), "-G", "Ninja",
               "-DCMAKE_BUILD_TYPE=Release", "-DLAPWING_CCACHE=",
               "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_C_COMPILER=clang-19"]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["ninja", "-C", str(tree), "clean"], check=True, capture_output=True)
    took = []
    for _ in range(2):
        began = time.monotonic()
        subprocess.run(["ninja", "-C", str(tree)], check=True, capture_output=True)
        took.append(time.monotonic() - began)
        (ROOT / "src/engine/dispatcher.cpp").touch()
    yield Row("full clean build, two jobs a core", "", "{:.0f} s".format(took[0]), None,
              "≤ 600 s", took[0] <= 600, {"seconds": took[0]})
    yield Row("one-file change", "", "{:.0f} s".format(took[1]), None, "≤ 20 s", took[1] <= 20,
              {"seconds": took[1]})


FAMILIES = {"node": "Node.js", "python": "Python", "native": "native"}


def iam(bench):
    """Roles on disk: reads, writes and lists with 1, 100 and 10,000 of them; what they cost idle."""
    yield from (Row(*row) for row in roles.rows(bench, lambda: raw_http(bench, 16)["per_second"]))


def peers(bench):
    """What else runs functions on your own machine, installed into build/peers."""
    for peer, ours, why in compared(bench):
        name = ": ".join(filter(None, [FAMILIES.get(peer.family), peer.name]))
        if why:
            yield Row(name, "", "not run: " + why, None, "", None, {"not_run": why})
            continue
        ratio = None if ours is None else median(peer.figures["p50"]) / median(ours.figures["p50"])
        yield Row(name, "", texts(peer), ratio, "", None, peer.figures)


ROWS = {"warm": warm_python, "node": warm_node, "native": native, "cold": cold,
        "burst": burst, "startup": startup, "growth": growth, "many": many, **queue_rows.ROWS,
        **event_rows.ROWS, "iam": iam, "build": build_time, "peers": peers}
USUAL = [name for name in ROWS if name not in ("build", "peers", "sqs_peers", "event_peers")]

"""The rows of SQS (queues.py says how each thing is measured): floors and ours in turn, round by
round."""

import concurrent.futures
import time

import queue_peers
from harness import KEY_ID, MIB_KB, Row, Server, median, memory_kb
from queues import Client, Floors, Target, Waiting, VERSION

# What a machine with few descriptors needs for ten thousand connections.
MANY_CONNECTIONS = ["server.connections_max=18000", "engine.environments_max=20"]
KEYS = [KEY_ID, *("AKIABENCHBENCHBENC{:02}".format(i) for i in range(3))]
IDLE_SECONDS = 3
THROUGHPUT = (("SendMessage on disk, 16 connections", "send", 8000),
              ("SendMessageBatch of 10, 16 connections: messages", "send_ten", 25_000),
              ("receive and delete in batches of 10, 16 connections: messages",
               "receive_and_delete", 15_000))


def throughput(bench, name, bar, floors, ours):
    return Row(name, "{:,.0f}/s".format(median(floors)), "{:,.0f}/s".format(median(ours)),
               median([o / f for o, f in zip(ours, floors)]), "≥ {:,}/s".format(bar),
               median(ours) >= bar, {"floor_per_second": floors, "ours_per_second": ours})


def sqs(bench):
    """Queues on disk over 16 connections."""
    server = bench.server()
    target, floors = Target(bench.programs, server.address), Floors(bench.programs, server.home)
    theirs = {name: [] for name, _, _ in THROUGHPUT}
    ours = {name: [] for name, _, _ in THROUGHPUT}
    try:
        for turn in range(bench.rounds):
            queue = "bench-{}".format(turn)
            target.create(queue)
            for name, what, _ in THROUGHPUT:
                theirs[name].append(getattr(floors, what)(bench.seconds))
                ours[name].append(getattr(target, what)(queue, bench.seconds))
    finally:
        floors.close()
    for name, _, bar in THROUGHPUT:
        yield throughput(bench, name, bar, theirs[name], ours[name])


def polls(bench):
    """Ten thousand long polls that wait: memory, processor time, and how one is woken."""
    count = 1000 if bench.quick else 10_000
    server = Server(bench.programs, MANY_CONNECTIONS, KEYS)
    try:
        server.start()
        server.settled()
        target = Target(bench.programs, server.address)
        for queue in ("idle", "woken"):
            target.create(queue)
        waiting = Waiting(server, target, KEYS)
        sender = Client(target)
        waiting.wake("woken", sender)
        before = waiting.memory_kb()
        waiting.begin("idle", count)
        mib = (waiting.memory_kb() - before) / MIB_KB
        cpu = server.cpu_us()
        time.sleep(IDLE_SECONDS)  # the idleness that is measured
        cpu = (server.cpu_us() - cpu) / 1e6 / IDLE_SECONDS
        took = sorted(waiting.wake("woken", sender) for _ in range(100))
        waiting.close()
    finally:
        server.remove()
    yield Row("{:,} long polls that wait, with their connections".format(count), "",
              "{:.1f} MiB, {:.1f} KiB each".format(mib, mib * 1024 / count), None,
              "≤ {:.0f} MiB".format(count / 200), mib <= count / 200, {"mib": mib})
    yield Row("same: processor time", "", "{:.2f} % of a core".format(cpu * 100), None, "none",
              cpu < 0.005, {"cpu": cpu})
    yield Row("a poll is woken among them: p50 / p99", "", "{:,.0f} / {:,.0f} µs".format(
        took[50], took[98]), None, "≤ 1,000 µs", took[50] <= 1000, {"us": took})


def million(bench):
    """A million messages that wait: readiness after kill -9, and throughput beside them."""
    count = 100_000 if bench.quick else 1_000_000
    server = Server(bench.programs)
    try:
        server.start()
        target = Target(bench.programs, server.address)
        for queue in ("full", "empty"):
            target.create(queue)
        target.fill("full", count)
        ready = []
        for _ in range(bench.rounds):
            target.send("full", 0.2)  # the log holds something
            server.process.kill()
            server.process.wait()
            ready.append(server.start() * 1e3)
            target.address = server.address
        server.settled()
        rates = {"full": ([], []), "empty": ([], [])}
        for _ in range(bench.rounds):
            for queue, (sent, received) in rates.items():
                sent.append(target.send_ten(queue, bench.seconds))
                received.append(target.receive_and_delete(queue, bench.seconds))
    finally:
        server.remove()
    yield Row("ready after kill -9, {:,} messages waiting".format(count), "",
              "{:.0f} ms".format(median(ready)), None, "≤ 300 ms", median(ready) <= 300,
              {"ours_ms": ready})
    for i, what in enumerate(("sending", "receiving and deleting")):
        full, empty = rates["full"][i], rates["empty"][i]
        ratio = median([f / e for f, e in zip(full, empty)])
        yield Row("{} in batches of 10 beside {:,} messages, against an empty queue".format(
            what, count), "empty {:,.0f}/s".format(median(empty)),
                  "{:,.0f}/s".format(median(full)), ratio, "≥ 0.8 ×", ratio >= 0.8,
                  {"full_per_second": full, "empty_per_second": empty})


def growth(bench):
    """SendMessage as connections and queues grow; what idle queues take."""
    most = 1000 if bench.quick else 10_000
    server = Server(bench.programs)
    try:
        server.start()
        server.settled()
        target = Target(bench.programs, server.address)
        before = memory_kb(server.process.pid)
        make_queues(target, most)
        base = None
        for connections in (1, 16, 256):
            rate = target.send("grow-0", bench.seconds, connections=connections)
            base = base or rate
            yield Row("SendMessage, {} connections".format(connections), "",
                      "{:,.0f}/s".format(rate), rate / base, "", None, {"per_second": rate})
        base = None
        for queues in (1, 100, most):
            rate = target.send("grow-{}", bench.seconds, functions=queues)
            base = base or rate
            yield Row("SendMessage, 16 connections, {:,} queues in turn".format(queues), "",
                      "{:,.0f}/s".format(rate), rate / base, "", None, {"per_second": rate})
        # What has only been made, read again.
        server.stop()
        server.start()
        server.settled()
        each = (memory_kb(server.process.pid) - before) / most
        cpu = server.cpu_us()
        time.sleep(IDLE_SECONDS)  # the idleness that is measured
        cpu = (server.cpu_us() - cpu) / 1e6 / IDLE_SECONDS
        yield Row("an idle queue, of {:,}".format(most), "", "{:.1f} KiB".format(each), None,
                  "≤ 4 KiB", each <= 4, {"kib": each})
        yield Row("{:,} idle queues: processor time".format(most), "",
                  "{:.2f} % of a core".format(cpu * 100), None, "< 1 %", cpu < 0.01, {"cpu": cpu})
    finally:
        server.remove()


def make_queues(target, count):
    def make(first):
        client = Client(target)
        for i in range(first, count, 8):
            client.ask("/", "Action=CreateQueue" + VERSION + "&QueueName=grow-{}".format(i))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))


def peers(bench):
    """What else plays SQS on the same machine, installed into build/peers."""
    yield from queue_peers.rows(bench, THROUGHPUT)


ROWS = {"sqs": sqs, "sqs_polls": polls, "sqs_million": million, "sqs_growth": growth,
        "sqs_peers": peers}

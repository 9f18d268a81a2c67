"""Much that is there and does nothing costs next to nothing: topics, queues, mappings, schedules.

LAPWING_LONG=1: 10,000 topics, 10,000 queues, 1,000 mappings, 100,000 schedules; else a fiftieth.
"""
import concurrent.futures
import os
import pathlib
import time

from chain.pieces import queue_arn
from conftest import LONG
from killing import Services, queue_url
from serving import Server
from waiting import eventually

COUNTS = {"topics": 10_000, "queues": 10_000, "mappings": 1_000, "schedules": 100_000}
COUNTS = {kind: count if LONG else count // 50 for kind, count in COUNTS.items()}
SECONDS = 60 if LONG else 8  # of doing nothing
CPU = 0.01  # of one processor
# Two ticks of the clock that it is measured by.
SLACK = 0.02 / SECONDS
KB_EACH = 4
# What the allocator and the store's caches take once, whatever there is.
KB_ONCE = 24 * 1024


def make_topic(to, number):
    to.sns("CreateTopic", {"Name": f"t{number}"})


def make_queue(to, number):
    to.sqs("CreateQueue", QueueName=f"q{number}")


def make_mapping(to, number):
    made = to.api.call("POST", "/2015-03-31/event-source-mappings/", {
        "FunctionName": "f", "EventSourceArn": queue_arn(f"q{number}"), "BatchSize": 10})
    assert made.status == 202, made.body


def make_schedule(to, number):
    to.scheduler.create(f"s{number}", ScheduleExpression="cron(0 3 1 1 ? *)",
                        FlexibleTimeWindow={"Mode": "OFF"}, Target={
                            "Arn": queue_arn("q0"), "Input": "x",
                            "RoleArn": "arn:aws:iam::000000000000:role/r"})


MAKE = {"topics": make_topic, "queues": make_queue, "mappings": make_mapping,
        "schedules": make_schedule}


def make(address, kind, workers=4):
    def some(first):
        to = Services(address)
        for number in range(first, COUNTS[kind], workers):
            MAKE[kind](to, number)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(some, first) for first in range(workers)]:
            done.result()


def family(pid):
    """The server and the processes it started."""
    out = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            out += family(int(child))
    return out


def seconds_used(server):
    total = 0
    for pid in family(server.pid):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(stat[11]) + int(stat[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_kb(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:", 1)[1].split()[0])


def rest(server):
    """The part of a processor that is used while nothing happens. What was begun before may end."""
    used = None
    for _ in range(3):
        begun, before = time.monotonic(), seconds_used(server)
        eventually(lambda: False, SECONDS)
        used = (seconds_used(server) - before) / (time.monotonic() - begun)
        if used < CPU + SLACK:
            break
    return used


def test_much_that_does_nothing(data_dir):
    server = Server(data_dir).start()
    to = Services(server.address)
    to.api.deploy("f", "def handler(event, context):\n    return 1\n", MemorySize=128,
                  Timeout=20)
    make_queue(to, 0)
    made_kb = {}
    for kind in MAKE:
        before, begun = resident_kb(server), time.monotonic()
        make(server.address, kind)
        made_kb[kind] = resident_kb(server) - before
        print(f"{COUNTS[kind]} {kind}: {time.monotonic() - begun:.0f} s, "
              f"{made_kb[kind] / COUNTS[kind]:.2f} KiB each")
    used = rest(server)
    server.stop()
    begun = time.monotonic()
    server.start()
    ready = time.monotonic() - begun
    try:
        used_after = rest(server)
        resident = resident_kb(server)
        print(f"at rest {100 * used:.2f} % of a processor; after a restart {100 * used_after:.2f} %, "
              f"ready in {ready:.2f} s, {resident / 1024:.0f} MiB")
        assert max(used, used_after) < CPU + SLACK
        count = sum(COUNTS.values())
        assert sum(made_kb.values()) < KB_EACH * count + KB_ONCE, made_kb
        assert resident < KB_EACH * count + 64 * 1024 + KB_ONCE, resident
        # A mapping still does what it is for.
        to = Services(server.address)
        last = queue_url(f"q{COUNTS['mappings'] - 1}")
        to.sqs("SendMessage", QueueUrl=last, MessageBody="x")

        def gone():
            counts = to.sqs("GetQueueAttributes", QueueUrl=last, AttributeNames=["All"])
            return all(counts["Attributes"]["ApproximateNumberOfMessages" + state] == "0"
                       for state in ("", "NotVisible"))
        assert eventually(gone, 60)
    finally:
        server.stop()

"""The rows of events: what is accepted, what comes of it, and how soon. event_targets.py says how
each thing is asked for."""

import json
import re
import time

import event_peers
import matcher
from event_targets import (ACCOUNT, Buses, Topics, function_arn, map_queue, permit, publishing,
                           putting, queue_arn, until, waiting)
from harness import BenchError, MIB_KB, Row, Server, median, memory_kb
from queues import BODY, Client, Floors, SEND, Target

EVENT_BYTES = 400  # of an event as it is kept
SUBSCRIPTIONS = 10
RULES = (1, 1_000, 100_000)
IDLE_SECONDS = 10


def events(bench):
    """Asynchronous invokes of a native function over 16 connections: each is on disk before its 202.
    The floor is the lower of the echo of our own http floor and of appends that sixteen share the
    syncs of. And how long until a function has begun on one."""
    server = bench.server()
    server.deploy("native", "events-native")
    server.load("events-native", "native", requests=200)
    disk = Floors(bench.programs, server.home)
    floors, ours, ran = [], [], []
    try:
        for _ in range(bench.rounds):
            floors.append(min(disk.exchanges('{"name": "World"}', bench.seconds),
                              disk.synced(EVENT_BYTES, 16, bench.seconds)))
            before, began = event_runs(server), time.monotonic()
            mine = server.load("events-native", "native", connections=16, warm_up=200, event=1,
                               seconds=bench.seconds)
            ours.append(mine["per_second"])
            want = before + mine["requests"] + 200
            until(lambda: event_runs(server) >= want, True)
            ran.append((want - before) / (time.monotonic() - began))
    finally:
        disk.close()
    yield accepted("asynchronous invokes accepted, on disk, 16 connections", 5000, floors, ours)
    yield Row("same: until all were run", "", "{:,.0f}/s".format(median(ran)), None, "", None,
              {"ours_per_second": ran})


def event_runs(server):
    """How many events functions have been run for."""
    status, body = server.call("GET", "/_lapwing/metrics")
    found = re.search(r"^lapwing_async_event_runs_total (\d+)", body.decode(), re.M)
    if status != 200 or not found:
        raise BenchError("no metrics: {} {}".format(status, body[:200]))
    return int(found.group(1))


def accepted(name, bar, floors, ours):
    return Row(name, "{:,.0f}/s".format(median(floors)), "{:,.0f}/s".format(median(ours)),
               median([o / f for o, f in zip(ours, floors)]), "≥ {:,}/s".format(bar),
               median(ours) >= bar, {"floor_per_second": floors, "ours_per_second": ours})


def topics(bench):
    """Publishing to ten queues. The floor: the echo of such a request, and appends of the message
    once and ten times more."""
    server = Server(bench.programs)
    try:
        server.start()
        sns = Topics(bench.programs, server.address)
        queues = Target(bench.programs, server.address)
        floor = Floors(bench.programs, server.home)
        floors, ours, delivered = [], [], []
        for turn in range(bench.rounds):
            arn, names = fan(sns, queues, turn)
            floors.append(min(floor.exchanges(publishing(arn), bench.seconds),
                              floor.synced((SUBSCRIPTIONS + 1) * len(BODY), 16, bench.seconds)))
            began = time.monotonic()
            mine = sns.publish(arn, bench.seconds)
            ours.append(mine["per_second"])
            want = mine["requests"] + 100
            for name in names:
                until(lambda: waiting(queues, name), want)  # noqa: B023  (asked at once)
            delivered.append(want * SUBSCRIPTIONS / (time.monotonic() - began))
        floor.close()
    finally:
        server.remove()
    yield accepted("publishes to {} queues, on disk, 16 connections".format(SUBSCRIPTIONS), 2000,
                   floors, ours)
    yield Row("same: messages until all queues had all", "", "{:,.0f}/s".format(median(delivered)),
              None, "", None, {"ours_per_second": delivered})


def fan(sns, queues, turn, make=None):
    """(A topic, its ten queues)."""
    arn = sns.make("fan-{}".format(turn))
    names = ["fan-{}-{}".format(turn, n) for n in range(SUBSCRIPTIONS)]
    for name in names:
        (make or queues.open)(name)
        sns.subscribe(arn, "sqs", queue_arn(name, queues.account))
    return arn, names


def buses(bench):
    """PutEvents on buses of few and of many rules, one of which has a queue."""
    sizes = RULES[:2] if bench.quick else RULES
    server = Server(bench.programs)
    try:
        server.start()
        bus, queues = Buses(bench.programs, server.address), Target(bench.programs, server.address)
        for size in sizes:
            queues.open("rules-{}".format(size))
            bus.make("rules-{}".format(size), "rules-{}".format(size), size)
        floor = Floors(bench.programs, server.home)
        rates = {size: [] for size in sizes}
        floors = []
        for _ in range(bench.rounds):
            floors.append(min(floor.exchanges(putting("rules-1"), bench.seconds),
                              floor.synced(2 * EVENT_BYTES, 16, bench.seconds)))
            for size in sizes:
                rates[size].append(bus.put("rules-{}".format(size), bench.seconds))
        floor.close()
    finally:
        server.remove()
    for size in sizes:
        ratio = median([o / f for o, f in zip(rates[size], rates[sizes[0]])])
        bar = 0.5 if size == sizes[-1] else None
        yield Row("PutEvents, 16 connections, a bus of {:,} rules, against one".format(size),
                  "{:,.0f}/s".format(median(floors)), "{:,.0f}/s".format(median(rates[size])),
                  ratio, "≥ {} ×".format(bar) if bar else "", ratio >= bar if bar else None,
                  {"floor_per_second": floors, "ours_per_second": rates[size]})


def backlog(bench):
    """Messages of a full queue through a mapping to a Python no-op, ten a batch, beside the warm
    invokes of that function."""
    count = 20_000 if bench.quick else 100_000
    server = Server(bench.programs, ["engine.memory_mb_max=1000000"])
    rounds = min(bench.rounds, 3)
    try:
        server.start()
        server.settled()
        queues = Target(bench.programs, server.address)
        server.deploy("python", "mapped", handler="lambda_function.take")
        warm, ours = [], []
        for turn in range(rounds):
            server.load("mapped", connections=16, requests=1000, expect="null")
            warm.append(server.load("mapped", connections=16, seconds=bench.seconds,
                                    expect="null")["per_second"])
            queue = "backlog-{}".format(turn)
            mappable(queues, queue)
            queues.fill(queue, count)
            mapping = map_queue(server, queue, "mapped", BatchSize=10)
            ours.append(count / until(lambda: waiting(queues, queue), 0))  # noqa: B023
            server.call("DELETE", "/2015-03-31/event-source-mappings/" + mapping)
    finally:
        server.remove()
    ratio = median([o / w for o, w in zip(ours, warm)])
    yield Row("a backlog of {:,} messages through a mapping, batches of 10, against warm invokes"
              .format(count), "{:,.0f}/s".format(median(warm)), "{:,.0f}/s".format(median(ours)),
              ratio, "≥ 5 ×", ratio >= 5, {"warm_per_second": warm, "ours_per_second": ours})


def delays(bench):
    """From a message, a publish, an event put to the start of an idle function's handler."""
    count = 30 if bench.quick else 200
    server = Server(bench.programs)
    try:
        server.start()
        server.settled()
        queues = Target(bench.programs, server.address)
        sns = Topics(bench.programs, server.address)
        bus = Buses(bench.programs, server.address)
        server.deploy("python", "stamp-queue", "stamp-topic", "stamp-bus",
                      handler="lambda_function.stamp")
        for function in ("stamp-queue", "stamp-topic", "stamp-bus"):
            alone(server, function)
        mappable(queues, "stamped")
        map_queue(server, "stamped", "stamp-queue")
        arn = sns.make("stamped")
        permit(server, "stamp-topic", "sns")
        sns.subscribe(arn, "lambda", function_arn("stamp-topic"))
        permit(server, "stamp-bus", "events")
        bus.ask("PutRule", {"Name": "stamped", "EventPattern": '{"source": ["bench"]}'})
        bus.ask("PutTargets", {"Rule": "stamped", "Targets": [
            {"Id": "function", "Arn": function_arn("stamp-bus")}]})
        sender, publisher = Client(queues), Client(sns)
        for label, function, send in (
                ("SendMessage, through an idle mapping", "stamp-queue",
                 lambda: sender.ask(queues.path("stamped"), SEND)),
                ("Publish", "stamp-topic", lambda: publisher.ask("/", publishing(arn))),
                ("PutEvents", "stamp-bus",
                 lambda: bus.ask("PutEvents", json.loads(putting("default"))))):
            took = sorted(delay(server, function, send) for _ in range(count))
            p50, p99 = took[count // 2], took[count * 99 // 100]
            yield Row("from {} to the handler's start: p50 / p99".format(label), "",
                      "{:.2f} / {:.2f} ms".format(p50, p99), None, "≤ 3 ms", p50 <= 3,
                      {"ours_ms": took})
    finally:
        server.remove()


def alone(server, function):
    """One environment of it, which is there: the one that noted is the one that is asked."""
    status, body = server.call("PUT", "/2017-10-31/functions/{}/concurrency".format(function),
                               {"ReservedConcurrentExecutions": 1})
    if status != 200:
        raise BenchError("PutFunctionConcurrency: {} {}".format(status, body[:200]))
    server.call("POST", "/2015-03-31/functions/{}/invocations".format(function), b"{}")


def mappable(queues, queue):
    """A queue whose messages stay invisible as long as a function may take."""
    queues.create(queue)
    queues.set(queue, "VisibilityTimeout", 60)


def delay(server, function, send):
    """Milliseconds from before it is sent until the function has begun on it."""
    began, deadline = time.time_ns(), time.monotonic() + 30
    send()
    while True:
        time.sleep(0.03)  # the function is asked when it has long begun, so as not to be in its way
        status, body = server.call(
            "POST", "/2015-03-31/functions/{}/invocations".format(function), b"{}")
        told = json.loads(body) if status == 200 else None
        if told:
            return (told[0] - began) / 1e6
        if time.monotonic() > deadline:
            raise BenchError("{} has not begun: {} {}".format(function, status, body[:200]))


def idle(bench):
    """What a server with many mappings, queues and schedules costs while nothing happens."""
    mappings, queues, schedules = ((100, 1_000, 10_000) if bench.quick
                                   else (1_000, 10_000, 100_000))
    server = Server(bench.programs, ["engine.memory_mb_max=1000000"])
    try:
        server.start()
        server.settled()
        target = Target(bench.programs, server.address)
        server.deploy("python", "idle", handler="lambda_function.take")
        before = memory_kb(server.process.pid)
        target.load("Action=CreateQueue&Version=2012-11-05&QueueName=idle-@@"
                    "&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=60", "/",
                    functions=queues, requests=queues, connections=16)
        for number in range(mappings):
            map_queue(server, "idle-{}".format(number), "idle")
        make_schedules(server, schedules)
        time.sleep(IDLE_SECONDS)  # what making them left to do is over
        cpu = server.cpu_us()
        time.sleep(IDLE_SECONDS)  # the idleness that is measured
        cpu = (server.cpu_us() - cpu) / 1e6 / IDLE_SECONDS
        mib = (memory_kb(server.process.pid) - before) / MIB_KB
        server.stop()
        ready = server.start() * 1e3
    finally:
        server.remove()
    what = "{:,} mappings, {:,} queues, {:,} schedules".format(mappings, queues, schedules)
    yield Row("idle with {}: processor time".format(what), "",
              "{:.2f} % of a core".format(cpu * 100), None, "< 1 %", cpu < 0.01, {"cpu": cpu})
    yield Row("same: memory", "", "{:.0f} MiB".format(mib), None, "", None, {"mib": mib})
    yield Row("same: ready again", "", "{:.0f} ms".format(ready), None, "", None, {"ms": ready})


def make_schedules(server, count):
    body = json.dumps({
        "ScheduleExpression": "cron(0 3 1 1 ? *)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": function_arn("idle"),
                   "RoleArn": "arn:aws:iam::{}:role/scheduler".format(ACCOUNT)}})
    server.load_of("/schedules/s-{}", body, service="scheduler", functions=count, requests=count,
                   connections=16)


def peers(bench):
    """What else plays SNS and EventBridge on the same machine, installed into build/peers."""
    yield from event_peers.rows(bench, fan)


ROWS = {"events": events, "topics": topics, "buses": buses, "backlog": backlog, "delays": delays,
        "idle": idle, "patterns": matcher.rows, "event_peers": peers}

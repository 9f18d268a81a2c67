"""What else plays SNS and EventBridge on the same machine, measured beside Lapwing in the same run:
the rows of `tools/bench event_peers`. As queue_peers.py says of them: all keep everything in memory,
and none looks at signatures."""

import concurrent.futures
import time

from event_targets import Buses, Topics
from harness import BenchError, Row, median
from peers import HOME, NotRun, files
from queue_peers import GoAws, MiniStack, MotoQueues, UnkeptTarget
from queues import Target

RULES = (1, 1_000)
OURS = "Lapwing, on disk, signed"


class UnkeptTopics(UnkeptTarget, Topics):
    pass


class UnkeptBuses(Buses):
    """Of a server that closes each connection."""

    def load(self, operation, body, connections=1, seconds=0, requests=0, warm_up=0, functions=1):
        until = time.monotonic() + seconds

        def worker(first):
            done = 0
            while time.monotonic() < until if seconds else done * connections + first < requests:
                number = str((done * connections + first) % functions)
                self.ask_of(operation, body.replace("@@", number).encode())
                done += 1
            return done
        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            count = sum(pool.map(worker, range(connections)))
        return {"per_second": count / seconds if seconds else 0}


class Played:
    """Somebody's topics, queues and buses."""

    def __init__(self, programs, address, account="000000000000", kept=True, buses=True,
                 is_ours=False):
        self.topics = (Topics if kept else UnkeptTopics)(programs, address, account=account)
        self.queues = (Target if kept else UnkeptTarget)(programs, address, account=account)
        self.buses = (Buses if kept else UnkeptBuses)(programs, address,
                                                      account=account) if buses else None
        # goaws keeps no policies; none of the others asks them.
        self.make_queue = self.queues.open if is_ours else self.queues.create


def all_played(bench, running, absent):
    played = {OURS: Played(bench.programs, bench.server().address, is_ours=True)}
    for peer in (MiniStack(), MotoQueues(), GoAws()):
        try:
            peer.install()
            peer.start()
        except NotRun as why:
            absent.append((peer.name, str(why)))
            continue
        running.append(peer)
        played[peer.name] = Played(bench.programs, peer.address, peer.account, peer.keeps,
                                   not isinstance(peer, GoAws))
    return played


def rows(bench, fan):
    HOME.mkdir(parents=True, exist_ok=True)
    files()
    running, absent, figures = [], [], {}
    try:
        played = all_played(bench, running, absent)
        for name, one in played.items():
            noted(figures, name, "publishes to 10 queues, 16 connections",
                  lambda: fan(one.topics, one.queues, "peers", one.make_queue),  # noqa: B023
                  lambda made: one.topics.publish(made[0], bench.seconds)["per_second"],  # noqa: B023
                  bench.rounds)
            for size in RULES if one.buses else ():
                bus = "peers-{}".format(size)
                noted(figures, name, "PutEvents, 16 connections, {:,} rules".format(size),
                      lambda: (one.make_queue(bus), one.buses.make(bus, bus, size)),  # noqa: B023
                      lambda _: one.buses.put(bus, bench.seconds), bench.rounds)  # noqa: B023
    finally:
        for peer in running:
            peer.stop()
    for what in dict.fromkeys(what for _, what in figures):
        ours = figures[OURS, what]
        for (name, measured), found in figures.items():
            if measured != what:
                continue
            if isinstance(found, str):
                yield Row(name + ": " + what, "", "failed: " + found, None, "", None, {})
                continue
            yield Row(name + ": " + what, "", "{:,.0f}/s".format(median(found)),
                      None if isinstance(ours, str) else median(found) / median(ours), "", None,
                      {"per_second": found})
    for name, why in absent:
        yield Row(name, "", "not run: " + why, None, "", None, {"not_run": why})


def noted(figures, name, what, prepare, measure, rounds):
    try:
        made = prepare()
        figures[name, what] = [measure(made) for _ in range(min(rounds, 3))]
    except (BenchError, OSError) as error:
        figures[name, what] = str(error).splitlines()[0][:100]

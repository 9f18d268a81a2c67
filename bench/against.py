"""`tools/bench --against BINARY`: the engine's rows of this server and of another, in turn on one
machine, so that what a change costs can be told from what the machine does. A ratio is the median
of the rounds' ratios, ours to theirs, and always of something that should be small: time, processor
time, or time a call where a row is a rate.

Two processes of one binary differ by several hundredths for as long as they live (where their
memory lies, which loop a function is at home on), so a pair of servers is used for a few short
rounds only, and many pairs make a row. Beside a ratio stands the range it can be trusted to (95 %):
`--against build/release/lapwing` shows what this machine says of no difference at all."""

import collections
import contextlib
import random

from harness import Programs, Server, median
from rows import Row

WORSE = 1.03  # what a change may cost
PAIRS = 12
ROUNDS = 4  # of a pair
SECONDS = 0.5
COLD_EACH = 4
BURST = 60
ROOM = "engine.memory_mb_max=1000000"
# While the server looks for an answer instead of sleeping, processor time is time waited: what a
# call costs is seen where it does not look.
UNSPUN = "server.spin_us=0"
# What stands ready for an expected call differs with what else was deployed: a start is compared
# where nothing does but the runtime's own template.
UNEXPECTED = "starts.expected_max=0"
WARM = (("python", "Python", 1), ("python", "Python", 16), ("native", "native", 16))
COLD = (("python", "Python"), ("node", "Node.js"), ("native", "native"))


def against(programs, other, quick):
    """Rows, once all pairs have been measured."""
    figures = collections.defaultdict(lambda: ([], []))
    binaries = [Programs(programs.load.parent.parent, other), programs]
    for turn in range(2 if quick else PAIRS):
        with both(binaries, turn, ROOM) as servers:
            warm(servers, figures)
        with both(binaries, turn, ROOM, UNSPUN) as servers:
            processor(servers, figures)
        with both(binaries, turn, ROOM, UNEXPECTED) as servers:
            starts(servers, figures)
    for (name, unit), (theirs, ours) in figures.items():
        yield row(name, theirs, ours, unit)


@contextlib.contextmanager
def both(binaries, turn, *settings):
    """Two servers; which one is started first changes, as what is second finds another machine."""
    servers = [Server(programs, settings) for programs in binaries]
    try:
        for which in in_turn(turn):
            servers[which].start()
            for family in ("python", "native"):
                servers[which].deploy(family, "warm-" + family)
        yield servers
    finally:
        for server in servers:
            server.remove()


def warm(servers, figures):
    for family, label, connections in WARM:
        for which, mine, _ in rounds(servers, family, connections):
            what = "p50" if connections == 1 else "time a call"
            took = mine["p50_us"] if connections == 1 else 1e6 / mine["per_second"]
            figures[about(label, connections) + what, "µs"][which].append(took)


def processor(servers, figures):
    for family, label, connections in WARM:
        for which, _, cpu_us in rounds(servers, family, connections):
            name = about(label, connections) + "CPU of the server"
            figures[name, "µs"][which].append(cpu_us)


def rounds(servers, family, connections):
    """Whose round it was, the load client's figures, and the server's processor time a call."""
    def called(server, **how_long):
        return server.load("warm-" + family, family, connections=connections, **how_long)

    for server in servers:
        called(server, requests=300)
    for turn in range(ROUNDS):
        for which in in_turn(turn):
            before = servers[which].cpu_us()
            mine = called(servers[which], seconds=SECONDS)
            yield which, mine, (servers[which].cpu_us() - before) / mine["requests"]


def starts(servers, figures):
    for family, label in COLD:
        names = ["cold-{}-{}".format(family, n) for n in range(ROUNDS * COLD_EACH)]
        for server in servers:
            server.deploy(family, *names)
        for turn in range(ROUNDS):
            for which in in_turn(turn):
                mine = servers[which].load("cold-" + family + "-{}", family, functions=COLD_EACH,
                                           first=turn * COLD_EACH, requests=COLD_EACH)
                figures["cold start, " + label, "ms"][which].append(mine["p50_us"] / 1e3)
    for server in servers:
        server.deploy("python", *["burst-{}".format(n) for n in range(BURST)])
    for which in in_turn(len(figures["burst", "ms"][0])):
        mine = servers[which].load("burst-{}", functions=BURST, connections=BURST, requests=BURST)
        figures["burst", "ms"][which].append(1e3 / mine["per_second"])


def about(label, connections):
    return "warm invoke, {}, {} connection{}: ".format(label, connections,
                                                      "" if connections == 1 else "s")


def in_turn(turn):
    """Who goes first changes, as what goes second finds the machine warmer."""
    return (0, 1) if turn % 2 == 0 else (1, 0)


def row(name, theirs, ours, unit):
    if name == "burst":
        name = "burst of {} not expected, time a start".format(BURST)
    # Of a round too short for the clock of processor time (10 ms) nothing can be said.
    ratios = [o / t for o, t in zip(ours, theirs) if o > 0 and t > 0]
    if not ratios:
        return Row(name, "too short to measure", "too short to measure", None,
                   "≤ {} ×".format(WORSE), None, {"theirs": theirs, "ours": ours})
    ratio = median(ratios)
    low, high = trusted(ratios)
    return Row(name, "{:.1f} {}".format(median(theirs), unit),
               "{:.1f} {} ({:.2f} to {:.2f})".format(median(ours), unit, low, high), ratio,
               "≤ {} ×".format(WORSE), ratio <= WORSE, {"theirs": theirs, "ours": ours})


def trusted(ratios):
    """Between what the median lies in 95 of 100 draws from the rounds."""
    chance = random.Random(1)
    medians = sorted(median(chance.choices(ratios, k=len(ratios))) for _ in range(1000))
    return medians[25], medians[974]

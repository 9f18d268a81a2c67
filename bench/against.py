"""`tools/bench --against BINARY`: the engine's rows of this server and of another, in turn on one
machine, so that what a change costs can be told from what the machine does. A ratio is the median
of the rounds' ratios, ours to theirs, and always of something that should be small: time, processor
time, or time a call where a row is a rate."""

from harness import Programs, Server, median
from rows import Row, settled

WORSE = 1.03  # what a change may cost
ROUNDS = 15   # short and many: a busy moment spoils few of them
SECONDS = 1
COLD_EACH = 3
BURST = 100
BURST_ROUNDS = 5
SETTINGS = ["engine.memory_mb_max=1000000"]


def against(programs, other, quick):
    """Rows, each as it is measured."""
    rounds = 3 if quick else ROUNDS
    pair = [Server(Programs(programs.load.parent.parent, other), SETTINGS),
            Server(programs, SETTINGS)]
    try:
        for server in pair:
            server.start()
            server.settled()
        yield from warm(pair, rounds, "python", "Python", 1)
        yield from warm(pair, rounds, "python", "Python", 16)
        yield from warm(pair, rounds, "native", "native", 16)
        for family, label in (("python", "Python"), ("node", "Node.js"), ("native", "native")):
            yield cold(pair, rounds, family, label)
    finally:
        for server in pair:
            server.remove()
    yield burst(programs, other, 1 if quick else BURST_ROUNDS)


def warm(pair, rounds, family, label, connections):
    name = "warm-" + family
    for server in pair:
        server.deploy(family, name)
        server.load(name, family, connections=connections, requests=300)
    calls, cpu = [[], []], [[], []]
    for turn in range(rounds):
        for which in in_turn(turn):
            before = pair[which].cpu_us()
            mine = pair[which].load(name, family, connections=connections, warm_up=20,
                                    seconds=SECONDS)
            cpu[which].append((pair[which].cpu_us() - before) / (mine["requests"] + 20))
            calls[which].append(mine["p50_us"] if connections == 1 else 1e6 / mine["per_second"])
    what = "p50" if connections == 1 else "time a call"
    about = "warm invoke, {}, {} connection{}: ".format(label, connections,
                                                       "" if connections == 1 else "s")
    yield row(about + what, calls, "µs")
    yield row(about + "CPU of the server", cpu, "µs")


def cold(pair, rounds, family, label):
    names = ["cold-{}-{}".format(family, n) for n in range(rounds * COLD_EACH)]
    for server in pair:
        server.deploy(family, *names)
        settled(server)
    took = [[], []]
    for turn in range(rounds):
        for which in in_turn(turn):
            mine = pair[which].load("cold-" + family + "-{}", family, functions=COLD_EACH,
                                    first=turn * COLD_EACH, requests=COLD_EACH)
            took[which].append(mine["p50_us"] / 1e3)
    return row("cold start, " + label, took, "ms")


def burst(programs, other, rounds):
    took = [[], []]
    for turn in range(rounds):
        for which in in_turn(turn):
            own = Programs(programs.load.parent.parent, (other, programs.server)[which])
            server = Server(own, [*SETTINGS, "starts.expected_max=0"])
            try:
                server.start()
                server.settled()
                server.deploy("python", *["burst-{}".format(n) for n in range(BURST)])
                settled(server)
                mine = server.load("burst-{}", functions=BURST, connections=BURST, requests=BURST)
                took[which].append(1e3 / mine["per_second"])
            finally:
                server.remove()
    return row("burst of {} not expected, time a start".format(BURST), took, "ms")


def in_turn(turn):
    """Who goes first changes, as what goes second finds the machine warmer."""
    return (0, 1) if turn % 2 == 0 else (1, 0)


def row(name, figures, unit):
    theirs, ours = figures
    ratio = median([o / t for o, t in zip(ours, theirs)])
    return Row(name, "{:.1f} {}".format(median(theirs), unit),
               "{:.1f} {}".format(median(ours), unit), ratio, "≤ {} ×".format(WORSE),
               ratio <= WORSE, {"theirs": theirs, "ours": ours})

"""The soak: functions in four languages called by a Zipf law, crashes, timeouts and changes mixed
in, and a kill -9 in the middle. Every answer carries secrets that only its function has; what
the server holds of the machine must not grow, and nothing is left at the end.

LAPWING_LONG=1: 300 functions, 15 minutes; else 24 for about half a minute. LAPWING_SOAK_SECONDS
and LAPWING_SOAK_FUNCTIONS say otherwise, LAPWING_SEED repeats a run's choices.
"""
import collections
import concurrent.futures
import os
import pathlib
import random
import sys
import time

import pytest

from api import Api
from conftest import LONG
from holdings import holdings, nothing_held
from serving import ROOT, Server
from waiting import eventually

sys.path.insert(0, str(ROOT / "runtimes" / "testing"))
from interpreters import rubies  # noqa: E402

from soaking.churn import Churner, create  # noqa: E402
from soaking.gauges import (AT_ONCE, EACH, grown, kib_per_minute, look, medians,  # noqa: E402
                            metrics)
from soaking.languages import Languages  # noqa: E402
from soaking.secrecy import misplaced  # noqa: E402
from soaking.traffic import Caller, RESERVED, check  # noqa: E402
from soaking.world import World  # noqa: E402

SECONDS = int(os.environ.get("LAPWING_SOAK_SECONDS") or (900 if LONG else 24))
FUNCTIONS = int(os.environ.get("LAPWING_SOAK_FUNCTIONS") or (300 if LONG else 24))
CALLERS = 8
SHORT = SECONDS < 120
SAMPLE_SECONDS = 1 if SHORT else 10
# Fewer environments than functions, and a short time for idle ones: they come and go all along.
ENVIRONMENTS_MAX = max(24, FUNCTIONS * 2 // 3)
SETTINGS = {"engine.environments_max": ENVIRONMENTS_MAX, "engine.idle_seconds": 4 if SHORT else 20,
            "starts.ready": 2, "starts.ready_max": 4}
# PROMISES.md has 0.3 s; in every ./test, a neighbour must be able to disturb.
READY_SECONDS = 0.3 if LONG else 1.5
# Resident memory may creep by so much in the last two thirds of a long life: the databases' page
# caches (2 MiB a connection) are full after some 8,000 starts only. In a shorter one, in all.
LONG_LIFE_SECONDS = 300
RESIDENT_KIB_PER_MINUTE = 1_024
RESIDENT_KIB_SHORT = 12_288
MADE_AHEAD = {"descriptors": 24, "mounts": 36, "loops": 6, "groups": 8, "namespaces": 8,
              "processes": 8}


class Soak:
    def __init__(self, server, world):
        self.server, self.world = server, world
        self.threads = []
        self.samples = []  # (time, sample) of the server's present life
        self.looked_at_waiting = 0
        self.before = collections.Counter()  # what was counted in earlier lives

    def api(self):
        return Api(self.server.address)

    def counts(self):
        return sum((thread.counts for thread in self.threads), collections.Counter())

    def each_function(self, call):
        """call(function, api, chance) of all functions, eight at a time."""
        def one(function):
            api = self.api()
            try:
                call(function, api, random.Random(f"{self.world.seed} {function.name}"))
            finally:
                api.close()
        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(one, self.world.functions))

    def deploy(self):
        self.each_function(lambda function, api, chance: create(self.world, api, function, chance))

    def call_all(self):
        """Every function answers with its own secrets."""
        counts = collections.Counter()
        self.each_function(lambda function, api, chance: check(
            self.world, api, function, {"do": "answer", "nonce": f"{chance.getrandbits(64):x}",
                                        "owner": function.name, "pad": ""}, chance, counts))
        return counts

    def start_traffic(self):
        self.threads = [*(Caller(self.world, n) for n in range(CALLERS)), Churner(self.world)]
        for thread in self.threads:
            thread.start()

    def fine(self):
        failures = [t.failure for t in self.threads if t.failure]
        if failures:
            raise failures[0]
        assert all(t.is_alive() for t in self.threads)

    def watch(self, seconds):
        begun = time.monotonic()
        until, due = begun + seconds, begun
        while time.monotonic() < until:
            self.fine()
            if time.monotonic() >= due:
                due += SAMPLE_SECONDS
                self.sample()
            self.world.over.wait(0.1)

    def sample(self):
        sample = look(self.server)
        self.samples.append((time.monotonic(), sample))
        print(f"{len(self.samples):3}", *(f"{k}={v}" for k, v in sample.items()), flush=True)
        looked = misplaced(self.server)
        assert not looked.wrong, looked.wrong
        self.looked_at_waiting += looked.waiting

    def kill_and_restart(self):
        self.world.end_life()
        self.server.kill()
        assert eventually(lambda: all(t.life is None or t.failure for t in self.threads))
        self.fine()
        data_dir = self.server.data_dir
        assert eventually(lambda: nothing_held(data_dir)), holdings(data_dir)
        print("first life:", dict(self.counts()), "samples:", len(self.samples))
        self.before, self.samples = self.counts(), []
        begun = time.monotonic()
        self.server.start()
        ready = time.monotonic() - begun
        print(f"ready {ready * 1e3:.0f} ms after the start with {len(self.world.functions)} "
              "functions stored")
        assert ready <= READY_SECONDS
        self.world.serve(self.server.address)

    def end_traffic(self):
        self.world.over.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive()
            assert not thread.failure, thread.failure

    def delete_all(self):
        def delete(function, api, _):
            assert api.delete(function.name).status == 204
        self.each_function(delete)
        assert eventually(lambda: metrics(self.server.address)["environments"] == 0), \
            metrics(self.server.address)


def check_growth(samples):
    """Of one life, its first third left out as warming up."""
    steady = samples[len(samples) // 3:]
    assert len(steady) >= 2, len(samples)
    half = len(steady) // 2
    before, after = medians(steady[:half]), medians(steady[half:])
    # A look takes its time: environments come and go during it.
    # Some environments have one process, some four: which ones are there differs from look to look.
    there = after["environments"] + after["ready"]
    more = {kind: values for kind, values in grown(before, after, share=0.2).items()
            if after[kind] > there * EACH.get(kind, 0)}
    assert not more, (before, after)
    for kind in ("resident_kb", "helper_kb"):
        slope = kib_per_minute(steady, kind)
        print(f"{kind} {before[kind]:.0f} -> {after[kind]:.0f}, {slope:.0f} KiB a minute")
        if SECONDS / 2 >= LONG_LIFE_SECONDS:
            assert slope <= RESIDENT_KIB_PER_MINUTE, kind
        assert steady[-1][1][kind] - steady[0][1][kind] <= RESIDENT_KIB_SHORT, kind


def check_counts(answered, values):
    """The server counts the same invocations, failures and refusals as its callers."""
    throttled = {reason: values[f'throttles_total{{reason="{reason}"}}']
                 for reason in ("account", "machine", "scaling_rate", *RESERVED.values())}
    assert {r: answered["throttled " + r] for r in throttled} == throttled
    assert values["invocations_total"] == answered["answered"] + sum(throttled.values()), answered
    assert values["function_errors_total"] == answered["function errors"], answered
    assert values["platform_errors_total"] == 0


def at_rest(soak):
    """A sample of a server without functions, once what is being ended has gone."""
    last = [None]

    def still():
        now = look(soak.server)
        same = last[0] is not None and all(now[k] == last[0][k] for k in AT_ONCE)
        last[0] = now
        return same
    eventually(still)
    return last[0]


def test_soak(data_dir, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("looks into sandboxes: needs root")
    seed = int(os.environ.get("LAPWING_SEED") or random.SystemRandom().getrandbits(32))
    print("LAPWING_SEED =", seed)
    languages = Languages(tmp_path, rubies())
    print("languages:", *languages.names, "; not on this machine:", *languages.missing())
    world = World(FUNCTIONS, languages, seed)
    server = Server(data_dir, *(part for key, value in SETTINGS.items()
                                for part in ("--set", f"{key}={value}"))).start()
    soak = Soak(server, world)
    try:
        fresh = at_rest(soak)
        print("fresh", fresh)
        soak.deploy()
        soak.call_all()
        world.serve(server.address)
        soak.start_traffic()
        soak.watch(SECONDS / 2)
        check_growth(soak.samples)
        soak.kill_and_restart()
        verified = soak.call_all()
        soak.watch(SECONDS / 2)
        soak.end_traffic()
        answered = soak.counts() + verified - soak.before
        print("second life:", dict(answered), "looked at without function:",
              soak.looked_at_waiting)
        check_growth(soak.samples)
        check_counts(answered, metrics(server.address))
        looked = misplaced(server, memory_of_owned=True)
        assert not looked.wrong, looked.wrong
        assert looked.kept and soak.looked_at_waiting  # there was something to be seen
        soak.delete_all()
        rest = at_rest(soak)
        print("at rest", rest)
        # Beside what waits: templates, the roots prepared for each runtime, images kept ready.
        assert not grown(fresh, rest, MADE_AHEAD), (fresh, rest)
        server.stop()
        assert eventually(lambda: nothing_held(data_dir)), holdings(data_dir)
    finally:
        world.over.set()
        if server.process.poll() is None:
            server.kill()
        pathlib.Path(tmp_path / "server.log").write_text(server.log())
        print(server.log()[-4000:])

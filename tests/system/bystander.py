"""A function that has nothing to do with an attack. It is called all through one, and must be
answered as quickly as on any busy machine; the health page must answer, and the server stay small.

"Usual" is measured first, beside well-behaved functions that keep each processor busy: a machine
on which other functions run is the usual one, an idle machine is not. What computing takes of the
processors is every function's right; an attack is judged by what it takes beyond that.

Other programs may disturb the machine meanwhile. What they take of the processors is measured in the
same window: where it was much, and only there, a disturbance of less than half of the window does not
count. An attack is there all through it.

The caller is a process of its own, as another client is: in the attacker's it would wait for
the interpreter. Run as a program (`bystander.py HOST PORT FUNCTION PID CALLS`) it is that process: it
calls so often, or until its input ends, and prints what it saw as JSON.
"""
import contextlib
import json
import os
import pathlib
import select
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))  # when it is the program

from api import Api  # noqa: E402

USUAL_CALLS = 1500  # of which the slowest fifteen count
CALLS_MIN = 100     # beside an attack, however short that is
USUAL_ROUNDS = 3    # "usual" is measured again, where it seems to have been exceeded
SLICES = 5          # of a window on a machine that was disturbed
DISTURBED = 0.1     # of all processors taken by programs that have nothing to do with the test
FACTOR = 3          # an attack may cost the others this much, no more
HEALTH_S = 2.0      # the health page answers within this
RESIDENT_MIB = 300
ENDS_S = 120
APP = "def handler(event, context):\n    return event['n']\n"
BUSY = """
import time
def handler(event, context):
    end = time.monotonic() + event["seconds"]
    while time.monotonic() < end:
        sum(range(1000))
"""


def p99(seconds):
    return statistics.quantiles(seconds, n=100)[98]


def exceeds(seconds, usual, foreign):
    """The p99 that counts, and whether an attack cost the caller more than it may. `seconds`: of
    its calls, in their order; `foreign`: the part of the processors that others took."""
    now = p99(seconds)
    if now > FACTOR * usual and foreign >= DISTURBED and len(seconds) >= SLICES * CALLS_MIN:
        size = len(seconds) // SLICES
        now = statistics.median(p99(seconds[i * size:(i + 1) * size]) for i in range(SLICES))
    return now, now > FACTOR * usual


def foreign_seconds(*roots):
    """Processor time so far of programs that are not these processes or below them, and what the
    machine's own host took. The kernel's threads work for whom they are asked by: not foreign."""
    parents, taken = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # ended meanwhile: it is in its parent's
            fields = path.read_text().rsplit(")", 1)[1].split()
            parents[int(path.parent.name)] = int(fields[1])
            taken[int(path.parent.name)] = sum(int(each) for each in fields[11:15])
    ours = {2, *roots}

    def is_ours(pid):
        while pid not in ours and pid in parents:
            pid = parents[pid]
        return pid in ours
    steal = int(pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[8])
    ticks = steal + sum(each for pid, each in taken.items() if not is_ours(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    """Resident memory of the server and its helper, without sandboxes' programs."""
    total = 0
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [pid, *children]:
        with contextlib.suppress(OSError):  # ended meanwhile
            for line in pathlib.Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total / 1024


class Caller:
    """The process that calls. `calls`: so many; else until stop()."""

    def __init__(self, server, name, calls=0):
        host, port = server.address
        self.process = subprocess.Popen(
            [sys.executable, __file__, host, str(port), name, str(server.pid), str(calls)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def stop(self):
        out, _ = self.process.communicate(timeout=ENDS_S)
        seen = json.loads(out or b'{"trouble": "the caller died", "seconds": []}')
        assert not seen["trouble"], f"after {len(seen['seconds'])} calls: {seen['trouble']}"
        return seen


class Bystander:
    """`with Bystander(server).beside(): attack()`. Deploy the attacker's functions before: what
    is slow then does not count. The assertions are made when the block ends."""

    def __init__(self, server, name="bystander"):
        self.server, self.name = server, name
        api = Api(server.address, timeout=30)
        api.deploy(name, APP, MemorySize=256, Timeout=30)
        api.deploy(name + "-busy", BUSY, MemorySize=256, Timeout=60)
        Caller(server, name, calls=20).stop()
        self.usual = self._usual()

    def _usual(self):
        done = threading.Event()

        def keep_busy():
            api = Api(self.server.address, timeout=30)
            while not done.is_set():
                api.invoke(self.name + "-busy", {"seconds": 0.2})
        busy = [threading.Thread(target=keep_busy, daemon=True)
                for _ in range(os.cpu_count() or 1)]
        for one in busy:
            one.start()
        try:
            return p99(Caller(self.server, self.name, calls=USUAL_CALLS).stop()["seconds"])
        finally:
            done.set()
            for one in busy:
                one.join(60)

    @contextlib.contextmanager
    def beside(self):
        """Calls the function and the health page until the block ends, then judges."""
        caller = Caller(self.server, self.name)
        roots = (self.server.pid, os.getpid())
        begun, foreign_before = time.monotonic(), foreign_seconds(*roots)
        try:
            yield self
        except BaseException:
            caller.process.kill()
            caller.process.communicate()
            raise
        seen = caller.stop()
        window = (time.monotonic() - begun) * (os.cpu_count() or 1)
        foreign = (foreign_seconds(*roots) - foreign_before) / window
        now, too_slow = exceeds(seen["seconds"], self.usual, foreign)
        for _ in range(USUAL_ROUNDS):
            if not too_slow:
                break
            self.usual = max(self.usual, self._usual())  # the machine may be slower than it was
            now, too_slow = exceeds(seen["seconds"], self.usual, foreign)
        print(f"bystander: p99 {now * 1e3:.1f} ms, usually {self.usual * 1e3:.1f} ms "
              f"({now / self.usual:.2f} x), {len(seen['seconds'])} calls; others took "
              f"{foreign:.0%} of the processors; health {max(seen['health']) * 1e3:.1f} ms at "
              f"most; server {max(seen['resident']):.0f} MiB at most")
        assert not too_slow
        assert max(seen["health"]) <= HEALTH_S
        assert max(seen["resident"]) < RESIDENT_MIB


def call(host, port, name, pid, calls):
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # a client elsewhere does not wait for this machine's processors
    api = Api((host, port), timeout=30)  # one connection, as those not in use may be closed
    seen = {"trouble": "", "seconds": [], "health": [], "resident": []}

    def over():
        if calls:
            return len(seen["seconds"]) >= calls
        ended = select.select([sys.stdin], [], [], 0.001)[0]
        return ended and len(seen["seconds"]) >= CALLS_MIN
    try:
        while not over():
            count = len(seen["seconds"])
            begun = time.monotonic()
            answer = api.invoke(name, {"n": count})
            seen["seconds"].append(time.monotonic() - begun)
            assert answer.status == 200 and answer.json() == count, answer.body[:300]
            if count % 20 == 0:
                begun = time.monotonic()
                answer = api.call("GET", "/_lapwing/health")
                assert answer.status == 200, answer.body[:300]
                seen["health"].append(time.monotonic() - begun)
                seen["resident"].append(resident_mib(pid))
    except Exception as trouble:  # pylint: disable=broad-except; shown by who asked
        seen["trouble"] = repr(trouble)
    print(json.dumps(seen))


if __name__ == "__main__":
    call(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))

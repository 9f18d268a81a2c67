"""A function that has nothing to do with an attack. It is called all through one, and must be
answered as quickly as on any busy machine; the health page must answer, and the server stay small.

"Usual" is measured first, beside a well-behaved function that keeps a processor busy: a machine
on which other functions run is the usual one, an idle machine is not.
"""
import contextlib
import pathlib
import statistics
import threading
import time

from api import Api

USUAL_CALLS = 400
FACTOR = 3          # an attack may cost the others this much, no more
HEALTH_S = 2.0      # the health page answers within this
RESIDENT_MIB = 300
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


class Bystander:
    """`with Bystander(server).beside(): attack()`. Deploy the attacker's functions before: what
    is slow then does not count. The assertions are made when the block ends."""

    def __init__(self, server, name="bystander"):
        self.server, self.name = server, name
        self.api = Api(server.address, timeout=30)
        self.api.deploy(name, APP, MemorySize=256, Timeout=30)
        self.api.deploy(name + "-busy", BUSY, MemorySize=256, Timeout=60)
        self.usual = self._usual()

    def call(self, n):
        begun = time.monotonic()
        answer = self.api.invoke(self.name, {"n": n})
        assert answer.status == 200 and answer.json() == n, (answer.status, answer.body[:300])
        return time.monotonic() - begun

    def _usual(self):
        for n in range(20):
            self.call(n)
        seconds = []
        done = threading.Event()

        def keep_busy():
            api = Api(self.server.address, timeout=30)
            while not done.is_set():
                api.invoke(self.name + "-busy", {"seconds": 0.2})
        busy = threading.Thread(target=keep_busy, daemon=True)
        busy.start()
        try:
            for n in range(USUAL_CALLS):
                seconds.append(self.call(n))
        finally:
            done.set()
            busy.join(60)
        return p99(seconds)

    @contextlib.contextmanager
    def beside(self):
        """Calls the function and the health page until the block ends, then judges."""
        seconds, health, resident, troubles = [], [], [], []
        done = threading.Event()

        def watch():
            page = Api(self.server.address, timeout=30)
            count = 0
            try:
                while not done.is_set() or len(seconds) < 100:
                    count += 1
                    seconds.append(self.call(count))
                    if count % 20 == 0:
                        begun = time.monotonic()
                        answer = page.call("GET", "/_lapwing/health")
                        assert answer.status == 200, answer.body[:300]
                        health.append(time.monotonic() - begun)
                        resident.append(resident_mib(self.server.pid))
                    done.wait(0.001)
            except Exception as trouble:  # pylint: disable=broad-except; shown below
                troubles.append(trouble)
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield self
        finally:
            done.set()
            watcher.join(120)
        assert not troubles, f"after {len(seconds)} calls: {troubles[0]!r}"
        assert not watcher.is_alive(), "the bystander is not answered"
        now = p99(seconds)
        print(f"bystander: p99 {now * 1e3:.1f} ms, usually {self.usual * 1e3:.1f} ms "
              f"({now / self.usual:.2f} x), {len(seconds)} calls; health {max(health) * 1e3:.1f} "
              f"ms at most; server {max(resident):.0f} MiB at most")
        assert now <= FACTOR * self.usual
        assert max(health) <= HEALTH_S
        assert max(resident) < RESIDENT_MIB

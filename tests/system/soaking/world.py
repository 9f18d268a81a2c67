"""What the soak knows of its functions: which secrets a function may answer with, and when.

A change is under way from the moment before it is asked for until the waiter has seen it done:
until then the old value is right as well. An answer is right when its value was so at some
moment between the request and the answer.
"""
import dataclasses
import random
import threading
import time

SECRET_MARK = "soak-secret-"
ZIPF = 1.1
SHORT_TIMEOUT = 3  # of every fifth function, which may hang; a busy machine's answers come in time
TIMEOUT = 30
MEMORY_MB = 128
VERSION_CHANCE = 0.15
FOREVER = float("inf")


def new_secret(chance, name, kind):
    return f"{SECRET_MARK}{name}-{kind}-{chance.getrandbits(64):016x}"


class History:
    """Values and the spans of time they are right in."""

    def __init__(self):
        self.spans = []  # [value, from, until]

    def set(self, value, since):
        """`value` may be seen from `since` on; what was before, too, until settle()."""
        self.spans.append([value, since, FOREVER])

    def settle(self, value):
        """`value` alone is right from now on."""
        now = time.monotonic()
        for span in self.spans:
            if span[0] != value and span[2] == FOREVER:
                span[2] = now
        # What no request under way can still have met is forgotten.
        self.spans = [s for s in self.spans if s[2] > now - 2 * TIMEOUT]

    def allowed(self, begun, ended):
        return {value for value, since, until in self.spans if since <= ended and until >= begun}


@dataclasses.dataclass
class Function:
    name: str
    language: str
    timeout: int
    reserved: int | None = None
    env: str = ""   # what was last acknowledged
    code: str = ""
    versions: dict = dataclasses.field(default_factory=dict)  # number: (env, code)

    def __post_init__(self):
        self.lock = threading.Lock()
        self.envs, self.codes, self.absences = History(), History(), History()

    # Told by who changes the function.
    def change(self, env=None, code=None):
        """Before a change is asked for."""
        with self.lock:
            now = time.monotonic()
            if env:
                self.envs.set(env, now)
            if code:
                self.codes.set(code, now)

    def settle(self, env, code):
        """After it is known to be done (or not)."""
        with self.lock:
            self.env, self.code = env, code
            self.envs.settle(env)
            self.codes.settle(code)

    def absent(self):
        with self.lock:
            self.absences.set("absent", time.monotonic())
            self.versions = {}

    def present(self):
        with self.lock:
            self.absences.settle("present")

    def publish(self, number):
        with self.lock:
            self.versions[number] = (self.env, self.code)

    def unpublish(self, number):
        with self.lock:
            del self.versions[number]

    # Asked by who calls it.
    def may_be_absent(self, begun, ended):
        with self.lock:
            return bool(self.absences.allowed(begun, ended))

    def has_version(self, number):
        with self.lock:
            return number is None or number in self.versions

    def allowed(self, begun, ended):
        with self.lock:
            return self.envs.allowed(begun, ended), self.codes.allowed(begun, ended)

    def some_version(self, chance):
        """(number, its secrets), or (None, None) for $LATEST."""
        with self.lock:
            if self.versions and chance.random() < VERSION_CHANCE:
                return chance.choice(list(self.versions.items()))
            return None, None

    def settings(self, env):
        return {"MemorySize": MEMORY_MB, "Timeout": self.timeout,
                "Environment": {"Variables": {"SECRET": env}}}


class World:
    """All functions, drawn by a Zipf law, and whether the server is being killed."""

    def __init__(self, count, languages, seed):
        chance = random.Random(seed)
        self.languages = languages
        self.functions = []
        for number in range(count):
            language = languages.names[number % len(languages.names)]
            self.functions.append(Function(
                f"soak-{number}-{language}", language,
                SHORT_TIMEOUT if number % 5 == 4 else TIMEOUT,
                1 if number % 20 == 7 else None))
        ranked = self.functions[:]
        chance.shuffle(ranked)
        self.ranked = ranked
        self.weights = [1 / (rank + 1) ** ZIPF for rank in range(count)]
        self.up, self.over = threading.Event(), threading.Event()
        self.address, self.life = None, 1
        self.seed = seed

    @staticmethod
    def now():
        return time.monotonic()

    def draw(self, chance):
        return chance.choices(self.ranked, self.weights)[0]

    def serve(self, address):
        self.address = address
        self.up.set()

    def end_life(self):
        """Before the server is killed: who loses its connection from here on expects it."""
        self.life += 1
        self.up.clear()

    def wait_for_server(self):
        """The number of the server's life once there is one; None when all is over."""
        while not self.over.is_set():
            if self.up.wait(0.2):
                return self.life
        return None

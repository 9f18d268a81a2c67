"""Callers of the soak: each draws a function and an event, and checks the answer whole."""
import base64
import collections
import json
import random
import threading

from api import Api, FUNCTIONS, Gone

from soaking.languages import LINES_MAX, MARKER, RAISED
from soaking.world import SECRET_MARK, SHORT_TIMEOUT

# Of a thousand events.
WEIGHTS = {"answer": 930, "log": 30, "raise": 15, "child": 8, "exit": 6, "abort": 4, "hang": 4,
           "eat": 3}
PAD_CHANCE, PAD_MAX = 0.02, 200_000
EXITED = {"exit": "exit status 7", "abort": "signal: aborted"}
RESERVED = {"ReservedFunctionConcurrentInvocationLimitExceeded": "reserved",
            "ReservedFunctionInvocationRateLimitExceeded": "reserved_rate"}


class Wrong(AssertionError):
    pass


def expect(truth, *about):
    if not truth:
        raise Wrong(repr(about)[:4000])


class Caller(threading.Thread):
    """Calls until the world is over; what it counted is in `counts`, what failed in `failure`."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world, self.chance = world, random.Random(f"{world.seed} caller {number}")
        self.counts = collections.Counter()
        self.api, self.failure = None, None
        self.life = None  # of the server that is being called

    def run(self):
        try:
            while life := self.world.wait_for_server():
                self.life, self.api = life, Api(self.world.address)
                self.call_until_gone(life)
                self.api.close()
                self.life = None
        except Exception as error:  # told by the main thread
            self.failure = error

    def call_until_gone(self, life):
        try:
            while not self.world.over.is_set():
                function = self.world.draw(self.chance)
                check(self.world, self.api, function, self.event(function), self.chance,
                      self.counts)
        except Gone as error:
            # A server that runs drops no connection.
            expect(self.world.life != life, "a running server closed a connection", str(error))
            self.counts["gone"] += 1

    def event(self, function):
        do = self.chance.choices(list(WEIGHTS), WEIGHTS.values())[0]
        brief = function.timeout == SHORT_TIMEOUT
        if do == "hang" and not brief or do == "eat" and (brief or function.language != "python"):
            do = "answer"
        pad = self.chance.randbytes(self.chance.randrange(PAD_MAX) // 2).hex() \
            if self.chance.random() < PAD_CHANCE else ""
        return {"do": do, "nonce": f"{self.chance.getrandbits(64):016x}",
                "owner": function.name, "pad": pad}


def check(world, api, function, event, chance, counts):
    """One invocation, of $LATEST or of a version; its answer must be right."""
    number, pair = function.some_version(chance)
    path = f"{FUNCTIONS}/{function.name}/invocations" + (f"?Qualifier={number}" if number else "")
    tail = event["do"] == "log" or function.timeout == SHORT_TIMEOUT
    headers = {"X-Amz-Log-Type": "Tail"} if tail else {}
    begun = world.now()
    answer = api.call("POST", path, event, headers)
    ended = world.now()
    about = (function.name, number, event["do"], f"{ended - begun:.3f} s", answer.status,
             answer.headers.items(), answer.body[:1000],
             base64.b64decode(answer.headers.get("X-Amz-Log-Result", "")))
    if answer.status in (404, 409):
        # Being deleted or made again, or a version that was deleted since.
        expect(function.may_be_absent(begun, ended) or not function.has_version(number), *about)
        counts["absent"] += 1
        return
    if answer.status == 429:
        expect(function.reserved and answer.json()["Reason"] in RESERVED, *about)
        counts["throttled " + RESERVED[answer.json()["Reason"]]] += 1
        return
    expect(answer.status == 200, *about)
    counts["answered"] += 1
    counts[event["do"]] += 1
    said = answer.json()
    if "X-Amz-Function-Error" in answer.headers:
        counts["function errors"] += 1
        check_failure(function, event, answer, said, about)
        return
    expect(event["do"] in ("answer", "log", "child"), "no failure", *about)
    expect((said["nonce"], said["pad"], said["name"], said["version"]) ==
           (event["nonce"], event["pad"], function.name, str(number or "$LATEST")), *about)
    if pair:
        expect((said["env"], said["code"]) == pair, "version's secrets", pair, *about)
    else:
        envs, codes = function.allowed(begun, ended)
        expect(said["env"] in envs and said["code"] in codes, "secrets", envs, codes, *about)
    check_memory(function, said, about)
    if event["do"] == "log":
        check_tail(answer, function, event, about)


def check_memory(function, said, about):
    """What an environment remembers is its own function's. Its memory is of one life; its /tmp is
    kept when the function crashes, so it holds this life's lines and perhaps those of earlier ones."""
    expect(said["owners"] == [function.name], "owners", *about)
    expect(said["kept"] == [said["env"]] and said["tmp"] == [MARKER], "what is in /tmp", *about)
    expect(said["lines"] >= min(said["count"], LINES_MAX), "a life's lines are missing", *about)


def check_failure(function, event, answer, said, about):
    do, request = event["do"], answer.headers["x-amzn-RequestId"]
    expect(SECRET_MARK not in answer.body.decode(), *about)
    if do == "raise":
        expect((said["errorType"], said["errorMessage"]) ==
               (RAISED[function.language], "on purpose " + event["nonce"]), *about)
        return
    kind, text = {
        "hang": ("Sandbox.Timedout", f"Task timed out after {function.timeout}.00 seconds"),
        "eat": ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
    }.get(do, ("Runtime.ExitError", "Runtime exited with error: " + EXITED.get(do, "?")))
    expect(said == {"errorType": kind, "errorMessage": f"RequestId: {request} Error: {text}"},
           "expected", kind, text, *about)


def check_tail(answer, function, event, about):
    log = base64.b64decode(answer.headers["X-Amz-Log-Result"]).decode()
    request = answer.headers["x-amzn-RequestId"]
    expect(f"said {event['nonce']} {function.name}" in log and f"END RequestId: {request}" in log
           and f"REPORT RequestId: {request}" in log and log.count("said ") == 1, log, *about)

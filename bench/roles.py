"""IAM's roles over query requests: what one server reads, writes and lists with few and with many of
them, what they cost while nobody asks, and moto's server beside it (in memory, nothing signed)."""

import os
import subprocess
import time
import urllib.request

from harness import Server, median, memory_kb, serve_and_greet
from peers import HOME, NotRun, free_port, install_python, listens
from queues import load

VERSION = "&Version=2010-05-08"
TRUST = ("%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C"
         "%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A"
         "%22sts%3AAssumeRole%22%7D%7D")
CREATE = "Action=CreateRole" + VERSION + "&AssumeRolePolicyDocument=" + TRUST + "&RoleName="
GET = "Action=GetRole" + VERSION + "&RoleName=role-0"
UPDATE = "Action=UpdateRole" + VERSION + "&RoleName=role-0&Description=d"
LIST = "Action=ListRoles" + VERSION
SIZES = (1, 100, 10_000)
ROLES_EACH = 900  # below an account's quota of 1,000
START_SECONDS = 60


class Roles(Server):
    """A server with an account for each ROLES_EACH roles."""

    def __init__(self, programs):
        super().__init__(programs, ["engine.memory_mb_max=1000000"])
        self.keys = ["AKIABENCHACCOUNT{:04}".format(i) for i in range(max(SIZES) // ROLES_EACH + 1)]
        with open(self.home / "config.toml", "a") as config:
            for number, key in enumerate(self.keys):
                config.write('[[credentials]]\naccess_key_id = "{}"\nsecret_access_key = "bench"\n'
                             'account = "{:012}"\n'.format(key, number + 1))

    def create(self, number):
        """role-0 is the account's that the load client signs as, others are in theirs."""
        if number == 0:
            return post(self.address, CREATE + "role-0")
        before = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        os.environ["AWS_ACCESS_KEY_ID"] = self.keys[number // ROLES_EACH]
        os.environ["AWS_SECRET_ACCESS_KEY"] = "bench"
        try:
            return post(self.address, CREATE + "role-{}".format(number))
        finally:
            os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = before


class Moto:
    """moto's server with roles in one account."""

    def __init__(self, programs):
        install_python()
        self.programs, port = programs, free_port()
        self.address = "127.0.0.1:{}".format(port)
        self.process = subprocess.Popen(
            [str(HOME / "venv/bin/moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.remove()
                raise NotRun("moto did not start")
            time.sleep(0.05)

    def create(self, number):
        post(self.address, CREATE + "role-{}".format(number))

    def remove(self):
        self.process.kill()
        self.process.wait()


def post(address, form):
    body = form.encode()
    head = {**serve_and_greet.sign("POST", "/", address, body, "iam"),
            "Content-Type": "application/x-www-form-urlencoded"}
    with urllib.request.urlopen(urllib.request.Request(
            "http://" + address + "/", data=body, headers=head), timeout=60) as answer:
        return answer.read()


def rate(server, body, connections, seconds):
    return load(server, body, "/", service="iam", connections=connections, warm_up=20,
                seconds=seconds)["per_second"]


def grown(server, size, have):
    for number in range(have, size):
        server.create(number)


def measured(server, bench):
    """{(roles, operation, connections): a second}, medians of the rounds."""
    figures = {}
    have = 0
    for size in SIZES if isinstance(server, Roles) else SIZES[:2]:
        grown(server, size, have)
        have = size
        for name, body in (("GetRole", GET), ("UpdateRole", UPDATE), ("ListRoles", LIST)):
            for connections in (1, 16):
                figures[size, name, connections] = median(
                    [rate(server, body, connections, bench.seconds) for _ in range(bench.rounds)])
    return figures


def idle(server, before_kb):
    """(KiB of memory a role, share of a core in two seconds) of what is there and rests."""
    server.stop()  # what serving took of memory is no part of it
    server.start()
    server.settled()
    cpu = server.cpu_us()
    time.sleep(2)  # the idleness that is measured
    return ((memory_kb(server.process.pid) - before_kb) / max(SIZES),
            (server.cpu_us() - cpu) / 2e6)


def peer(bench):
    try:
        server = Moto(bench.programs)
    except NotRun as why:
        return {}, str(why)
    try:
        return measured(server, bench), ""
    finally:
        server.remove()


def rows(bench, floor):
    server = Roles(bench.programs)
    try:
        server.start()
        server.settled()
        empty_kb = memory_kb(server.process.pid)
        raw = floor()
        ours = measured(server, bench)
        each, cpu = idle(server, empty_kb)
    finally:
        server.remove()
    theirs, why = peer(bench)
    for (size, name, connections), figure in ours.items():
        other = theirs.get((size, name, connections))
        # Many roles must not make reading one slower.
        few = ours[1, name, connections]
        bar, met = ("≥ 0.8 × of one", figure >= 0.8 * few) if size > 1 and name != "ListRoles" \
            else ("", None)
        beside = ", moto {:,.0f}/s".format(other) if other else ", moto " + why if why else ""
        yield ("{}, {:,} role{}, {} connection{}".format(
            name, size, "s" * (size > 1), connections, "s" * (connections > 1)),
            "raw http {:,.0f}/s".format(raw) if connections == 16 else "",
            "{:,.0f}/s{}".format(figure, beside), figure / raw if connections == 16 else None,
            bar, met, {"per_second": figure, "moto_per_second": other, "floor_per_second": raw})
    yield ("10,000 idle roles: memory each", "", "{:.2f} KiB".format(each), None, "≤ 4 KiB",
           each <= 4, {"kib": each})
    yield ("10,000 idle roles: processor", "", "{:.2%} of a core".format(cpu), None,
           "≤ 1 % of a core", cpu <= 0.01, {"share": cpu})

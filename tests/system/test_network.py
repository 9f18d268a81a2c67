"""The functions' way out, through unmodified clients and runtimes, against an internet of the
test's own (internet.py): nothing here reaches the real one. The walls themselves are tried
harder in src/sandbox/network/network_test.cpp, which also takes them away."""
import json
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest
from functions import ROLE, package
from internet import (DENIED_V4, MACHINE_PORT, MACHINE_V4, MACHINE_V6, METADATA, SITE_NAME,
                      SITE_V4, SITE_V6, Internet, UdpDns, run, usable)
from serving import Server, binary
from waiting import eventually

pytestmark = pytest.mark.skipif(usable() is not None, reason=usable() or "")

PYTHON = '''
import os, socket, urllib.request

def attempt(call):
    try:
        return ["got", call()]
    except BaseException as error:
        return ["refused", type(error).__name__ + ": " + str(error)]

def get(url):
    with urllib.request.urlopen(url, timeout=4) as answer:
        return answer.read().decode()

def resolve(name):
    return sorted({found[4][0] for found in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)})

def udp(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect((host, port))  # so that refusals are heard of
        s.send(b"hello")
        return s.recv(100).decode()

def connect(host, port):
    socket.create_connection((host, port), timeout=2).close()

def handler(event, context):
    if "listen" in event:
        s = globals()["held"] = socket.socket()
        s.bind(("0.0.0.0", event["listen"]))
        s.listen()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("203.0.113.5", 80))
            return probe.getsockname()[0]
    if "read" in event:
        return open(event["read"]).read()
    if "raw" in event:
        return [attempt(lambda: socket.socket(f, t).fileno()) for f, t in (
            (socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW),
            (socket.AF_INET, socket.SOCK_DGRAM + (1 << 20)))]
    if "endpoint" in event:
        return attempt(lambda: get(os.environ["AWS_ENDPOINT_URL"] + "/_lapwing/health"))
    calls = {"get": get, "resolve": resolve, "udp": lambda a: udp(*a),
             "connect": lambda a: connect(*a)}
    return {kind: {str(each): attempt(lambda: calls[kind](each)) for each in each_of}
            for kind, each_of in event.items()}
'''

NODE = '''
const dns = require("dns").promises, http = require("http");
const get = (url) => new Promise((done, failed) => http.get(url, {timeout: 4000}, (answer) => {
  let body = ""; answer.on("data", (d) => body += d); answer.on("end", () => done(body));
}).on("error", failed));
exports.handler = async (event) => ({
  found: (await dns.lookup(event.name, {all: true})).map((each) => each.address).sort(),
  records: await dns.resolve4(event.name), body: await get("http://" + event.name + "/")});
'''


class Client:
    """boto3 on a server, and functions by their short names."""

    def __init__(self, server):
        self.server = server
        self.aws = boto3.client("lambda", endpoint_url=server.endpoint, region_name="us-east-1",
                                aws_access_key_id="test", aws_secret_access_key="test",
                                config=botocore.config.Config(retries={"max_attempts": 0}))

    def deploy(self, name, files=None, runtime="python3.12", **settings):
        made = self.aws.create_function(
            FunctionName=name, Runtime=runtime, Role=ROLE, Handler="app.handler", Timeout=60,
            MemorySize=256, Code={"ZipFile": package(files or {"app.py": PYTHON})}, **settings)
        self.aws.get_waiter("function_active_v2").wait(FunctionName=name,
                                                       WaiterConfig={"Delay": 0.1})
        return made["FunctionArn"]

    def __call__(self, function, /, **event):
        answer = self.aws.invoke(FunctionName=function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload


@pytest.fixture(scope="module")
def internet():
    with Internet() as one:
        yield one


def server_in(internet, data_dir, *settings):
    server = Server(data_dir, *[word for s in settings for word in ("--set", s)])
    server.arguments = ["ip", "netns", "exec", internet.machine, *server.arguments]
    return server


@pytest.fixture(scope="module")
def client(internet, tmp_path_factory):
    server = server_in(internet, tmp_path_factory.mktemp("network") / "data",
                       f"sandbox.network_deny={DENIED_V4}").start()
    one = Client(server)
    one.deploy("probe")
    yield one
    server.stop()


def all_refused(answers):
    return all(kind == "refused" for each in answers.values() for kind, _ in each.values())


def test_python_and_node_reach_the_outside(client):
    answers = client("probe", get=[f"http://{SITE_NAME}/", f"http://[{SITE_V6}]/"],
                     udp=[[SITE_V4, 7], [SITE_V6, 7]])
    # The machine's own addresses are all the outside sees.
    assert list(answers["get"].values()) in (
        [["got", MACHINE_V4], ["got", MACHINE_V6]], [["got", MACHINE_V6], ["got", MACHINE_V6]]), \
        answers
    assert all(a == ["got", "echo hello"] for a in answers["udp"].values()), answers
    client.deploy("node", {"app.js": NODE}, "nodejs20.x")
    answer = client("node", name=SITE_NAME)
    assert answer["found"] == [SITE_V6, SITE_V4] and answer["records"] == [SITE_V4], answer
    assert answer["body"] in (MACHINE_V4, MACHINE_V6)


def test_names(client):
    """The machine's name server is on its loopback, where no function gets."""
    UdpDns.asked.clear()
    answers = client("probe", resolve=[SITE_NAME, "big.fake.example", "nowhere.fake.example",
                                       "localhost", "sandbox.localdomain"])["resolve"]
    assert answers[SITE_NAME] == ["got", [SITE_V6, SITE_V4]], answers
    assert answers["big.fake.example"][0] == "got" and len(answers["big.fake.example"][1]) == 100
    assert answers["nowhere.fake.example"][0] == "refused"
    assert "127.0.0.1" in answers["localhost"][1]
    assert answers["sandbox.localdomain"] == ["got", ["127.0.0.1"]]
    # The machine's search domains are its own business.
    assert "secret" not in client("probe", read="/etc/resolv.conf")
    assert UdpDns.asked and not any(b"secret" in query for query in UdpDns.asked)


def test_walls(client, internet):
    other = client.deploy("other") and client("other", listen=8123)
    port = client.server.address[1]
    uplink = [a for a in internet.addresses() if a not in (MACHINE_V4, MACHINE_V6)]
    assert len(uplink) >= 2, internet.addresses()
    places = [[host, p] for host in internet.addresses() + ["127.0.0.1", "::1", "169.254.100.254"]
              for p in (MACHINE_PORT, port)]
    places += [[host, 80] for host in METADATA + [DENIED_V4]]
    places += [["127.0.0.53", 53], [other, 8123]]
    began = time.monotonic()
    assert all_refused(client("probe", connect=places)), places
    # Refused, not lost: what looks for a metadata server goes on at once.
    assert time.monotonic() - began < 20
    assert all_refused(client("probe", udp=[[h, p] for h, p in places if h != "127.0.0.1"]))


def test_no_raw_sockets(client):
    assert [kind for kind, _ in client("probe", raw=1)] == ["refused"] * 3


def test_lapwing_is_where_it_was(client):
    kind, text = client("probe", endpoint=1)
    assert kind == "got" and json.loads(text)["status"] == "ok"


def network_of(client):
    found = client("probe", get=[f"http://{SITE_V4}/"],
                   connect=[["host.lapwing.internal", MACHINE_PORT], [MACHINE_V4, MACHINE_PORT]])
    outside, *machine = [kind for each in found.values() for kind, _ in each.values()]
    assert len(set(machine)) == 1, found
    return {("refused", "refused"): "none", ("got", "refused"): "nat",
            ("got", "got"): "host"}[outside, machine[0]]


def test_a_tag_says_which_network(internet, tmp_path):
    server = server_in(internet, tmp_path / "data", "sandbox.network_host_allowed=true").start()
    try:
        client = Client(server)
        arn = client.deploy("probe", Tags={"lapwing:network": "none", "team": "a"})
        assert network_of(client) == "none"
        client.aws.tag_resource(Resource=arn, Tags={"lapwing:network": "host"})
        assert network_of(client) == "host"
        client.aws.tag_resource(Resource=arn, Tags={"lapwing:network": "nat"})
        assert network_of(client) == "nat"
        client.aws.tag_resource(Resource=arn, Tags={"lapwing:network": "none"})
        assert network_of(client) == "none"
        client.aws.untag_resource(Resource=arn, TagKeys=["lapwing:network"])
        assert network_of(client) == "nat"
    finally:
        server.stop()


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    return caught.value.response["Error"]["Message"]


def test_tags_that_cannot_be_kept_are_refused(client, internet, tmp_path):
    arn = client.aws.get_function(FunctionName="probe")["Configuration"]["FunctionArn"]

    def tag(value):
        return lambda: client.aws.tag_resource(Resource=arn, Tags={"lapwing:network": value})
    assert "must be one of host nat none" in refusal(tag("vpc"))
    assert "sandbox.network_host_allowed" in refusal(tag("host"))
    assert client.aws.list_tags(Resource=arn)["Tags"] == {}
    server = server_in(internet, tmp_path / "data", "sandbox.network=none").start()
    try:
        alone = Client(server)
        assert "sandbox.network = none" in refusal(
            lambda: alone.deploy("no", Tags={"lapwing:network": "nat"}))
        alone.deploy("probe")
        assert network_of(alone) == "none"
        assert len(internet.links()) == 3 and len(internet.tables()) == 1  # the other server's
    finally:
        server.stop()


def test_said_aloud(client, internet):
    assert "functions reach the outside, not this machine" in client.server.log()
    health = json.loads(run("curl", "-s", client.server.endpoint + "/_lapwing/health"))
    told = next(f for f in health["isolation"]["features"] if f["name"] == "network")
    assert "NAT by interface lw" in told["how"] and "forwarding switched on for out0" in told["how"]


def test_nothing_is_left(internet, tmp_path):
    """Beside another server, which notices nothing."""
    links, tables = internet.links(), internet.tables()
    server = server_in(internet, tmp_path / "data").start()
    Client(server).deploy("probe")
    assert network_of(Client(server)) == "nat"
    assert len(internet.links()) == len(links) + 1 and len(internet.tables()) == len(tables) + 1
    server.kill()
    assert eventually(lambda: internet.links() == links and internet.tables() == tables)
    server.start()
    assert network_of(Client(server)) == "nat"
    server.stop()
    assert internet.links() == links and internet.tables() == tables


def test_the_last_server_switches_forwarding_off(tmp_path):
    with Internet() as own:
        assert not own.forwards()
        first = server_in(own, tmp_path / "one").start()
        second = server_in(own, tmp_path / "two").start()
        first.kill()
        assert eventually(lambda: len(own.tables()) == 1)
        Client(second).deploy("probe")
        assert network_of(Client(second)) == "nat" and own.forwards()
        second.stop()
        assert own.links() == ["lo", "out0"] and own.tables() == [] and not own.forwards()


@pytest.mark.parametrize("mode", ["none", "auto"])
def test_what_a_killed_server_left_on_is_switched_off_by_the_doctor(tmp_path, mode):
    with Internet() as own:
        first = server_in(own, tmp_path / "one").start()
        assert own.forwards()
        helper, = run("cat", f"/proc/{first.pid}/task/{first.pid}/children").split()
        for signal_to, pid in (("STOP", helper), ("KILL", first.pid), ("KILL", helper)):
            run("kill", f"-{signal_to}", str(pid))
        first.process.wait()
        assert own.forwards()
        # A server counts while it holds its uplink's name, which goes with the killed processes.
        assert eventually(lambda: "lapwing-uplink-" not in run(
            "ip", "netns", "exec", own.machine, "cat", "/proc/net/unix"))
        heard = run("ip", "netns", "exec", own.machine, binary(), "doctor", "--data-dir",
                    str(tmp_path / "two"), "--set", f"sandbox.network={mode}")
        assert "was switched off for out0" in heard
        assert not own.forwards()


def test_what_cannot_be_had_is_refused_at_the_start(internet, tmp_path):
    for setting, said in (("sandbox.network_range=10.0.0.0/24", "prefix length 19 or less"),
                          ("sandbox.network_range=198.51.96.0/19", "has a route"),
                          ("sandbox.network_deny=everything", "sandbox.network_deny")):
        with pytest.raises(AssertionError, match=said):
            server_in(internet, tmp_path / "data", "sandbox.network=nat", setting).start()

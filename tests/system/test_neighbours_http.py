"""What a function or a client can make the server hold: connections, bodies that do not end,
answers that nobody reads. Each attack leaves the others alone."""
import collections
import contextlib
import hashlib
import hmac
import json
import pathlib
import socket
import threading
import time

import pytest
from api import FUNCTIONS, Api, Gone
from bystander import Bystander
from functions import ROLE
from serving import Server
from waiting import eventually

UPLOAD = 70_000_000   # what CreateFunction takes
PAYLOAD = 6_000_000   # what Invoke answers
CONNECTIONS_MAX = 10_000
INSIDE_MAX = 256      # of one environment, to the endpoint
RUNTIME_MAX = 64      # and to its Runtime API
# Opens connections from many processes, each with as many as it is allowed, and keeps them.
HOARD = '''
import os, socket, time
from urllib.parse import urlparse
WHERE = {"endpoint": os.environ["AWS_ENDPOINT_URL"],
         "runtime": "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"]}

def hoard(where, count, until, report):
    held = []
    while time.time() < until and len(held) < count:
        one = socket.socket()
        one.settimeout(1)
        try:
            one.connect(where)
            one.setblocking(False)
            held.append(one)
        except TimeoutError:
            one.close()
        except OSError:
            break
    while time.time() < until:
        for one in held[:]:
            try:
                one.send(b"G")
            except BlockingIOError:
                pass
            except OSError:
                held.remove(one)
        time.sleep(1)
    os.write(report, b"%d " % len(held))

def handler(event, context):
    url = urlparse(WHERE[event["what"]])
    where, until = (url.hostname, url.port or 80), time.time() + event["seconds"]
    children = []
    read, report = os.pipe()
    for _ in range(event["processes"]):
        child = os.fork()
        if child == 0:
            try:
                hoard(where, event["each"], until, report)
            finally:
                os._exit(0)
        children.append(child)
    os.close(report)
    for child in children:
        os.waitpid(child, 0)
    return sum(map(int, os.read(read, 1 << 16).split()))
'''
LARGE = '''
def handler(event, context):
    return "x" * event["size"]
'''


def metrics(api):
    text = api.call("GET", "/_lapwing/metrics").body.decode()
    return collections.defaultdict(float, (
        (line.rsplit(" ", 1)[0], float(line.rsplit(" ", 1)[1]))
        for line in text.splitlines() if not line.startswith("#")))


def descriptors(server):
    return len(list(pathlib.Path(f"/proc/{server.pid}/fd").iterdir()))


def read_all(connection, seconds=60):
    connection.settimeout(seconds)
    answer = b""
    with contextlib.suppress(OSError):
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def head(path, length, *more):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost",
                        f"Content-Length: {length}", *more, "", ""]).encode()


# ---- connections

@pytest.mark.parametrize("what, most", [("endpoint", INSIDE_MAX), ("runtime", RUNTIME_MAX)])
def test_connections_out_of_a_sandbox(server, what, most):
    api = Api(server.address, timeout=120)
    api.deploy("hoarder", HOARD, MemorySize=512, Timeout=120)
    bystander = Bystander(server)
    before = descriptors(server)
    open_before = metrics(api)["lapwing_connections"]
    answers, seen = [], []
    with bystander.beside():
        attack = threading.Thread(target=lambda: answers.append(Api(server.address, 120).invoke(
            "hoarder", {"what": what, "processes": 24, "each": 1000, "seconds": 12})))
        attack.start()
        while attack.is_alive():
            seen.append((descriptors(server), metrics(api)["lapwing_connections"]))
            attack.join(0.2)
    assert answers[0].status == 200 and answers[0].json() > 0, answers[0].body
    print(f"{answers[0].json()} connections held inside; of the server at most "
          f"{max(d for d, _ in seen) - before} descriptors more, "
          f"{max(c for _, c in seen)} connections")
    # Fewer where the machine gives the server few descriptors. What the bystander opens counts too.
    assert 50 <= max(c for _, c in seen) - open_before <= most + 100
    assert max(d for d, _ in seen) - before <= most + 200
    # All of it is given back.
    assert eventually(lambda: metrics(api)["lapwing_connections"] <= open_before + 4)


def test_connections_of_clients(data_dir):
    """At the limit idle ones, and those that do not end their heads, make room."""
    server = Server(data_dir, "--set", "server.connections_max=200").start()
    held = []

    def hoard(text):
        for _ in range(600):
            one = socket.create_connection(server.address, timeout=10)
            held.append(one)
            with contextlib.suppress(OSError):  # turned away already
                one.sendall(text)

    def is_served():
        with contextlib.suppress(Gone):
            return Api(server.address).call("GET", "/_lapwing/health").status == 200
    try:
        for text in (b"", b"GET /_lapwing/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"GET /_lap"):
            hoard(text)
            # Heads that do not end have a second.
            assert eventually(is_served)

        def no_more_than_allowed():
            with contextlib.suppress(Gone):
                return 0 < metrics(Api(server.address))["lapwing_connections"] <= 200
        assert eventually(no_more_than_allowed)
        # Others, each over a connection of its own.
        served = sum(bool(is_served()) for _ in range(400))
        assert served > 200, served
    finally:
        for one in held:
            one.close()
        server.stop()


# ---- bodies

def test_withheld_bodies(server):
    """Uploads that lack their last byte, unsigned: they hold a share, and end."""
    bystander = Bystander(server)
    api = Api(server.address, timeout=120)
    text = head(FUNCTIONS, UPLOAD) + b'{"' + b"x" * (UPLOAD - 3)
    uploads = []

    def upload():
        one = socket.create_connection(server.address, timeout=120)
        uploads.append(one)
        with contextlib.suppress(OSError):
            one.sendall(text)
    with bystander.beside():
        senders = [threading.Thread(target=upload, daemon=True) for _ in range(30)]
        for sender in senders:
            sender.start()
        held = []

        def refused():
            now = metrics(api)
            held.append(now["lapwing_request_body_bytes"])
            return now["lapwing_request_bodies_refused_total"] >= 5
        assert eventually(refused, 60), held[-5:]
        assert 50e6 < max(held) < 100e6, held
        # A small change is made meanwhile.
        assert api.call("POST", f"{FUNCTIONS}/bystander/versions", {}).status == 201
        # Those that were refused said why, as soon as they were.
        answers = [read_all(one, 0.5) for one in uploads]
        assert any(status(a) == 429 and b"TooManyRequestsException" in a for a in answers), answers
        # The others are given up: a body has a least rate.
        assert eventually(lambda: metrics(api)["lapwing_request_body_bytes"] == 0, 90)
        for sender in senders:
            sender.join(120)
    for one in uploads:
        one.close()


def test_whole_uploads_at_once(server):
    """The largest there are, of which nothing can be used: one is taken apart at a time."""
    bystander = Bystander(server)
    zip_file = b"A" * 69_000_000
    body = json.dumps({"FunctionName": "f", "Runtime": "python3.11", "Handler": "a.b",
                       "Role": ROLE}).encode()[:-1] + b', "Code": {"ZipFile": "' + zip_file + b'"}}'
    said = []

    def upload():
        answer = Api(server.address, timeout=120).call("POST", FUNCTIONS, body)
        said.append((answer.status, answer.body))
    with bystander.beside():
        senders = [threading.Thread(target=upload, daemon=True) for _ in range(3)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(120)
    # All of them: a client's uploads take turns.
    assert len(said) == 3 and all(b"Could not unzip" in text for _, text in said), said
    assert metrics(Api(server.address))["lapwing_request_body_bytes"] == 0


def signature(path, key="attacker", secret="secret", **change):
    """Headers of a request with an unsigned body."""
    now = change.get("now", time.gmtime())
    date, stamp = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
    region, service = change.get("region", "us-east-1"), change.get("service", "lambda")
    scope = f"{date}/{region}/{service}/aws4_request"
    signed = "host;x-amz-content-sha256;x-amz-date"
    canonical = "\n".join(["POST", path, "", "host:localhost",
                           "x-amz-content-sha256:UNSIGNED-PAYLOAD", f"x-amz-date:{stamp}", "",
                           signed, "UNSIGNED-PAYLOAD"])
    digest = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        digest = hmac.new(digest, part.encode(), hashlib.sha256).digest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    made = hmac.new(digest, to_sign.encode(), hashlib.sha256).hexdigest()
    return [f"X-Amz-Date: {stamp}", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD",
            f"Authorization: AWS4-HMAC-SHA256 Credential={key}/{scope}, "
            f"SignedHeaders={signed}, Signature={made}"]


@pytest.fixture(scope="module")
def verifying(tmp_path_factory):
    config = tmp_path_factory.mktemp("verifying") / "lapwing.toml"
    config.write_text("[[credentials]]\naccess_key_id = 'known'\nsecret_access_key = 'secret'\n")
    server = Server(config.parent / "data", "--auth", "verify", "--config", config).start()
    yield server
    server.stop()


@pytest.mark.parametrize("path", [FUNCTIONS, FUNCTIONS + "/f/invocations"])
@pytest.mark.parametrize("signed, word", [
    (lambda path: [], b"Missing Authentication Token"),
    (lambda path: signature(path), b"security token included in the request is invalid"),
    (lambda path: signature(path, "known", now=time.gmtime(0)), b"Signature expired"),
    (lambda path: signature(path, "known", region="no where"), b"valid region"),
], ids=["unsigned", "unknown", "expired", "region"])
def test_the_head_is_checked_before_a_body_is_read(verifying, path, signed, word):
    with socket.create_connection(verifying.address, timeout=10) as one:
        one.sendall(head(path, 5_000_000, *signed(path)))  # and nothing of the body
        one.shutdown(socket.SHUT_WR)
        answer = read_all(one, 10)
        assert status(answer) == 403 and word in answer, answer


def test_a_known_caller_is_asked_for_its_body(verifying):
    with socket.create_connection(verifying.address, timeout=10) as one:
        path = FUNCTIONS + "/missing/invocations"
        one.sendall(head(path, 2, *signature(path, "known"), "Expect: 100-continue"))
        assert one.recv(100).startswith(b"HTTP/1.1 100")
        one.sendall(b"{}")
        one.shutdown(socket.SHUT_WR)
        assert status(read_all(one)) == 404


@pytest.mark.parametrize("method, path, more, limit, name", [
    ("POST", FUNCTIONS, (), 70_167_211, "CreateFunction"),
    ("PUT", FUNCTIONS + "/f/code", (), 69_905_067, "UpdateFunctionCode"),
    ("PUT", FUNCTIONS + "/f/configuration", (), 5_120, "UpdateFunctionConfiguration"),
    ("POST", "/2018-10-31/layers/l/versions", (), 70_167_211, "PublishLayerVersion"),
    ("POST", FUNCTIONS + "/f/aliases", (), 1 << 20, "CreateAlias"),
    ("POST", "/", ("X-Amz-Target: Logs_20140328.PutLogEvents",
                   "Content-Type: application/x-amz-json-1.1"), 8 << 20, "PutLogEvents"),
    ("POST", "/", ("X-Amz-Target: Logs_20140328.CreateLogGroup",
                   "Content-Type: application/x-amz-json-1.1"), 1 << 20, "CreateLogGroup"),
    ("POST", FUNCTIONS + "/f/invocations", (), 6 << 20, "InvokeFunction"),
], ids=lambda value: value if isinstance(value, str) and value[:1].isupper() else "")
def test_each_operation_has_its_own_limit(verifying, server, method, path, more, limit, name):
    with socket.create_connection(server.address, timeout=10) as one:
        text = head(path, limit + 1, *more).replace(b"POST", method.encode(), 1)
        one.sendall(text)
        one.shutdown(socket.SHUT_WR)
        answer = read_all(one, 10)
        assert status(answer) == 413, answer
        said = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert (said.get("message") or said["Message"]) == \
            f"Request must be smaller than {limit} bytes for the {name} operation", answer


# ---- answers

def test_unread_answers(server):
    """Sixty answers of 6 MB that nobody reads, and a client that does read."""
    api = Api(server.address, timeout=60)
    api.deploy("large", LARGE, MemorySize=256, Timeout=60)
    bystander = Bystander(server)
    event = json.dumps({"size": PAYLOAD}).encode()
    request = head(FUNCTIONS + "/large/invocations", len(event)) + event
    assert api.invoke("large", {"size": 1}).status == 200
    unread, seen = [], []
    with bystander.beside():
        # One after the other, so that one environment serves them: what is tried is not whether
        # sixty processors' work leaves something over.
        while len(unread) < 60 or metrics(api)["lapwing_answers_cut_total"] < 40:
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(60)
            one.connect(server.address)
            one.sendall(request)
            assert one.recv(1, socket.MSG_PEEK) == b"H"
            unread.append(one)
            seen.append(metrics(api)["lapwing_answer_stalled_bytes"])
            assert len(unread) < 600, seen[-5:]
    print(f"{len(unread)} answers, at most {max(seen) / 1e6:.0f} MB stalled")
    # Those of one caller have their share.
    assert 15e6 < max(seen) <= (32 << 20) + 2 * PAYLOAD
    for one in unread:
        one.close()
    assert eventually(lambda: metrics(api)["lapwing_answer_bytes"] == 0)
    answer = api.invoke("large", {"size": PAYLOAD})
    assert answer.status == 200 and len(answer.body) == PAYLOAD + 2


# ---- who may look

def test_metrics_of_a_verifying_server(verifying):
    """On loopback, as before: everybody on the machine."""
    answer = Api(verifying.address).call("GET", "/_lapwing/metrics")
    assert answer.status == 200 and b"lapwing_requests_total" in answer.body
    assert "isolation" in Api(verifying.address).call("GET", "/_lapwing/health").json()


@pytest.mark.parametrize("arguments, open_to_all", [
    (["--set", "metrics.signed=always"], False),
    (["--insecure"], False),
    (["--insecure", "--set", "metrics.signed=never"], True),
], ids=["always", "beyond-loopback", "never"])
def test_metrics_are_signed(tmp_path, arguments, open_to_all):
    config = tmp_path / "lapwing.toml"
    config.write_text("[[credentials]]\naccess_key_id = 'known'\nsecret_access_key = 'secret'\n")
    server = Server(tmp_path / "data", "--auth", "verify", "--config", config, *arguments)
    if "--insecure" in arguments:  # as far as the server can tell, this is no loopback address
        server.arguments[server.arguments.index("127.0.0.1:0")] = "[::ffff:127.0.0.1]:0"
    server.start()
    try:
        api = Api(("127.0.0.1", server.address[1]))
        metrics_page = api.call("GET", "/_lapwing/metrics")
        health = api.call("GET", "/_lapwing/health")
        assert health.status == 200 and health.json()["status"] == "ok"
        if open_to_all:
            assert metrics_page.status == 200 and "isolation" in health.json()
            return
        assert metrics_page.status == 403 and b"lapwing_" not in metrics_page.body
        assert health.json() == {"status": "ok"}
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        for path in ("/_lapwing/metrics", "/_lapwing/health"):
            request = AWSRequest("GET", f"http://127.0.0.1:{server.address[1]}{path}")
            SigV4Auth(Credentials("known", "secret"), "lambda", "us-east-1").add_auth(request)
            answer = api.call("GET", path, headers=dict(request.headers))
            assert answer.status == 200, answer.body
            assert b"lapwing_requests_total" in answer.body or "isolation" in answer.json()
            wrong = {**dict(request.headers), "Authorization":
                     request.headers["Authorization"][:-4] + "0000"}
            answer = api.call("GET", path, headers=wrong)
            assert answer.status == 403 or answer.json() == {"status": "ok"}
    finally:
        server.stop()

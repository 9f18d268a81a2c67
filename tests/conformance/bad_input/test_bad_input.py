"""Input nobody should send: over raw sockets, with wrong signatures, in hostile archives. Each is
refused in AWS's words or clear ones, and the server answers the next request as if nothing had
been."""
import base64
import io
import json
import socket
import struct
import time
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from functions import ROLE, package
from serving import serving

pytestmark = pytest.mark.lapwing
FUNCTIONS = "/2015-03-31/functions"
SECONDS = 60
HELLO = "def handler(event, context):\n    return 'hello'\n"


class Raw:
    """One connection, byte by byte."""

    def __init__(self, endpoint):
        host, port = endpoint.split("//", 1)[1].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered and closed already
        return self

    def answer(self):
        """(status, head, body); None when the connection was closed without one."""
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                more = self.socket.recv(65536)
                if not more:
                    break
                data += more
            head, found, body = data.partition(b"\r\n\r\n")
            if not found:
                return None
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                           if line.lower().startswith(b"content-length:")), 0)
            while len(body) < length:
                more = self.socket.recv(65536)
                if not more:
                    break
                body += more
        except ConnectionResetError:
            return None
        return int(head.split()[1]), head.decode("latin-1"), body

    def closed(self):
        self.socket.settimeout(SECONDS)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()


@pytest.fixture
def raw(endpoint):
    made = []

    def connect():
        made.append(Raw(endpoint))
        return made[-1]
    yield connect
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def hello(deploy):
    return deploy(HELLO)


@pytest.fixture(autouse=True)
def answers_afterwards(lam, hello):
    yield
    assert lam.invoke(FunctionName=hello)["Payload"].read() == b'"hello"'


def head(line, *headers):
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


@pytest.mark.parametrize("data, statuses", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n", {400}),
    (b"\0\r\n\r\n", {400}),
    (b"GET\r\n\r\n", {400}),
    (b"GET / HTTP/9.9\r\n\r\n", {400, 505}),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon here\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", {400}),
    (b"GET /\x7f\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
     {400, 413}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
     {400}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
     b"\r\n0\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", {400, 501}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"ffffffffffffffffff\r\n\r\n", {400, 413}),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    (b"GET / HTTP/1.1\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400, 403}),
])
def test_malformed_http(raw, data, statuses):
    connection = raw().send(data)
    connection.socket.shutdown(socket.SHUT_WR)
    answer = connection.answer()
    assert answer is not None and answer[0] in statuses, answer
    assert connection.closed()  # what follows on it can no longer be trusted


@pytest.mark.parametrize("data, status", [
    (head("GET /" + "x" * 20_000 + " HTTP/1.1", "Host: localhost"), 414),
    (head("GET / HTTP/1.1", "Host: localhost", "X: " + "y" * 100_000), 431),
    (head("GET / HTTP/1.1", "Host: localhost", *(f"X-{i}: y" for i in range(500))), 431),
], ids=["target", "bytes", "headers"])
def test_oversize_head(raw, data, status):
    answer = raw().send(data).answer()
    assert answer and answer[0] == status, answer


def test_oversize_body_is_refused_before_it_is_sent(raw):
    answer = raw().send(head(f"POST {FUNCTIONS} HTTP/1.1", "Host: localhost",
                             "Content-Length: 80000000")).answer()
    assert answer and answer[0] == 413
    assert json.loads(answer[2])["message"] == \
        "Request must be smaller than 70167211 bytes for the CreateFunction operation"


def test_oversize_body_in_chunks(raw):
    connection = raw().send(head(f"POST {FUNCTIONS}/x/invocations HTTP/1.1", "Host: localhost",
                                 "Transfer-Encoding: chunked"))
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    for _ in range(90):  # more than any operation takes
        connection.send(chunk)
    answer = connection.send(b"0\r\n\r\n").answer()
    assert answer is None or answer[0] in (413, 404)  # the close may overtake the answer


@pytest.mark.parametrize("line, headers, status, code, word", [
    ("GET /2015-03-31/nothing HTTP/1.1", (), 404, None, None),
    ("DELETE /2015-03-31/functions HTTP/1.1", (), (404, 405), None, None),
    ("POST / HTTP/1.1", ("X-Amz-Target: Logs_20140328.NoSuchOperation",
                         "Content-Type: application/x-amz-json-1.1"), 400,
     "UnknownOperationException", None),
    ("POST / HTTP/1.1", ("X-Amz-Target: Logs_20140328.StartQuery",
                         "Content-Type: application/x-amz-json-1.1"), 501, "NotImplemented",
     "StartQuery"),
    ("POST / HTTP/1.1", ("X-Amz-Target: AmazonSSM.GetParameter",
                         "Content-Type: application/x-amz-json-1.1"), 501, "NotImplemented",
     "GetParameter"),
    ("POST / HTTP/1.1", ("X-Amz-Target: TrentService.CreateKey",
                         "Content-Type: application/x-amz-json-1.1"), 501, "NotImplemented",
     "CreateKey"),
    ("POST / HTTP/1.1", ("X-Amz-Target: NoSuchService_20200101.Do",
                         "Content-Type: application/x-amz-json-1.1"), (400, 404, 501), None, None),
])
def test_unknown(raw, line, headers, status, code, word):
    answer = raw().send(head(line, "Host: localhost", "Content-Length: 2", *headers) +
                        b"{}").answer()
    statuses = status if isinstance(status, tuple) else (status,)
    assert answer and answer[0] in statuses, answer
    text = answer[1] + answer[2].decode()
    assert code is None or code in text, text
    assert word is None or word in text, text
    assert answer[2], "an answer that says nothing"


@pytest.mark.parametrize("service, operation", [
    ("iam", "ListOrganizationsFeatures"), ("cloudwatch", "ListMetrics"),
    ("ssm", "DescribeParameters"),
    ("kms", "ListKeys"), ("s3", "ListBuckets")])
def test_services_not_built_yet(client, service, operation):
    call = getattr(client(service), "".join(
        "_" + c.lower() if c.isupper() else c for c in operation).lstrip("_"))
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501, answer
    assert answer["Error"]["Code"] == "NotImplemented" and operation in answer["Error"]["Message"]


@pytest.mark.parametrize("body", [
    b"{", b"[]", b'{"FunctionName": }', b"\xff\xfe{}", b'{"FunctionName": 7}', b'"x"', b"null",
    b'{"Code": {"ZipFile": "not base64 !"}}', b"[" * 100_000, b'{"a":' * 50_000, b"",
    b'{"FunctionName": "\\ud800"}', b'{"Timeout": 1e999}', b'{"Timeout": 2.5}', b"{}" * 2])
def test_broken_json(raw, body):
    answer = raw().send(head(f"POST {FUNCTIONS} HTTP/1.1", "Host: localhost",
                             "Content-Type: application/json", f"Content-Length: {len(body)}") +
                        body).answer()
    assert answer and answer[0] == 400, answer
    assert json.loads(answer[2]), "no reason given"


@pytest.mark.parametrize("name", [
    "..", "a/b", "a b", "", ":", ":::", "arn:aws:lambda", "a" * 200, "%00", "fn:ver:sion",
    "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:1:function:x",
    "arn:aws:lambda:us-east-1:000000000000:layer:x", "\u00fc", "name\r\nX-Header: y"])
def test_invalid_names(raw, name):
    import urllib.parse
    path = f"{FUNCTIONS}/{urllib.parse.quote(name, safe='')}/configuration"
    answer = raw().send(head(f"GET {path} HTTP/1.1", "Host: localhost")).answer()
    assert answer and answer[0] in (400, 403, 404), answer
    assert json.loads(answer[2]), "no reason given"
    assert "X-Header" not in answer[1]


@pytest.mark.parametrize("headers", [
    ("Host: evil.example",), ("Host: evil.example:4566",), ("Host: localhost.evil.example",),
    ("Host: localhost", "Origin: http://evil.example"), ("Host: localhost", "Origin: null"),
    ("Host: 127.0.0.1", "Origin: http://127.0.0.1:1")])
def test_browsers_of_other_sites(raw, headers):
    answer = raw().send(head(f"GET {FUNCTIONS} HTTP/1.1", *headers)).answer()
    assert answer and answer[0] == 403, answer
    assert b"Functions" not in answer[2]


def hostile(build):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        build(archive)
    return out.getvalue()


def entry(name, mode=0o100644):
    info = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def bomb(archive):
    block = b"\0" * (1 << 20)
    with archive.open(entry("zeros"), "w") as one:
        for _ in range(251):
            one.write(block)


def lying_size(data):
    """Every entry says it is 10 bytes long."""
    data = bytearray(data)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 24, 10)
        struct.pack_into("<I", data, struct.unpack_from("<I", data, at + 42)[0] + 22, 10)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


ARCHIVES = {
    "bomb": lambda: hostile(bomb),
    "parent": lambda: hostile(lambda a: a.writestr(entry("../../escaped"), "x")),
    "absolute": lambda: hostile(lambda a: a.writestr(entry("/tmp/escaped"), "x")),
    "middle": lambda: hostile(lambda a: a.writestr(entry("a/../../escaped"), "x")),
    "through-link": lambda: hostile(lambda a: (a.writestr(entry("d", 0o120777), "/tmp"),
                                               a.writestr(entry("d/escaped"), "x"))),
    "truncated": lambda: package({"app.py": HELLO})[:-30],
    "empty": lambda: b"",
    "no-entries": lambda: b"PK\x05\x06" + b"\0" * 18,
    "device": lambda: hostile(lambda a: a.writestr(entry("dev", 0o020666), "")),
    "many": lambda: hostile(lambda a: [a.writestr(zipfile.ZipInfo(f"f{i}"), "")
                                       for i in range(100_001)]),
    "text": lambda: b"just some text",
}


COULD_NOT = "Could not unzip uploaded file. Please check your file, then try to upload again."
REASON = COULD_NOT + " Reason: "
REFUSALS = {
    "parent": REASON + "entry '../../escaped': '..' in a path.",
    "absolute": REASON + "entry '/tmp/escaped': an absolute path.",
    "middle": REASON + "entry 'a/../../escaped': '..' in a path.",
    "through-link": REASON + "entry 'd/escaped': it lies below 'd', which is no directory.",
    "truncated": COULD_NOT,
    "empty": "Uploaded file must be a non-empty zip",
    "no-entries": "Uploaded file must be a non-empty zip",
    "device": REASON + "entry 'dev': a device, pipe or socket.",
    "many": REASON + "more entries than are allowed.",
    "text": COULD_NOT,
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_hostile_archives(client, lam, kind):
    name = "hostile-" + uuid.uuid4().hex[:8]
    unchecked = client("lambda", parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        unchecked.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE,
                                  Handler="app.handler", Code={"ZipFile": ARCHIVES[kind]()})
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400, answer
    if kind == "bomb":
        assert answer["Error"]["Message"] == "Unzipped size must be smaller than 262144000 bytes"
    else:
        assert answer["Error"]["Message"] == REFUSALS[kind]
    with pytest.raises(lam.exceptions.ResourceNotFoundException):
        lam.get_function(FunctionName=name)


def test_archive_that_lies_about_sizes(lam):
    """Its directory is plausible; the data are not: the function fails, nothing else does."""
    name = "hostile-" + uuid.uuid4().hex[:8]
    try:
        lam.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE,
                            Handler="app.handler", Code={"ZipFile": lying_size(
                                package({"app.py": HELLO * 100}))})
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return
    until = time.monotonic() + SECONDS
    while True:
        about = lam.get_function_configuration(FunctionName=name)
        if about["State"] != "Pending" or time.monotonic() > until:
            break
        time.sleep(0.02)  # between two looks
    assert (about["State"], about["StateReasonCode"]) == ("Failed", "InvalidZipFileException")
    lam.delete_function(FunctionName=name)


def test_too_large_a_package(lam):
    name = "large-" + uuid.uuid4().hex[:8]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry("app.py"), HELLO)
        info = entry("data")
        info.compress_type = zipfile.ZIP_STORED
        archive.writestr(info, b"\0" * (50 << 20))
    with pytest.raises(ClientError) as caught:
        lam.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE,
                            Handler="app.handler", Code={"ZipFile": out.getvalue()})
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert answer["Error"]["Code"] in ("RequestEntityTooLargeException", "413")
    assert "must be smaller than" in answer["Error"]["Message"]


def test_clients_that_vanish(raw, deploy, lam):
    slow = deploy("import time\ndef handler(e, c):\n    time.sleep(0.3)\n    return 'done'\n")
    code = base64.b64encode(package({"app.py": HELLO})).decode()
    create = json.dumps({"FunctionName": "vanished", "Runtime": "python3.11", "Role": ROLE,
                         "Handler": "app.handler", "Code": {"ZipFile": code}}).encode()
    for cut in (1, 40, 120, len(create) // 2, len(create) - 1):
        raw().send((head(f"POST {FUNCTIONS} HTTP/1.1", "Host: localhost",
                         f"Content-Length: {len(create)}") + create)[:cut + 60]).close()
    for _ in range(8):  # gone while the function runs
        raw().send(head(f"POST {FUNCTIONS}/{slow}/invocations HTTP/1.1", "Host: localhost",
                        "Content-Length: 2") + b"{}").close()
    reset = raw().send(head(f"POST {FUNCTIONS}/{slow}/invocations HTTP/1.1", "Host: localhost",
                            "Content-Length: 2") + b"{}")
    reset.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reset.close()
    assert lam.invoke(FunctionName=slow)["Payload"].read() == b'"done"'
    with pytest.raises(lam.exceptions.ResourceNotFoundException):
        lam.get_function(FunctionName="vanished")


def test_pipelined_requests_are_answered_in_order(raw):
    request = head("GET /2015-03-31/functions/never-{} HTTP/1.1", "Host: localhost").decode()
    connection = raw().send("".join(request.format(i) for i in range(20)).encode())
    data = b""
    while data.count(b"Function not found") < 20:
        more = connection.socket.recv(65536)
        assert more, data[-200:]
        data += more
    places = [data.index(f"function:never-{i}\"".encode()) for i in range(20)]
    assert places == sorted(places)


CONFIG = '''
[[credentials]]
access_key_id = "AKIDEXAMPLE"
secret_access_key = "correct-secret"
'''


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """signed(key, secret, **more) of a server that checks signatures."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "lapwing.toml").write_text(CONFIG)
    with serving(folder / "data", "--auth", "verify", "--config", folder / "lapwing.toml") as at:
        def signed(key="AKIDEXAMPLE", secret="correct-secret", region="us-east-1", token=None,
                   service="lambda"):
            return boto3.client(service, endpoint_url=at, region_name=region,
                                aws_access_key_id=key, aws_secret_access_key=secret,
                                aws_session_token=token, config=Config(
                                    retries={"max_attempts": 0}))
        signed.endpoint = at
        yield signed


def denied(call, code, word):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403, answer
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert word in answer["Error"]["Message"], answer["Error"]


def test_signatures(verified):
    assert "Functions" in verified().list_functions()
    denied(verified(secret="wrong").list_functions, "InvalidSignatureException",
           "The request signature we calculated does not match the signature you provided.")
    denied(verified(key="AKIDUNKNOWN").list_functions, "UnrecognizedClientException",
           "The security token included in the request is invalid")
    denied(verified(token="made up").list_functions, "UnrecognizedClientException",
           "The security token included in the request is invalid")
    assert "Functions" in verified().list_functions()


def test_unsigned_and_half_signed(verified):
    for headers, code in (
            ((), "MissingAuthenticationTokenException"),
            (("Authorization: Bearer x",), None),
            (("Authorization: AWS4-HMAC-SHA256 Credential=x",), "IncompleteSignatureException")):
        answer = Raw(verified.endpoint).send(head(f"GET {FUNCTIONS} HTTP/1.1", "Host: localhost",
                                                  *headers)).answer()
        assert answer and answer[0] in (400, 403), answer
        assert code is None or code in answer[1] + answer[2].decode(), answer


def test_old_signature(verified):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import datetime
    import requests
    request = AWSRequest("GET", verified.endpoint + FUNCTIONS)
    SigV4Auth(Credentials("AKIDEXAMPLE", "correct-secret"), "lambda", "us-east-1").add_auth(request)
    assert requests.get(request.url, headers=dict(request.headers), timeout=30).status_code == 200
    old = AWSRequest("GET", verified.endpoint + FUNCTIONS)
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "correct-secret"), "lambda", "us-east-1")
    when = (datetime.datetime.now(datetime.timezone.utc)
            - datetime.timedelta(minutes=20)).strftime("%Y%m%dT%H%M%SZ")
    old.context["timestamp"] = when
    old.headers["X-Amz-Date"] = when
    canonical = signer.canonical_request(old)
    signature = signer.signature(signer.string_to_sign(old, canonical), old)
    signer._inject_signature_to_request(old, signature)
    answer = requests.get(old.url, headers=dict(old.headers), timeout=30)
    assert answer.status_code == 403, answer.text
    assert "Signature expired" in answer.text


def test_changed_body(verified):
    """A body other than the signed one."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import requests
    url = f"{verified.endpoint}{FUNCTIONS}/x/invocations"
    request = AWSRequest("POST", url, data=b'{"a":1}')
    SigV4Auth(Credentials("AKIDEXAMPLE", "correct-secret"), "lambda", "us-east-1").add_auth(request)
    answer = requests.post(url, data=b'{"a":2}', headers=dict(request.headers), timeout=30)
    assert answer.status_code == 403 and "InvalidSignatureException" in \
        answer.headers.get("x-amzn-ErrorType", "") + answer.text


def test_functions_credentials_work(verified):
    """With signatures checked, a function's own credentials still are good ones."""
    lam = verified()
    source = '''
import datetime, hashlib, hmac, os, urllib.request

def handler(event, context):
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    base = os.environ["AWS_ENDPOINT_URL"]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = now[:8] + "/us-east-1/sts/aws4_request"
    token = os.environ["AWS_SESSION_TOKEN"]
    host = base.split("//")[1]
    names = "host;x-amz-date;x-amz-security-token"
    canonical = "\\n".join(["POST", "/", "", "host:" + host, "x-amz-date:" + now,
                           "x-amz-security-token:" + token, "", names,
                           hashlib.sha256(body).hexdigest()])
    to_sign = "\\n".join(["AWS4-HMAC-SHA256", now, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for part in (now[:8], "us-east-1", "sts", "aws4_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    request = urllib.request.Request(base + "/", data=body, headers={
        "X-Amz-Date": now, "X-Amz-Security-Token": token,
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"] + "/"
        + scope + ", SignedHeaders=" + names + ", Signature=" + key.hex()})
    return urllib.request.urlopen(request).read().decode()
'''
    lam.create_function(FunctionName="caller", Runtime="python3.11", Role=ROLE,
                        Handler="app.handler", Code={"ZipFile": package({"app.py": source})},
                        Timeout=20)
    lam.get_waiter("function_active_v2").wait(FunctionName="caller", WaiterConfig={"Delay": 0.05})
    answer = json.loads(lam.invoke(FunctionName="caller")["Payload"].read())
    assert "assumed-role/lambda-ex/caller" in answer, answer

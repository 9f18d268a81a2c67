"""Input nobody should send, made from botocore's model: each constraint of each operation broken
alone and all together, wrong types, unknown members, hostile forms. Refused in words, never a 500,
and nothing is stored."""
import gzip
import http.client
import json
import pathlib
import urllib.parse

import botocore
import pytest

pytestmark = pytest.mark.lapwing
TRUST = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}})
NOT_LISTED = "\x01"  # in no pattern's characters


def model():
    path = pathlib.Path(botocore.__file__).parent / "data/iam/2010-05-08/service-2.json"
    if path.exists():
        return json.loads(path.read_text())
    return json.loads(gzip.open(str(path) + ".gz").read())


MODEL = model()
SHAPES = MODEL["shapes"]


def good(name):
    """Fields (below a member's path) of a value that the shape takes."""
    shape = SHAPES[name]
    kind = shape["type"]
    if kind == "structure":
        return {f".{member}{below}": value
                for member in shape.get("required", [])
                for below, value in good(shape["members"][member]["shape"]).items()}
    if kind == "list":
        return {f".member.1{below}": value
                for below, value in good(shape["member"]["shape"]).items()}
    if kind == "map":
        return {}
    if "enum" in shape:
        return {"": shape["enum"][0]}
    if kind == "string":
        if name == "policyDocumentType":
            return {"": TRUST}
        if "arn" in name.lower():
            return {"": "arn:aws:iam::aws:policy/AdministratorAccess"}
        return {"": "a" * max(shape.get("min", 1), 1)}
    return {"": {"boolean": "true", "integer": str(shape.get("min", 1)),
                 "timestamp": "2024-01-01T00:00:00Z"}.get(kind, "eA==")}


def bad(name, path=""):
    """(path, value) of every way to break one constraint below this shape."""
    shape = SHAPES[name]
    kind = shape["type"]
    if kind == "structure":
        for member, to in shape.get("members", {}).items():
            yield from bad(to["shape"], f"{path}.{member}" if path else member)
    elif kind == "list":
        yield from bad(shape["member"]["shape"], path + ".member.1")
    elif kind == "string":
        if "enum" in shape:
            yield path, "nothing of the sort"
        if shape.get("min", 0) > 0 and "enum" not in shape:
            yield path, ""
        if "max" in shape:
            yield path, "a" * (shape["max"] + 1)
        if "pattern" in shape:
            yield path, NOT_LISTED
    elif kind == "integer":
        yield path, "many"
        if "min" in shape:
            yield path, str(shape["min"] - 1)
        if "max" in shape:
            yield path, str(shape["max"] + 1)
    elif kind == "boolean":
        yield path, "perhaps"
    elif kind == "timestamp":
        yield path, "yesterday"


class Form:
    def __init__(self, endpoint):
        self.address = endpoint.split("//", 1)[1]
        self.connection = None

    def raw(self, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=60)
        self.connection.request("POST", "/", body=body, headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/iam/aws4_request,"
                             " SignedHeaders=host, Signature=" + "0" * 64})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.getheader("Connection") == "close":
            self.connection.close()
            self.connection = None
        return answer.status, text

    def send(self, operation, fields):
        return self.raw(urllib.parse.urlencode(
            {"Action": operation, "Version": "2010-05-08", **fields}).encode())


@pytest.fixture(scope="module")
def form(endpoint):
    return Form(endpoint)


def stored(client):
    iam = client("iam")
    return [iam.list_roles()["Roles"], iam.list_users()["Users"], iam.list_groups()["Groups"],
            iam.list_policies(Scope="Local")["Policies"], iam.list_account_aliases()["AccountAliases"],
            iam.list_instance_profiles()["InstanceProfiles"],
            iam.list_virtual_mfa_devices()["VirtualMFADevices"],
            iam.list_saml_providers()["SAMLProviderList"],
            iam.list_server_certificates()["ServerCertificateMetadataList"]]


@pytest.mark.parametrize("operation", sorted(MODEL["operations"]))
def test_every_constraint(client, form, operation):
    before = stored(client)
    shape = MODEL["operations"][operation].get("input", {}).get("shape")
    if shape is None:
        return
    base = {path.lstrip("."): value for path, value in good(shape).items()}
    everything = {}
    for path, value in bad(shape):
        everything[path] = value
        status, text = form.send(operation, {**base, path: value})
        assert 400 <= status < 500 or status == 501, (path, value[:40], status, text)
        assert b"<Message>" in text and b"<Code>Internal" not in text, text
    if everything:
        status, text = form.send(operation, everything)
        assert 400 <= status < 500 or status == 501, (status, text)
    if SHAPES[shape].get("required"):
        status, text = form.send(operation, {})
        assert status in (400, 501), (status, text)
    assert stored(client) == before


@pytest.mark.parametrize("body", [
    b"Action=CreateUser&Version=2010-05-08&UserName=%ff%fe",
    b"Action=CreateUser&Version=2010-05-08&UserName=%zz",
    b"Action=CreateUser&Version=2010-05-08&UserName.member.1=a",
    b"Action=TagUser&Version=2010-05-08&UserName=a&Tags.member.99999999999999999999.Key=a",
    b"Action=TagUser&Version=2010-05-08&UserName=a&Tags.member.0.Key=a&Tags.member.-1.Key=b",
    b"Action=TagUser&Version=2010-05-08&UserName=a&Tags=a",
    b"Action=CreateUser&Version=2010-05-08&UserName=" + b"a" * 10_000_000,
    b"Action=CreateUser&Version=2010-05-08&" + b"&".join(b"x%d=y" % i for i in range(100_000)),
    b"Action=CreateUser&Version=2010-05-08" + b".member.1" * 50_000 + b"=a",
    b"Action=NoSuchThing&Version=2010-05-08", b"Version=2010-05-08", b"", b"\0" * 100, b"&&&&",
    b"Action=CreateRole&Version=2010-05-08&RoleName=a&AssumeRolePolicyDocument=" + b"[" * 100_000,
    b"Action=CreateRole&Version=2010-05-08&RoleName=a&AssumeRolePolicyDocument=" + b'{"a":' * 20_000,
], ids=range(16))
def test_hostile_forms(client, form, body):
    before = stored(client)
    status, text = form.raw(body)
    assert 400 <= status < 500 or status == 501, (status, text[:500])
    assert text
    assert stored(client) == before

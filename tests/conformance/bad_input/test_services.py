"""Bodies that no client sends, to each operation of each service, over the wire: no JSON, no form, no
UTF-8, nesting without end, 10 MB. What breaks single constraints of the models is sent in process
(src/hosting/testing/bad_input.hpp). Refused in the protocol's words, never a 500, never silence, and
the next request is answered."""
import http.client
import json
import pathlib

import pytest
from botocore.loaders import Loader

pytestmark = pytest.mark.lapwing
ROOT = pathlib.Path(__file__).resolve().parents[3]
# A service, and a read of it that says what it holds.
SERVICES = {
    "sqs": "list_queues",
    "ec2": "describe_vpcs",
    "events": "list_event_buses",
    "iam": "get_account_summary",
    "logs": "describe_log_groups",
    "pipes": "list_pipes",
    "scheduler": "list_schedules",
    "schemas": "list_registries",
    "sns": "list_topics",
    "sts": "get_caller_identity",
}
MODELS = {name: Loader().load_service_model(name, "service-2") for name in SERVICES}
# Of its hundreds of operations those that are built, and one that is not.
EC2 = set((ROOT / "models" / "ec2.built").read_text().split()) | {"RunInstances"}
MODELS["ec2"]["operations"] = {name: operation for name, operation in
                               MODELS["ec2"]["operations"].items() if name in EC2}
DEEP = 100_000
JSON_BODIES = [
    b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b'{"x":"\xed\xa0\x80"}', b"{}" * 2, b"\0" * 100,
    b"[" * DEEP, b'{"x":' * DEEP, b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"x":"' + b"x" * 900_000 + b'"}',
]
FORMS = [
    b"x=%ff%fe", b"x=%zz", b"&&&&=&", b"\0" * 100, b"x.member.99999999999999999999.Key=a",
    b"x.member.0.Key=a&x.member.-1.Key=b", b"x" + b".member.1" * 50_000 + b"=a",
    b"&".join(b"x%d=y" % number for number in range(60_000)), b"x=" + b"x" * 900_000,
    b"PolicyDocument=" + b"[" * DEEP,
]
HUGE = 10_000_000


class Wire:
    def __init__(self, endpoint):
        self.address = endpoint.split("//", 1)[1]
        self.connection = None

    def post(self, service, headers, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            self.connection.request("POST", "/", body=body, headers={
                **headers, "Authorization":
                f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, "
                "SignedHeaders=host, Signature=" + "0" * 64})
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was read; the answer is there
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.getheader("Connection") == "close":
            self.connection.close()
            self.connection = None
        return answer.status, text


@pytest.fixture(scope="module")
def wire(endpoint):
    return Wire(endpoint)


def requests_of(service, operation):
    """(headers, body) of every hostile request to it, in each protocol of the service."""
    about = MODELS[service]["metadata"]
    spoken = about.get("protocols", [about["protocol"]])
    huge = operation in sorted(MODELS[service]["operations"])[:2]
    if "json" in spoken:
        headers = {"Content-Type": "application/x-amz-json-" + about["jsonVersion"],
                   "X-Amz-Target": f"{about['targetPrefix']}.{operation}"}
        yield from ((headers, body) for body in JSON_BODIES)
        if huge:
            yield headers, b'{"x":"' + b"x" * HUGE + b'"}'
    if "query" in spoken or "ec2" in spoken:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        start = f"Action={operation}&Version={about['apiVersion']}&".encode()
        yield from ((headers, start + body) for body in FORMS)
        if huge:
            yield headers, start + b"x=" + b"x" * HUGE


def held(client, service):
    return {key: value for key, value in getattr(client(service), SERVICES[service])().items()
            if key != "ResponseMetadata"}


@pytest.mark.parametrize("service, operation", [
    (service, operation) for service, model in MODELS.items()
    for operation in sorted(model["operations"])])
def test_hostile_bodies(client, wire, service, operation):
    for headers, body in requests_of(service, operation):
        status, text = wire.post(service, headers, body)
        assert status < 500 or status == 501, (body[:60], len(body), status, text[:300])
        if status >= 400:
            assert text, (body[:60], status)
            if "json" in headers["Content-Type"]:
                assert "__type" in json.loads(text), text[:300]
            else:
                assert b"<Code>" in text or b"UnknownOperation" in text, text[:300]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_nothing_was_made_of_them(client, wire, service):
    before = held(client, service)
    for operation in sorted(MODELS[service]["operations"]):
        if not operation.startswith(("Create", "Put", "Add", "Tag", "Attach", "Set", "Update")):
            continue
        for headers, body in requests_of(service, operation):
            if len(body) < 1000:
                wire.post(service, headers, body)
    assert held(client, service) == before

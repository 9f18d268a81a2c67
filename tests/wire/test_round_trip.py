"""botocore's serializers and parsers on one side, Lapwing's protocol engines on the other.

For every operation of every service whose protocol is built: what botocore writes is read
back to the same input, and what Lapwing writes is parsed to the same output. botocore is
given models/ in place of its own data, so its version does not matter.
"""
import base64
import datetime
import json
import os
import pathlib
import subprocess
import urllib.parse

import pytest
from botocore import parsers, serialize
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("LAPWING_BINARY", ROOT / "build/release/lapwing"))
HARNESS = BINARY.parent / "src/aws/lapwing_wire_harness"
WHEN = datetime.datetime(2014, 4, 29, 18, 30, 38, tzinfo=datetime.timezone.utc)
# Of each service with a model here.
PROTOCOLS = {path.stem: [json.loads(path.read_text())["metadata"]["protocol"]]
             for path in sorted((ROOT / "models").glob("*.json")) if "package" not in path.name}
PROTOCOLS["sqs"].append("query")
CBOR = "smithy-rpc-v2-cbor"
# No service here speaks it yet; its engine is held to what those of JSON exchange.
for spoken in PROTOCOLS.values():
    if "json" in spoken:
        spoken.append(CBOR)
# Read without routing: S3's operations are told apart by members, which comes with the service.
UNROUTED = (CBOR, "rest-xml")
# Two members of one name on the wire, in operations that only the oldest clients send; and a member
# that botocore puts into the host's name.
NOT_TRIED = {"GetBucketNotification", "PutBucketNotification", "WriteGetObjectResponse"}


def overlay(service):
    path = ROOT / "models/overlay" / f"{service}.json"
    return json.loads(path.read_text()) if path.exists() else []


def load_model(service, protocol):
    raw = json.loads((ROOT / "models" / f"{service}.json").read_text())
    for name, operation in raw["operations"].items():
        http = {"method": operation.pop("method"), "requestUri": operation.pop("uri")}
        if "status" in operation:
            http["responseCode"] = operation.pop("status")
        operation["errors"] = [{"shape": error} for error in operation.get("errors", [])]
        operation.update(name=name, http=http)
        if protocol == "query" and "output" in operation:
            operation["output"].setdefault("resultWrapper", f"{name}Result")
    if protocol not in (raw["metadata"]["protocol"], CBOR):
        apply_historic_names(raw, service)
    return ServiceModel(raw, service)


def apply_historic_names(raw, service):
    for entry in overlay(service):
        name, change = entry["at"].partition(" ")[2], entry["set"]
        if "queryName" in change:
            shape, member = name.split(".")
            raw["shapes"][shape]["members"][member]["locationName"] = change["queryName"]
        elif {"member", "key"} & change.keys():
            raw["shapes"][name].update(change)


MODELS = {(service, protocol): load_model(service, protocol)
          for service, protocols in PROTOCOLS.items() for protocol in protocols}
CASES = [(service, protocol, name) for service, protocol in MODELS
         for name in sorted(set(MODELS[service, protocol].operation_names) - NOT_TRIED)]


# Error codes from before the move to json, which query clients and x-amzn-query-error carry.
HISTORIC = {service: {entry["set"]["error"]["code"]: entry["set"]["error"]["queryCode"]
                      for entry in overlay(service) if "error" in entry["set"]}
            for service in PROTOCOLS}
# Errors whose text is another one in query.
QUERY_WORDS = {error["code"]: error["queryMessage"] for service in PROTOCOLS
               for entry in overlay(service) for error in [entry["set"].get("error", {})]
               if "queryMessage" in error}


class Harness:
    def __init__(self):
        self.process = subprocess.Popen([str(HARNESS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def harness():
    subject = Harness()
    yield subject
    subject.process.stdin.close()
    assert subject.process.wait(timeout=10) == 0


def sample(shape, depth=0, name="x", header=False):
    """A value with something in every member, two levels into recursive shapes."""
    kind = shape.type_name
    if kind == "structure":
        out = {}
        members = list(shape.members.items())
        if getattr(shape, "is_tagged_union", False):
            members = members[:1]
        for member, target in members:
            place = target.serialization.get("location")
            if depth > 4 and target.type_name in ("structure", "list", "map"):
                continue
            value = sample(target, depth + 1, member, place in ("header", "headers"))
            out[member] = value
        return out
    if kind == "list":
        return [sample(shape.member, depth + 1, f"{name}{i}", header) for i in (1, 2)]
    if kind == "map":
        keys = shape.key.enum[:2] or ["k1", "k2"]
        return {key: sample(shape.value, depth + 1, key, header) for key in keys}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return f"{name} value" if header else f"{name} <&\"é/+=%: value"
    if kind == "blob":
        return b"\x00\x01bytes\xff"
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return WHEN
    return {"integer": 7, "long": 1 << 40, "float": 1.5, "double": -0.25}[kind]


def jsonable(shape, value):
    """As the harness spells values."""
    kind = shape.type_name
    if kind == "structure":
        return {k: jsonable(shape.members[k], v) for k, v in value.items()}
    if kind == "list":
        return [jsonable(shape.member, v) for v in value]
    if kind == "map":
        return {k: jsonable(shape.value, v) for k, v in value.items()}
    if kind == "blob":
        raw = value.encode() if isinstance(value, str) else value
        return base64.b64encode(raw).decode()
    if kind == "timestamp":
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def our_protocol(service, protocol):
    if protocol == CBOR:
        return "rpc-v2-cbor"
    if protocol != "json":
        return protocol
    return f"json-{MODELS[service, protocol].metadata['jsonVersion']}"


@pytest.mark.parametrize("service,protocol,name", CASES)
def test_input(harness, service, protocol, name):
    model = MODELS[service, protocol]
    operation = model.operation_model(name)
    shape = operation.input_shape
    if operation.has_event_stream_input:
        pytest.skip("an event stream is no single document")
    params = sample(shape) if shape is not None else {}
    serializer = serialize.create_serializer(protocol, include_validation=False)
    request = serializer.serialize_to_request(dict(params), operation)
    body = request["body"]
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body, doseq=True)
    body = body.encode() if isinstance(body, str) else bytes(body or b"")
    path, _, constant = request["url_path"].partition("?")
    query = request["query_string"]
    if isinstance(query, dict):
        query = urllib.parse.urlencode(query, doseq=True)
    query = "&".join(part for part in (constant, query) if part)
    headers = {k: v.decode() if isinstance(v, bytes) else str(v)
               for k, v in request["headers"].items()}
    unrouted = {"service": service, "operation": name,
                "protocol": our_protocol(service, protocol)}
    answer = harness.ask(**(unrouted if protocol in UNROUTED else {}), do="read", method=request["method"], path=path, query=query,
                         headers=headers, body=base64.b64encode(body).decode(),
                         scope=model.signing_name)
    assert "code" not in answer, answer
    assert (answer["service"], answer["operation"]) == (service, name)
    assert answer["protocol"] == our_protocol(service, protocol)
    expected = jsonable(shape, params) if shape is not None else {}
    assert answer["input"] == expected


def response_of(answer):
    return {"status_code": answer["status"], "body": base64.b64decode(answer["body"]),
            "headers": HeadersDict(answer["headers"]), "context": {}}


@pytest.mark.parametrize("service,protocol,name", CASES)
def test_output(harness, service, protocol, name):
    model = MODELS[service, protocol]
    operation = model.operation_model(name)
    shape = operation.output_shape
    if operation.has_event_stream_output:
        pytest.skip("an event stream is no single document")
    value = sample(shape) if shape is not None else {}
    if shape is not None:
        for member, target in shape.members.items():
            if target.serialization.get("location") == "statusCode":
                value[member] = 202
            elif member == shape.serialization.get("payload") and target.type_name == "blob":
                value[member] = b"text"  # botocore decodes these
    answer = harness.ask(do="write", service=service, operation=name,
                         protocol=our_protocol(service, protocol),
                         output=jsonable(shape, value) if shape is not None else {})
    parser = parsers.create_parser(protocol)
    parsed = parser.parse(response_of(answer), shape)
    metadata = parsed.pop("ResponseMetadata")
    if shape is not None or protocol != CBOR:  # which botocore does not ask where nothing is said
        assert metadata["RequestId"] == "req-1"
    if shape is None:
        assert parsed == {}
    else:
        assert jsonable(shape, parsed) == jsonable(shape, value)


@pytest.mark.parametrize("service,protocol", sorted({(s, p) for s, p, _ in CASES}))
def test_errors(harness, service, protocol):
    model = MODELS[service, protocol]
    codes = {shape.error_code for name in model.shape_names
             for shape in [model.shape_for(name)] if shape.metadata.get("exception")}
    for code in sorted(codes | {"SomethingElse"}):
        answer = harness.ask(do="error", service=service, code=code, message="words <&>",
                             protocol=our_protocol(service, protocol))
        assert answer["status"] >= 400
        parsed = parsers.create_parser(protocol).parse(response_of(answer), None)
        historic = HISTORIC.get(service, {}).get(code, code)
        assert parsed["Error"]["Code"] == (historic if service == "sqs" else code)
        words = QUERY_WORDS.get(code, "words <&>") if protocol == "query" else "words <&>"
        assert parsed["Error"]["Message"] == words
        assert parsed["ResponseMetadata"]["RequestId"] == "req-1"

"""Every public protocol case against the engines: requests are read, answers and errors written.

What a request says is compared with the case's parameters; what is written, with the case's own
answer (documents by what they say, not by their white space) and, parsed by botocore, with its
result. Cases and checks that do not apply are named below with their reasons; nothing else is left
out, and a name that no case bears fails.
"""
import base64
import datetime
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import protocol_cases
import pytest
from botocore import parsers
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel
from test_round_trip import Harness

INPUTS = protocol_cases.cases("input")
OUTPUTS = protocol_cases.cases("output")
pytestmark = pytest.mark.skipif(
    not INPUTS, reason=f"no protocol cases in {protocol_cases.FOLDER} (tests/prepare.sh)")

# Requests that are not read back to their parameters: the case's id, and why.
def because(reason: str, *ids: str) -> dict:
    return dict.fromkeys(ids, reason)


DOCUMENTS = "a member of type document, which no service in models/ has"
JSON_VALUE = "a header of JSON in base64 (jsonvalue), which no service in models/ has"
INPUTS_LEFT_OUT = {
    **because("the client made the token up, which is not among its parameters",
              "QueryIdempotencyTokenAutoFill", "RestJsonQueryIdempotencyTokenAutoFill",
              "QueryProtocolIdempotencyTokenAutoFill", "Ec2ProtocolIdempotencyTokenAutoFill"),
    **because("a compressed body, which the case does not have",
              "SDKAppliedContentEncoding_restXml", "SDKAppendedGzipAfterProvidedEncoding_restXml",
              "SDKAppliedContentEncoding_ec2Query", "SDKAppliedContentEncoding_awsQuery",
              "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query",
              "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery",
              "SDKAppliedContentEncoding_awsJson1_1", "SDKAppliedContentEncoding_awsJson1_0",
              "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1",
              "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0",
              "SDKAppliedContentEncoding_restJson1",
              "SDKAppendedGzipAfterProvidedEncoding_restJson1"),
    **because("the client sends nothing of an empty list or map", "Ec2EmptyQueryLists",
              "QueryEmptyQueryMaps", "RestJsonOmitsEmptyListQueryValues"),
    **because("the client sends an empty document where the member is absent",
              "RestJsonHttpWithEmptyStructurePayload", "RestJsonHttpWithHeadersButNoPayload"),
    **because(DOCUMENTS, "PutAndGetInlineDocumentsInput", "DocumentTypeInputWithObject",
              "DocumentInputWithString", "DocumentInputWithNumber", "DocumentInputWithBoolean",
              "DocumentInputWithList", "DocumentTypeAsMapValueInput",
              "DocumentTypeAsPayloadInput", "DocumentTypeAsPayloadInputString"),
    **because(JSON_VALUE, "MediaTypeHeaderInputBase64"),
}
OUTPUTS_LEFT_OUT = {
    **because(DOCUMENTS, "PutAndGetInlineDocumentsInput", "DocumentOutput",
              "DocumentOutputString", "DocumentOutputNumber", "DocumentOutputBoolean",
              "DocumentOutputArray", "DocumentTypeAsMapValueOutput",
              "DocumentTypeAsPayloadOutput", "DocumentTypeAsPayloadOutputString"),
    **because(JSON_VALUE, "MediaTypeHeaderOutputBase64"),
}
# Answers that a client has to read, while a server writes them as it likes: what ours say is
# compared, not how.
OUTPUTS_BY_MEANING = {
    **because("times of other zones", *[f"{prefix}DateTimeWith{sign}Offset"
              for prefix in ("RestXml", "RestJson", "Ec2Query", "AwsQuery", "AwsJson11")
              for sign in ("Negative", "Positive")]),
    **because("text between elements", "SimpleScalarPropertiesWithXMLPreamble"),
    **because("a type without a body", "RestXmlHttpResponseCode", "NoOutputClientAllowsEmptyCbor",
              "NoOutputClientAllowsEmptyBody"),
    **because("an empty body for an empty document, or one for none", "empty_output_no_body",
              "RpcV2CborPayloadWithUnsetUnion", "handles_empty_output_shape",
              "AwsJson10HandlesEmptyOutputShape", "RestJsonGreetingWithErrorsNoPayload",
              "RestJsonHttpPayloadWithUnsetUnion", "RestJsonHttpResponseCodeWithNoPayload",
              "RestJsonIgnoreQueryParamsInResponseNoPayload", "RestJsonNoInputAndOutputNoPayload",
              "RestJsonEmptyInputAndEmptyOutputJsonObjectOutput"),
    **because("members that the output does not have", "handles_unexpected_json_output",
              "AwsJson10HandlesUnexpectedJsonOutput", "AwsJson11DeserializeIgnoreType",
              "AwsJson10DeserializeIgnoreType", "RestJsonDeserializeIgnoreType",
              "RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients"),
    **because("members and elements that are null",
              "AwsJson11StructuresDontDeserializeNullValues", "AwsJson10DeserializeAllowNulls",
              "RestJsonDoesntDeserializeNullStructureValues",
              "RestJsonDeserializesDenseSetMapAndSkipsNull"),
    **because("a type without its character set", "Ec2XmlEmptyLists"),
    **because("a header that requests have", "AwsJson11IntEnums"),
    **because("an id of its own", "parses_the_request_id_from_the_response"),
}
# Errors whose status in botocore's form of the model is that of query, which this is not.
OTHER_STATUS = {"QueryCompatibleRpcV2CborCustomCodeError",
                "QueryCompatibleAwsJson10CustomCodeError"}
# What botocore's own tests leave out, as it does not read it, and a map that takes every header: our
# answers are compared with the case's, and not given to it.
BOTOCORE_CANNOT = protocol_cases.left_out_by_botocore() | {"HttpPrefixHeadersResponse"}


@pytest.fixture(scope="module")
def harness():
    subject = Harness()
    yield subject
    subject.process.stdin.close()
    assert subject.process.wait(timeout=10) == 0


def named(case) -> str:
    return f"{case.file}-{case.id}"


# ---- values

def plain(case, name: str, value):
    """A value of the case as the harness spells it; absent members left out."""
    shape = case.shapes[name]
    kind = shape["type"]
    if value is None:
        return None
    if kind == "structure":
        return {key: plain(case, shape["members"][key]["shape"], one)
                for key, one in value.items() if one is not None}
    if kind == "list":
        return [plain(case, shape["member"]["shape"], one) for one in value]
    if kind == "map":
        return {key: plain(case, shape["value"]["shape"], one) for key, one in value.items()}
    if kind == "blob":
        return base64.b64encode(value.encode()).decode()
    if kind == "timestamp":
        when = datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        text = when.strftime("%Y-%m-%dT%H:%M:%S")
        return text + (f".{when.microsecond // 1000:03}Z" if when.microsecond else "Z")
    if kind in ("float", "double") and not isinstance(value, str):
        return float(value)
    return value


def parsed(value):
    """What botocore has parsed, in the case's own spelling."""
    if isinstance(value, dict):
        return {key: parsed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [parsed(one) for one in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


# ---- requests

@pytest.mark.parametrize("case", INPUTS, ids=named)
def test_request(harness, case):
    if case.id in INPUTS_LEFT_OUT:
        pytest.skip(INPUTS_LEFT_OUT[case.id])
    said = case.case["serialized"]
    harness.ask(**protocol_cases.loaded(case))
    body = said.get("body", "")
    raw = base64.b64decode(body) if case.protocol == "rpc-v2-cbor" else body.encode()
    path, _, query = said["uri"].partition("?")
    answer = harness.ask(do="read", service="case", operation=case.name, protocol=case.protocol,
                         method=said.get("method", "POST"), path=path, query=query,
                         headers=said.get("headers", {}), body=base64.b64encode(raw).decode())
    assert "code" not in answer, answer
    shape = case.given.get("input", {}).get("shape")
    wanted = plain(case, shape, case.case["params"]) if shape else {}
    assert sent(case, shape, answer["input"]) == sent(case, shape, wanted)


def sent(case, name, value: dict) -> dict:
    """Without what nothing can be seen of: empty maps in headers and queries; and without what a map
    bound to the query shares with members that are bound to a name of it."""
    members = case.shapes[name]["members"] if name else {}
    bound = {member.get("locationName") for member in members.values()
             if member.get("location") == "querystring"}
    out = {}
    for key, one in value.items():
        place = members[key].get("location")
        if place == "querystring" and isinstance(one, dict):
            one = {name: held for name, held in one.items() if name not in bound}
        if one != {} or place not in ("headers", "querystring"):
            out[key] = one
    return out


# ---- answers

def document(case, body: bytes):
    """What a body says, whatever its white space."""
    if not body:
        return None
    if case.protocol == "rpc-v2-cbor":
        parser = parsers.RpcV2CBORParser()
        return parsed(parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)))
    try:
        if "json" in case.protocol:
            return json.loads(body)
        return element(ElementTree.fromstring(ElementTree.canonicalize(body.decode(),
                                                                      strip_text=True)))
    except (ValueError, ElementTree.ParseError):
        return body


REQUEST_IDS = ("ResponseMetadata", "requestId", "RequestId", "RequestID")


def element(one) -> tuple:
    """Members come in any order, what repeats in its own; the request's id is another one."""
    children = [element(child) for child in one if child.tag.rpartition("}")[2] not in REQUEST_IDS]
    return one.tag, one.attrib, one.text or "", sorted(children, key=lambda child: child[0])


def wanted_body(case) -> bytes:
    body = case.case["response"].get("body", "")
    return base64.b64decode(body) if case.protocol == "rpc-v2-cbor" else body.encode()


def written(answer: dict) -> dict:
    return {"status_code": answer["status"], "body": base64.b64decode(answer["body"]),
            "headers": HeadersDict(answer["headers"]), "context": {"operation_name": "x"}}


def parse(case, response: dict, shape):
    parser = parsers.create_parser(case.metadata["protocol"])
    out = parser.parse(response, shape)
    out.pop("ResponseMetadata", None)
    return out


@pytest.mark.parametrize("case", [one for one in OUTPUTS if "error" not in one.case], ids=named)
def test_answer(harness, case):
    if case.id in OUTPUTS_LEFT_OUT:
        pytest.skip(OUTPUTS_LEFT_OUT[case.id])
    harness.ask(**protocol_cases.loaded(case))
    name = case.given.get("output", {}).get("shape")
    result = case.case["result"]
    answer = harness.ask(do="write", service="case", operation=case.name, protocol=case.protocol,
                         output=plain(case, name, result) if name else {})
    response = written(answer)
    model = ServiceModel(case.botocore())
    shape = model.operation_model(case.name).output_shape
    if shape is not None and case.protocol == "query":
        shape.serialization["resultWrapper"] = f"{case.name}Result"
    if shape is not None and case.id not in BOTOCORE_CANNOT:
        assert parsed(parse(case, response, shape)) == dropped(result)
    wanted = case.case["response"]
    assert answer["status"] == wanted.get("status_code", 200)
    if case.id in OUTPUTS_BY_MEANING:
        return
    for header, value in wanted.get("headers", {}).items():
        if header != "Content-Length":  # http/'s
            assert response["headers"].get(header) == value, header
    if "body" in wanted:
        assert document(case, response["body"]) == document(case, wanted_body(case))


def dropped(value):
    if isinstance(value, dict):
        return {key: dropped(one) for key, one in value.items() if one is not None}
    return value


@pytest.mark.parametrize("case", [one for one in OUTPUTS if "error" in one.case], ids=named)
def test_error(harness, case):
    if case.id in OUTPUTS_LEFT_OUT:
        pytest.skip(OUTPUTS_LEFT_OUT[case.id])
    harness.ask(**protocol_cases.loaded(case))
    name = case.given["errors"][0]["shape"]
    members = {key: value for key, value in case.case["error"].items()
               if key.lower() != "message" and isinstance(value, str)}
    code = case.case.get("errorCode", name)
    answer = harness.ask(do="error", service="case", code=name, protocol=case.protocol,
                         message=case.case.get("errorMessage", ""), fields=members)
    if case.id not in OTHER_STATUS:
        assert answer["status"] == case.case["response"].get("status_code")
    response = written(answer)
    got = parse(case, response, None)["Error"]
    assert (got["Code"], got["Message"] or "") == (code, case.case.get("errorMessage", ""))
    shape = ServiceModel(case.botocore()).shape_for(name)
    out = parsed(parse(case, response, shape)) if case.id not in BOTOCORE_CANNOT else members
    assert {key: out.get(key) for key in members} == members


# ---- the lists above

def test_what_is_left_out_exists():
    inputs = {case.id for case in INPUTS}
    outputs = {case.id for case in OUTPUTS}
    assert not set(INPUTS_LEFT_OUT) - inputs
    assert not (set(OUTPUTS_LEFT_OUT) | set(OUTPUTS_BY_MEANING) | OTHER_STATUS) - outputs

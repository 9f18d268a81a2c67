"""Versions and aliases through boto3: what they are, what they run, what is refused."""
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from waiting import eventually
from functions import package

SOURCE = '''import os
def handler(event, context):
    return {{"said": {!r}, "key": os.environ.get("KEY"), "version": context.function_version,
            "variable": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
            "arn": context.invoked_function_arn, "stream": context.log_stream_name}}
'''


def refused(code, status, message, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert re.search(message, answer["Error"]["Message"]), answer["Error"]["Message"]


@pytest.fixture(scope="module")
def told(lam):
    """told(name, **more): the answer of an invocation, the payload parsed under "body"."""
    def call(name, **more):
        answer = lam.invoke(FunctionName=name, **more)
        answer["body"] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, answer["body"]
        return answer
    return call


@pytest.fixture(scope="module")
def arn(lam, two):
    return lam.get_function_configuration(FunctionName=two)["FunctionArn"]


@pytest.fixture(scope="module")
def two(lam, deploy, waited):
    """A function with versions 1 and 2 and the aliases live (1) and next (2)."""
    name = deploy(SOURCE.format("one"), Environment={"Variables": {"KEY": "first"}})
    first = lam.publish_version(FunctionName=name, Description="the first")
    assert (first["Version"], first["State"]) == ("1", "Active")
    lam.update_function_configuration(FunctionName=name, Environment={
        "Variables": {"KEY": "second"}})
    waited(name)
    second = lam.update_function_code(FunctionName=name, Publish=True,
                                      ZipFile=package({"app.py": SOURCE.format("two")}))
    assert second["Version"] == "2" and second["State"] in ("Pending", "Active")
    lam.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier="2", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    waited(name)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lam.create_alias(FunctionName=name, Name="next", FunctionVersion="2")
    lam.update_function_code(FunctionName=name,
                             ZipFile=package({"app.py": SOURCE.format("latest")}))
    return waited(name)


@pytest.mark.parametrize("qualifier, version, said, key", [
    (None, "$LATEST", "latest", "second"), ("$LATEST", "$LATEST", "latest", "second"),
    ("1", "1", "one", "first"), ("2", "2", "two", "second"),
    ("live", "1", "one", "first"), ("next", "2", "two", "second")])
def test_invoked_by_qualifier(two, arn, told, qualifier, version, said, key):
    forms = [{"FunctionName": two, "Qualifier": qualifier},
             {"FunctionName": f"{two}:{qualifier}"}, {"FunctionName": f"{arn}:{qualifier}"},
             {"FunctionName": f"{two}:{qualifier}", "Qualifier": qualifier}] if qualifier else \
        [{"FunctionName": two}, {"FunctionName": arn}]
    for form in forms:
        answer = told(form.pop("FunctionName"), **form)
        body = answer["body"]
        assert answer["ExecutedVersion"] == version
        assert (body["said"], body["key"]) == (said, key)
        assert body["version"] == body["variable"] == version
        assert body["arn"] == (f"{arn}:{qualifier}" if qualifier else arn)
        assert f"/[{version}]" in body["stream"]


def test_qualifiers_that_lead_nowhere(lam, two, arn):
    for qualifier in ("7", "01", "gone"):
        refused("ResourceNotFoundException", 404,
                f"^Function not found: {re.escape(arn)}:{qualifier}$", lam.invoke,
                FunctionName=two, Qualifier=qualifier)
        refused("ResourceNotFoundException", 404,
                f"^Function not found: {re.escape(arn)}:{qualifier}$", lam.get_function,
                FunctionName=two, Qualifier=qualifier)
    refused("InvalidParameterValueException", 400, "^The derived qualifier from the function name "
            r"does not match the specified qualifier\.$", lam.invoke,
            FunctionName=two + ":1", Qualifier="2")


def test_an_alias_uses_the_environments_of_its_version(told, two):
    streams = {told(two, Qualifier=q)["body"]["stream"] for q in ("1", "live", "1", "live")}
    other = {told(two, Qualifier=q)["body"]["stream"] for q in ("2", "next")}
    assert not streams & other
    # One environment may still be finishing when the next request comes.
    assert eventually(lambda: told(two, Qualifier="1")["body"]["stream"] ==
                      told(two, Qualifier="live")["body"]["stream"])


def test_get_by_qualifier(lam, two, arn):
    for qualifier, version in (("1", "1"), ("live", "1"), ("next", "2"), ("$LATEST", "$LATEST")):
        about = lam.get_function(FunctionName=two, Qualifier=qualifier)["Configuration"]
        assert (about["FunctionArn"], about["Version"]) == (f"{arn}:{qualifier}", version)
        assert about["State"] == "Active"
    assert lam.get_function_configuration(FunctionName=two + ":1")["Description"] == "the first"


def test_list_versions(lam, two, arn):
    pages = list(lam.get_paginator("list_versions_by_function").paginate(
        FunctionName=two, PaginationConfig={"PageSize": 1}))
    listed = [v for page in pages for v in page["Versions"]]
    assert [v["Version"] for v in listed] == ["$LATEST", "1", "2"]
    assert [v["FunctionArn"] for v in listed] == [f"{arn}:{v}" for v in ("$LATEST", "1", "2")]
    assert all("State" not in v for v in listed)
    every = [f["FunctionArn"] for page in lam.get_paginator("list_functions").paginate(
        FunctionVersion="ALL", PaginationConfig={"PageSize": 2}) for f in page["Functions"]]
    assert [one for one in every if one.startswith(arn)] == [v["FunctionArn"] for v in listed]


def test_publish_again(lam, deploy, waited):
    name = deploy(SOURCE.format("x"))
    one = lam.publish_version(FunctionName=name, Description="kept")
    again = lam.publish_version(FunctionName=name, Description="not taken")
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (again["Version"], again["Description"], again["RevisionId"]) == \
        ("1", "kept", one["RevisionId"])
    refused("InvalidParameterValueException", 400, r"^CodeSHA256 \(x\) is different from current "
            r"CodeSHA256 in \$LATEST \(", lam.publish_version, FunctionName=name, CodeSha256="x")
    refused("PreconditionFailedException", 412, "^The Revision Id provided does not match",
            lam.publish_version, FunctionName=name, RevisionId=one["RevisionId"])
    latest = lam.get_function_configuration(FunctionName=name)
    lam.update_function_configuration(FunctionName=name, Timeout=11,
                                      RevisionId=latest["RevisionId"])
    waited(name)
    assert lam.publish_version(FunctionName=name, CodeSha256=latest["CodeSha256"])["Version"] == "2"


def test_published_at_once(lam, deploy):
    name = deploy(SOURCE.format("x"))

    def publish(_):
        try:
            return lam.publish_version(FunctionName=name)["Version"]
        except lam.exceptions.ResourceConflictException:  # AWS does one at a time
            return "1"
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(publish, range(8))) == {"1"}
    assert len(lam.list_versions_by_function(FunctionName=name)["Versions"]) == 2


def test_delete_a_version(lam, deploy, told, waited):
    name = deploy(SOURCE.format("x"), Publish=True)
    lam.update_function_configuration(FunctionName=name, Timeout=11)
    waited(name)
    lam.publish_version(FunctionName=name)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert told(name, Qualifier="1")["body"]["said"] == "x"
    refused("ResourceConflictException", 409, r"^Unable to delete version because the following "
            r"aliases reference it: \[live\]$", lam.delete_function, FunctionName=name,
            Qualifier="1")
    refused("InvalidParameterValueException", 400, r"^\$LATEST version cannot be deleted without "
            r"deleting the function\.$", lam.delete_function, FunctionName=name,
            Qualifier="$LATEST")
    lam.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    gone = lam.delete_function(FunctionName=name, Qualifier="1")
    assert gone["ResponseMetadata"]["HTTPStatusCode"] in (200, 204)
    refused("ResourceNotFoundException", 404, ":1$", lam.invoke, FunctionName=name, Qualifier="1")
    assert told(name, Qualifier="live")["ExecutedVersion"] == "2"
    lam.update_function_configuration(FunctionName=name, Timeout=12)
    waited(name)
    assert lam.publish_version(FunctionName=name)["Version"] == "3"


def test_life_of_an_alias(lam, deploy, told, waited):
    name = deploy(SOURCE.format("x"), Publish=True)
    made = lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="d")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["AliasArn"].endswith(f":function:{name}:live") and "RoutingConfig" not in made
    got = lam.get_alias(FunctionName=name, Name="live")
    for member in ("AliasArn", "Name", "FunctionVersion", "Description", "RevisionId"):
        assert got[member] == made[member]
    refused("ResourceConflictException", 409, "^Alias already exists: ", lam.create_alias,
            FunctionName=name, Name="live", FunctionVersion="1")
    refused("ResourceNotFoundException", 404, "^Function not found: .*:7$", lam.create_alias,
            FunctionName=name, Name="other", FunctionVersion="7")
    refused("PreconditionFailedException", 412, "GetFunction/GetAlias", lam.update_alias,
            FunctionName=name, Name="live", Description="e",
            RevisionId="00000000-0000-4000-8000-000000000000")
    lam.create_alias(FunctionName=name, Name="follow", FunctionVersion="$LATEST")
    assert told(name, Qualifier="follow")["ExecutedVersion"] == "$LATEST"
    moved = lam.update_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST",
                             RevisionId=made["RevisionId"])
    assert (moved["FunctionVersion"], moved["Description"]) == ("$LATEST", "d")
    assert told(name, Qualifier="live")["ExecutedVersion"] == "$LATEST"
    pages = lam.get_paginator("list_aliases").paginate(FunctionName=name,
                                                       PaginationConfig={"PageSize": 1})
    assert [a["Name"] for page in pages for a in page["Aliases"]] == ["follow", "live"]
    assert lam.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"] == []
    lam.delete_alias(FunctionName=name, Name="live")
    refused("ResourceNotFoundException", 404, "^Cannot find alias arn: .*:live$", lam.get_alias,
            FunctionName=name, Name="live")
    refused("ResourceNotFoundException", 404, "^Function not found: .*:live$", lam.invoke,
            FunctionName=name, Qualifier="live")


def test_weights(lam, two, told):
    lam.create_alias(FunctionName=two, Name="canary", FunctionVersion="1",
                     RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    seen = set()

    def both():
        seen.add(told(two, Qualifier="canary")["ExecutedVersion"])
        return seen == {"1", "2"}
    assert eventually(both), seen
    whole = lam.update_alias(FunctionName=two, Name="canary",
                             RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert whole["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 1.0}}
    # AWS may take a moment until a change is everywhere.
    assert eventually(lambda: {told(two, Qualifier="canary")["ExecutedVersion"]
                               for _ in range(8)} == {"2"})
    promoted = lam.update_alias(FunctionName=two, Name="canary", FunctionVersion="2",
                                RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in promoted
    refused("InvalidParameterValueException", 400, "^Invalid function version 2. Function version 2 "
            "is already included in routing configuration.$", lam.update_alias, FunctionName=two,
            Name="canary", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    lam.delete_alias(FunctionName=two, Name="canary")

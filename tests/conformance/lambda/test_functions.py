"""The life of a function through boto3: create, read, list, change, tag, delete."""
import base64
import hashlib
import re
import uuid

import pytest
import requests
from botocore.exceptions import ClientError, ParamValidationError
from functions import package

ECHO = "def handler(event, context):\n    return event\n"
REVISION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RESERVED = "Lambda was unable to configure your environment variables because the environment " \
    "variables you have provided contains reserved keys that are currently not supported for " \
    "modification. Reserved keys used in this request: "


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def refused(code, message, call, status=400, **arguments):
    """`message` is exact, or a compiled pattern."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    said = answer["Error"]["Message"]
    if isinstance(message, str):
        assert said == message
    elif message:
        assert message.search(said), said
    return answer


@pytest.fixture
def name():
    return "conformance-" + uuid.uuid4().hex[:12]


@pytest.fixture(scope="module")
def arn(lam, fixed):
    return lam.get_function_configuration(FunctionName=fixed)["FunctionArn"]


@pytest.fixture(scope="module")
def fixed(deploy):
    """A function nobody changes."""
    return deploy(ECHO)


def test_create(lam, role, waited, name):
    code = package({"app.py": ECHO})
    made = lam.create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler",
        Code={"ZipFile": code}, Description="said", Timeout=7, MemorySize=192,
        Environment={"Variables": {"KEY": "value"}}, Tags={"a": "b"})
    try:
        assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
        assert made["State"] == "Pending" and made["StateReasonCode"] == "Creating"
        assert made["StateReason"] == "The function is being created."
        assert made["FunctionName"] == name
        assert made["FunctionArn"].endswith(":function:" + name)
        assert made["CodeSha256"] == sha256(code) and made["CodeSize"] == len(code)
        assert (made["Timeout"], made["MemorySize"], made["Description"]) == (7, 192, "said")
        assert made["Environment"] == {"Variables": {"KEY": "value"}}
        assert made["Version"] == "$LATEST" and made["PackageType"] == "Zip"
        assert made["Architectures"] == ["x86_64"]
        assert made["EphemeralStorage"] == {"Size": 512}
        assert made["TracingConfig"] == {"Mode": "PassThrough"}
        assert made["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}
        assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/" + name}
        assert REVISION.fullmatch(made["RevisionId"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made["LastModified"])
        waited(name)
        active = lam.get_function_configuration(FunctionName=name)
        assert (active["State"], active["LastUpdateStatus"]) == ("Active", "Successful")
        assert "StateReason" not in active
        assert active["RevisionId"] != made["RevisionId"]  # changes with the state
        for part in ("LastModified", "CodeSha256", "Role", "Handler", "Runtime"):
            assert active[part] == made[part]
        refused("ResourceConflictException", "Function already exist: " + name,
                lam.create_function, 409, FunctionName=name, Runtime="python3.11", Role=role,
                Handler="app.handler", Code={"ZipFile": code})
    finally:
        lam.delete_function(FunctionName=name)


def test_get(lam, fixed, arn):
    got = lam.get_function(FunctionName=fixed)
    assert got["Code"]["RepositoryType"]
    code = requests.get(got["Code"]["Location"], timeout=30)
    assert code.status_code == 200 and sha256(code.content) == got["Configuration"]["CodeSha256"]
    plain = lam.get_function_configuration(FunctionName=fixed)
    plain.pop("ResponseMetadata")
    assert got["Configuration"] == plain
    assert lam.get_function(FunctionName=fixed, Qualifier="$LATEST")["Configuration"][
        "FunctionArn"] == arn + ":$LATEST"


@pytest.mark.parametrize("form", ["{name}", "{name}:$LATEST", "{account}:function:{name}", "{arn}",
                                  "{arn}:$LATEST", "{account}:function:{name}:$LATEST"])
def test_identifiers(lam, fixed, arn, form):
    wanted = form.format(name=fixed, arn=arn, account=arn.split(":")[4])
    assert lam.get_function_configuration(FunctionName=wanted)["FunctionName"] == fixed
    assert lam.invoke(FunctionName=wanted, Payload=b"[1]")["Payload"].read() == b"[1]"


def test_identifiers_refused(lam, fixed, arn):
    refused("InvalidParameterValueException", "The derived qualifier from the function name does "
            "not match the specified qualifier.", lam.get_function,
            FunctionName=fixed + ":$LATEST", Qualifier="7")
    other = arn.replace(":us-east-1:", ":eu-west-1:")
    refused("ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this "
            "region ('us-east-1')", lam.get_function, 404, FunctionName=other)
    refused("AccessDeniedException", re.compile("is not authorized to perform: lambda:GetFunction"),
            lam.get_function, 403, FunctionName=arn.replace(arn.split(":")[4], "111122223333"))
    refused("ValidationException", re.compile(
        "^1 validation error detected: Value 'a b' at 'functionName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: "),
        lam.get_function, FunctionName="a b")


def test_names_too_long(lam, client, arn, role):
    name = "x" * 65
    message = "Function not found: " + arn.rsplit(":", 1)[0] + ":" + name
    for call in (lam.get_function, lam.delete_function, lam.invoke, lam.get_function_configuration,
                 lam.update_function_configuration):
        refused("ResourceNotFoundException", message, call, 404, FunctionName=name)
    refused("InvalidParameterValueException", "1 validation error detected: Value '{}' at "
            "'functionName' failed to satisfy constraint: Member must have length less than or "
            "equal to 64".format(name), client("lambda", parameter_validation=False).create_function,
            FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler",
            Code={"ZipFile": package({"app.py": ECHO})})


def test_missing(lam, arn, name):
    gone = arn.rsplit(":", 1)[0] + ":" + name
    message = "Function not found: " + gone
    for call in (lam.get_function, lam.get_function_configuration, lam.delete_function, lam.invoke,
                 lam.update_function_configuration):
        refused("ResourceNotFoundException", message, call, 404, FunctionName=name)
    refused("ResourceNotFoundException", message, lam.update_function_code, 404, FunctionName=name,
            ZipFile=package({"app.py": ECHO}))
    refused("ResourceNotFoundException", message + ":$LATEST", lam.invoke, 404, FunctionName=name,
            Qualifier="$LATEST")
    refused("ResourceNotFoundException", message + ":7", lam.get_function, 404, FunctionName=name,
            Qualifier="7")


def test_list_pages(lam, role, waited):
    tag = uuid.uuid4().hex[:8]
    names = sorted(f"page-{tag}-{i}" for i in range(5))
    code = package({"app.py": ECHO})
    try:
        for one in names:
            lam.create_function(FunctionName=one, Runtime="python3.11", Role=role,
                                Handler="app.handler", Code={"ZipFile": code})
        pages = list(lam.get_paginator("list_functions").paginate(
            PaginationConfig={"PageSize": 2}))
        assert all(len(page["Functions"]) <= 2 for page in pages) and len(pages) >= 3
        found = [f["FunctionName"] for page in pages for f in page["Functions"]]
        assert [n for n in found if n.startswith("page-" + tag)] == names
        assert len(found) == len(set(found))
        first = lam.list_functions(MaxItems=1)
        assert first["NextMarker"]
        listed = next(f for page in pages for f in page["Functions"] if f["FunctionName"] == names[0])
        assert "State" not in listed  # lists leave the state out
        assert listed["CodeSha256"] == sha256(code)
    finally:
        for one in names:
            lam.delete_function(FunctionName=one)
    left = [f["FunctionName"] for page in lam.get_paginator("list_functions").paginate()
            for f in page["Functions"]]
    assert not set(names) & set(left)


def test_update_code(lam, deploy, waited):
    one = deploy("def handler(e, c): return 1")
    assert lam.invoke(FunctionName=one)["Payload"].read() == b"1"
    before = lam.get_function_configuration(FunctionName=one)
    code = package({"app.py": "def handler(e, c): return 2"})
    dry = lam.update_function_code(FunctionName=one, ZipFile=code, DryRun=True)
    assert dry["CodeSha256"] == sha256(code)
    assert lam.get_function_configuration(FunctionName=one)["CodeSha256"] == before["CodeSha256"]
    refused("PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id",
            lam.update_function_code, 412, FunctionName=one, ZipFile=code,
            RevisionId=str(uuid.uuid4()))
    changed = lam.update_function_code(FunctionName=one, ZipFile=code,
                                       RevisionId=before["RevisionId"])
    assert changed["CodeSha256"] == sha256(code)
    assert changed["LastUpdateStatus"] == "InProgress"
    assert changed["LastUpdateStatusReasonCode"] == "Creating"
    assert changed["RevisionId"] != before["RevisionId"]
    waited(one)
    assert lam.invoke(FunctionName=one)["Payload"].read() == b"2"


def test_update_configuration(lam, deploy, waited):
    one = deploy("import os\ndef handler(e, c):\n    return [os.environ.get('KEY'), "
                 "c.memory_limit_in_mb, os.environ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']]\n",
                 MemorySize=128)
    before = lam.get_function_configuration(FunctionName=one)
    refused("PreconditionFailedException", None, lam.update_function_configuration, 412,
            FunctionName=one, RevisionId=str(uuid.uuid4()), Timeout=9)
    changed = lam.update_function_configuration(
        FunctionName=one, Environment={"Variables": {"KEY": "v"}}, MemorySize=256, Timeout=9,
        Description="other")
    assert changed["LastUpdateStatus"] == "InProgress"
    waited(one)
    after = lam.get_function_configuration(FunctionName=one)
    assert (after["MemorySize"], after["Timeout"], after["Description"]) == (256, 9, "other")
    assert after["Handler"] == before["Handler"] and after["CodeSha256"] == before["CodeSha256"]
    assert lam.invoke(FunctionName=one)["Payload"].read().replace(b" ", b"") in (
        b'["v",256,"256"]', b'["v","256","256"]')
    lam.update_function_configuration(FunctionName=one, Environment={"Variables": {}})
    waited(one)
    assert not lam.get_function_configuration(FunctionName=one).get(
        "Environment", {}).get("Variables")


def test_updates_exclude_one_another(lam, deploy, waited):
    """Of updates sent at once some win; those told 409 changed nothing."""
    from concurrent.futures import ThreadPoolExecutor
    one = deploy(ECHO)
    arn = lam.get_function_configuration(FunctionName=one)["FunctionArn"]

    def update(number):
        try:
            lam.update_function_configuration(FunctionName=one, Description=str(number))
            return number
        except lam.exceptions.ResourceConflictException as error:
            assert error.response["Error"]["Message"] == \
                "The operation cannot be performed at this time. An update is in progress for " \
                "resource: " + arn
            return None
    for _ in range(4):
        with ThreadPoolExecutor(8) as pool:
            done = [n for n in pool.map(update, range(8)) if n is not None]
        assert done
        waited(one)
        assert int(lam.get_function_configuration(FunctionName=one)["Description"]) in done
        if len(done) < 8:
            return
    pytest.fail("no update was ever told that another one is in progress")


def test_delete(lam, deploy):
    one = deploy(ECHO)
    assert lam.invoke(FunctionName=one, Payload=b"1")["Payload"].read() == b"1"
    gone = lam.delete_function(FunctionName=one)
    assert gone["ResponseMetadata"]["HTTPStatusCode"] in (200, 204)
    refused("ResourceNotFoundException", None, lam.get_function, 404, FunctionName=one)
    refused("ResourceNotFoundException", None, lam.invoke, 404, FunctionName=one)
    again = deploy("def handler(e, c): return 'again'", FunctionName=one)
    assert lam.invoke(FunctionName=again)["Payload"].read() == b'"again"'


def test_tags(lam, deploy):
    one = deploy(ECHO, Tags={"a": "1"})
    arn = lam.get_function_configuration(FunctionName=one)["FunctionArn"]
    lam.tag_resource(Resource=arn, Tags={"b": "2", "a": "3", "ü": "x y"})
    assert lam.list_tags(Resource=arn)["Tags"] == {"a": "3", "b": "2", "ü": "x y"}
    lam.untag_resource(Resource=arn, TagKeys=["a", "never"])
    assert lam.get_function(FunctionName=one)["Tags"] == {"b": "2", "ü": "x y"}
    refused("InvalidParameterValueException", "Number of tags exceeds resource tag limit.",
            lam.tag_resource, Resource=arn, Tags={str(i): "" for i in range(51)})
    refused("InvalidParameterValueException", "Tags on function aliases and versions are not "
            "supported. Please specify a function ARN.", lam.tag_resource,
            Resource=arn + ":$LATEST", Tags={"a": "b"})
    refused("ResourceNotFoundException", re.compile("^Function not found: "), lam.list_tags, 404,
            Resource=arn + "x")


def test_account(lam, fixed):
    said = lam.get_account_settings()
    assert said["AccountLimit"]["CodeSizeUnzipped"] == 262144000
    assert said["AccountLimit"]["CodeSizeZipped"] == 52428800
    assert said["AccountLimit"]["ConcurrentExecutions"] >= 10
    assert said["AccountUsage"]["FunctionCount"] >= 1
    assert said["AccountUsage"]["TotalCodeSize"] > 0


@pytest.mark.parametrize("settings, code, message", [
    ({"Runtime": "python9.9"}, "InvalidParameterValueException",
     re.compile(r"^Value python9\.9 at 'runtime' failed to satisfy constraint: Member must satisfy "
                r"enum value set: \[.+\] or be a valid ARN$")),
    ({"Handler": None}, "InvalidParameterValueException", re.compile("Handler are mandatory")),
    ({"MemorySize": 127}, "ValidationException",
     "1 validation error detected: Value '127' at 'memorySize' failed to satisfy constraint: "
     "Member must have value greater than or equal to 128"),
    ({"Timeout": 0}, "ValidationException",
     "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: "
     "Member must have value greater than or equal to 1"),
    ({"Handler": "has blank"}, "ValidationException", re.compile(
        r"Value 'has blank' at 'handler' failed to satisfy constraint: Member must satisfy "
        r"regular expression pattern: ")),
    ({"Role": "role"}, "ValidationException",
     re.compile("Value 'role' at 'role' failed to satisfy constraint: Member must satisfy")),
    ({"MemorySize": 127, "Timeout": 0}, "ValidationException",
     re.compile("^2 validation errors detected: .*; ")),
    ({"Architectures": ["mips"]}, "ValidationException", re.compile(r"\[x86_64, arm64\]")),
    ({"Environment": {"Variables": {"AWS_REGION": "x", "AWS_SECRET_ACCESS_KEY": "y"}}},
     "InvalidParameterValueException",
     re.compile("^" + re.escape(RESERVED) + "AWS_REGION, AWS_SECRET_ACCESS_KEY$")),
    ({"Environment": {"Variables": {"KEY": "v" * 4096}}}, "InvalidParameterValueException",
     'Lambda was unable to configure your environment variables because the environment variables '
     'you have provided exceeded the 4KB limit. String measured: {"KEY":"' + "v" * 4096 + '"}'),
    ({"Code": {"ZipFile": b"not a zip"}}, "InvalidParameterValueException",
     "Could not unzip uploaded file. Please check your file, then try to upload again."),
    ({"Code": {}}, "InvalidParameterValueException", None),
    ({"Description": "x" * 257}, "ValidationException",
     re.compile("Member must have length less than or equal to 256$")),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_create_refused(lam, client, role, name, settings, code, message):
    unchecked = client("lambda", parameter_validation=False)  # the service's own answers
    asked = {"FunctionName": name, "Runtime": "python3.11", "Role": role, "Handler": "app.handler",
             "Code": {"ZipFile": package({"app.py": ECHO})}, **settings}
    asked = {key: value for key, value in asked.items() if value is not None}
    refused(code, message, unchecked.create_function, **asked)
    refused("ResourceNotFoundException", None, lam.get_function, 404, FunctionName=name)


def test_checked_by_the_client_too(lam):
    with pytest.raises(ParamValidationError):
        lam.create_function(FunctionName="x")


def test_what_deployment_tools_read_back(lam, fixed, arn):
    """Terraform, the CDK and SAM read all of it of a function that has none of it."""
    def body(answer):
        del answer["ResponseMetadata"]
        return answer
    assert body(lam.get_function_code_signing_config(FunctionName=fixed)) in (
        {}, {"CodeSigningConfigArn": "", "FunctionName": fixed})
    assert body(lam.get_function_recursion_config(FunctionName=fixed)) == {
        "RecursiveLoop": "Terminate"}
    managed = body(lam.get_runtime_management_config(FunctionName=fixed))
    assert managed["UpdateRuntimeOn"] == "Auto" and managed["FunctionArn"].startswith(arn)
    for call, list_name in ((lam.list_function_url_configs, "FunctionUrlConfigs"),
                            (lam.list_function_event_invoke_configs, "FunctionEventInvokeConfigs"),
                            (lam.list_event_source_mappings, "EventSourceMappings"),
                            (lam.list_provisioned_concurrency_configs,
                             "ProvisionedConcurrencyConfigs")):
        assert body(call(FunctionName=fixed)) == {list_name: []}
    missing = "The resource you requested does not exist."
    refused("ResourceNotFoundException", missing, lam.get_policy, 404, FunctionName=fixed)
    refused("ResourceNotFoundException", missing, lam.get_function_url_config, 404,
            FunctionName=fixed)
    refused("ResourceNotFoundException", "The function " + arn + ":$LATEST doesn't have an "
            "EventInvokeConfig", lam.get_function_event_invoke_config, 404, FunctionName=fixed)


@pytest.mark.lapwing
def test_unbuilt_operations_say_so(lam, fixed, role, name):
    for call, arguments, named in (
            (lam.create_function_url_config, {"FunctionName": fixed, "AuthType": "NONE"},
             "CreateFunctionUrlConfig"),
            (lam.create_event_source_mapping, {"FunctionName": fixed, "EventSourceArn":
             "arn:aws:kinesis:us-east-1:000000000000:stream/s", "StartingPosition": "LATEST"},
             "CreateEventSourceMapping")):
        refused("NotImplemented", re.compile(named), call, 501, **arguments)
    refused("NotImplemented", re.compile("DurableConfig"), lam.create_function, 501,
            FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler",
            Code={"ZipFile": package({"app.py": ECHO})},
            DurableConfig={"ExecutionTimeout": 60})
    refused("NotImplemented", re.compile("S3"), lam.create_function, 501, FunctionName=name,
            Runtime="python3.11", Role=role, Handler="app.handler",
            Code={"S3Bucket": "bucket", "S3Key": "key"})

"""Layers through boto3: their life, and what functions find in /opt. Packages are the real ones
of PyPI and npm that the tests have at hand."""
import json
import pathlib
import re
import uuid

import pytest
import requests
from botocore.exceptions import ClientError
from waiting import eventually
from functions import package
from interpreters import by_version

INTERPRETERS = by_version()

ROOT = pathlib.Path(__file__).resolve().parents[3]


def refused(code, status, message, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert re.search(message, answer["Error"]["Message"]), answer["Error"]["Message"]


def files_of(folder, prefix):
    """{archive name: bytes} of an installed package."""
    found = {prefix + str(path.relative_to(folder.parent)): path.read_bytes()
             for path in folder.rglob("*")
             if path.is_file() and "__pycache__" not in path.parts}
    assert found, f"nothing in {folder}"
    return found


@pytest.fixture(scope="module")
def layer(lam):
    """layer(files, **settings) -> a new layer version; deleted at the end."""
    made = []

    def publish(files, name=None, **settings):
        name = name or "conformance-" + uuid.uuid4().hex[:12]
        answer = lam.publish_layer_version(
            LayerName=name, Content={"ZipFile": package(files)}, **settings)
        made.append((name, answer["Version"]))
        return answer

    yield publish
    for name, version in made:
        lam.delete_layer_version(LayerName=name, VersionNumber=version)


def call(lam, name, event=None, **more):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
    body = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    return body


def test_life(lam, layer):
    first = layer({"a": "x"}, Description="d", LicenseInfo="MIT",
                  CompatibleRuntimes=["python3.12"], CompatibleArchitectures=["x86_64"])
    name = first["LayerArn"].rsplit(":", 1)[1]
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert first["LayerVersionArn"] == first["LayerArn"] + ":1" and first["Version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", first["CreatedDate"])
    code = requests.get(first["Content"]["Location"], timeout=30)
    assert code.content == package({"a": "x"})
    assert first["Content"]["CodeSize"] == len(code.content)
    same = {key: first[key] for key in (
        "LayerArn", "LayerVersionArn", "Version", "Description", "LicenseInfo", "CreatedDate",
        "CompatibleRuntimes", "CompatibleArchitectures")}
    for got in (lam.get_layer_version(LayerName=name, VersionNumber=1),
                lam.get_layer_version(LayerName=first["LayerArn"], VersionNumber=1),
                lam.get_layer_version_by_arn(Arn=first["LayerVersionArn"])):
        assert {key: got[key] for key in same} == same
        assert got["Content"]["CodeSha256"] == first["Content"]["CodeSha256"]
    assert layer({"a": "x"}, name)["Version"] == 2
    assert [v["Version"] for v in lam.list_layer_versions(LayerName=name)["LayerVersions"]] == \
        [2, 1]
    assert [v["Version"] for v in lam.list_layer_versions(
        LayerName=name, CompatibleRuntime="python3.12")["LayerVersions"]] == [1]
    pages = lam.get_paginator("list_layer_versions").paginate(
        LayerName=name, PaginationConfig={"PageSize": 1})
    assert [v["Version"] for page in pages for v in page["LayerVersions"]] == [2, 1]

    def listed(**more):
        return {one["LayerName"]: one["LatestMatchingVersion"]["Version"]
                for page in lam.get_paginator("list_layers").paginate(
                    PaginationConfig={"PageSize": 1}, **more) for one in page["Layers"]}
    assert listed()[name] == 2
    assert listed(CompatibleRuntime="python3.12", CompatibleArchitecture="x86_64")[name] == 1
    for _ in range(2):  # the second time there is nothing to do
        lam.delete_layer_version(LayerName=name, VersionNumber=2)
    refused("ResourceNotFoundException", 404, r"^The resource you requested does not exist\.$",
            lam.get_layer_version, LayerName=name, VersionNumber=2)
    assert layer({"a": "x"}, name)["Version"] == 3


def test_refused(lam, layer, role):
    one = layer({"a": "x"})
    two = layer({"a": "x"}, one["LayerArn"].rsplit(":", 1)[1])
    settings = {"Runtime": "python3.11", "Role": role, "Handler": "app.handler",
                "Code": {"ZipFile": package({"app.py": "def handler(e, c): pass"})}}

    def create(*layers):
        lam.create_function(FunctionName="conformance-" + uuid.uuid4().hex[:12], Layers=layers,
                            **settings)
    arns = [one["LayerVersionArn"], two["LayerVersionArn"]]
    for layers, message in (
            (arns, r"^Two different versions of the same layer are not allowed to be referenced in "
             r"the same function\. {} and {} are versions of the same layer\.$".format(*arns)),
            ([one["LayerArn"] + ":9"], "^Layer version .*:9 does not exist.$"),
            ([arns[0].replace("us-east-1", "eu-west-1")], "^Layers are not in the same region as "
             "the function. Layers are expected to be in region us-east-1.$"),
            (["{}{}:1".format(one["LayerArn"], n) for n in range(6)],
             "^Cannot reference more than 5 layers.$")):
        with pytest.raises(ClientError, match="InvalidParameterValueException") as caught:
            create(*layers)
        assert re.search(message, caught.value.response["Error"]["Message"]), caught.value
    with pytest.raises(ClientError, match="ValidationException"):
        create(one["LayerArn"])
    refused("InvalidParameterValueException", 400, "^Layer Version Cannot be less than 1$",
            lam.get_layer_version, LayerName=one["LayerArn"], VersionNumber=0)


@pytest.mark.lapwing
def test_content_of_s3_is_refused_by_name(lam):
    refused("NotImplemented", 501, "S3Bucket", lam.publish_layer_version, LayerName="x",
            Content={"S3Bucket": "bucket", "S3Key": "key"})


def test_policy(lam, layer):
    one = layer({"a": "x"})
    where = {"LayerName": one["LayerArn"].rsplit(":", 1)[1], "VersionNumber": 1}
    refused("ResourceNotFoundException", 404,
            r"^No policy is associated with the given resource\.$",
            lam.get_layer_version_policy, **where)
    added = lam.add_layer_version_permission(
        StatementId="s1", Action="lambda:GetLayerVersion", Principal="111122223333", **where)
    statement = {"Sid": "s1", "Effect": "Allow", "Principal": {
        "AWS": "arn:aws:iam::111122223333:root"}, "Action": "lambda:GetLayerVersion",
        "Resource": one["LayerVersionArn"]}
    assert json.loads(added["Statement"]) == statement
    policy = lam.get_layer_version_policy(**where)
    assert json.loads(policy["Policy"]) == {"Version": "2012-10-17", "Id": "default",
                                            "Statement": [statement]}
    assert policy["RevisionId"] == added["RevisionId"]
    refused("PreconditionFailedException", 412, "GetLayerPolicy",
            lam.remove_layer_version_permission, StatementId="s1",
            RevisionId="00000000-0000-4000-8000-000000000000", **where)
    lam.remove_layer_version_permission(StatementId="s1", RevisionId=policy["RevisionId"], **where)
    refused("ResourceNotFoundException", 404, "^Statement s1 is not found in resource policy.$",
            lam.remove_layer_version_permission, StatementId="s1", **where)


def test_a_python_package_in_a_layer(lam, layer, deploy):
    """jmespath, as pip installed it, at the place where AWS looks for it."""
    import jmespath
    libraries = layer(files_of(pathlib.Path(jmespath.__file__).parent, "python/"))
    name = deploy("import jmespath\ndef handler(event, context):\n"
                  "    return [jmespath.search('a[*].b', event), jmespath.__file__]\n",
                  Layers=[libraries["LayerVersionArn"]])
    assert call(lam, name, {"a": [{"b": 1}, {"b": 2}]}) == \
        [[1, 2], "/opt/python/jmespath/__init__.py"]
    about = lam.get_function_configuration(FunctionName=name)
    assert about["Layers"] == [{"Arn": libraries["LayerVersionArn"],
                                "CodeSize": libraries["Content"]["CodeSize"]}]


def test_site_packages_of_the_version(lam, layer, deploy):
    version = INTERPRETERS["python"][-1]
    runtime = f"python{version[0]}.{version[1]}"
    one = layer({f"python/lib/{runtime}/site-packages/found.py": "where = 'site-packages'"})
    name = deploy("import found\ndef handler(event, context): return found.where",
                  runtime=runtime, Layers=[one["LayerVersionArn"]])
    assert call(lam, name) == "site-packages"


@pytest.mark.skipif(not INTERPRETERS["nodejs"], reason="no Node.js on this machine")
def test_an_npm_package_in_a_layer(lam, layer, deploy):
    """tslib, as npm installed it, found by require."""
    modules = ROOT / "build/node/node_modules"
    if not (modules / "tslib").is_dir():
        pytest.skip("build/node: see tests/prepare.sh")
    libraries = layer(files_of(modules / "tslib", "nodejs/node_modules/"))
    runtime = f"nodejs{INTERPRETERS['nodejs'][-1][0]}.x"
    name = deploy("const tslib = require('tslib');\n"
                  "exports.handler = async (event) => [\n"
                  "  tslib.__assign({a: 1}, event), require.resolve('tslib')];\n",
                  runtime=runtime, Layers=[libraries["LayerVersionArn"]])
    merged, place = call(lam, name, {"b": 2})
    assert merged == {"a": 1, "b": 2}
    assert place.startswith("/opt/nodejs/node_modules/tslib/")


def test_programs_and_files(lam, layer, deploy):
    one = layer({"bin/greet": "#!/bin/sh\necho hello $1\n", "lib/data.txt": "data",
                 "etc/conf": "low"})
    two = layer({"etc/conf": "high"})
    name = deploy("import subprocess\ndef handler(event, context):\n"
                  "    return [subprocess.check_output(['greet', 'you'], text=True),\n"
                  "            open('/opt/lib/data.txt').read(), open('/opt/etc/conf').read()]\n",
                  Layers=[one["LayerVersionArn"], two["LayerVersionArn"]])
    assert call(lam, name) == ["hello you\n", "data", "high"]  # later layers override


def test_read_only(lam, layer, deploy):
    one = layer({"file": "x"})
    name = deploy("def handler(event, context):\n    try:\n        open('/opt/new', 'w')\n"
                  "    except OSError as error:\n        return error.errno\n",
                  Layers=[one["LayerVersionArn"]])
    assert call(lam, name) in (13, 30)  # EACCES, EROFS


def test_bootstrap_in_a_layer(lam, layer, deploy):
    bootstrap = '''#!/bin/sh
while true; do
  headers=$(mktemp)
  curl -sS -D "$headers" -o /dev/null \\
    "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
  id=$(grep -i lambda-runtime-aws-request-id "$headers" | tr -d '\\r' | cut -d' ' -f2)
  curl -sS -o /dev/null -d '"from the layer"' \\
    "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
'''
    one = layer({"bootstrap": bootstrap})
    name = deploy({"unused": "x"}, runtime="provided.al2023",
                  Layers=[one["LayerVersionArn"]])
    assert call(lam, name) == "from the layer"


def test_changes_and_versions(lam, layer, deploy, waited):
    one, two = layer({"which": "one"}), layer({"which": "two"})
    source = "def handler(event, context):\n    try:\n        return open('/opt/which').read()\n" \
        "    except FileNotFoundError:\n        return None\n"
    name = deploy(source, Layers=[one["LayerVersionArn"]], Publish=True)
    assert call(lam, name) == "one"
    changed = lam.update_function_configuration(FunctionName=name,
                                                Layers=[two["LayerVersionArn"]])
    assert changed["LastUpdateStatus"] == "InProgress"
    assert changed["Layers"][0]["Arn"] == two["LayerVersionArn"]
    waited(name)
    assert eventually(lambda: call(lam, name) == "two")
    assert call(lam, name, Qualifier="1") == "one"
    # A deleted layer version stays with the functions that use it.
    lam.delete_layer_version(LayerName=one["LayerArn"], VersionNumber=1)
    assert call(lam, name, Qualifier="1") == "one"
    assert lam.get_function_configuration(FunctionName=name, Qualifier="1")["Layers"][0]["Arn"] == \
        one["LayerVersionArn"]
    lam.update_function_configuration(FunctionName=name, Layers=[])
    waited(name)
    assert "Layers" not in lam.get_function_configuration(FunctionName=name)
    assert eventually(lambda: call(lam, name) is None)


@pytest.mark.lapwing
def test_layers_of_another_account(lam, layer, deploy, role, endpoint):
    import boto3
    account = "111122223333"
    other = boto3.client("lambda", endpoint_url=endpoint, region_name="us-east-1",
                         aws_access_key_id=account, aws_secret_access_key="test")
    name = "conformance-" + uuid.uuid4().hex[:12]
    theirs = other.publish_layer_version(LayerName=name,
                                         Content={"ZipFile": package({"which": "theirs"})})
    arn = theirs["LayerVersionArn"]
    assert f":{account}:" in arn, "an access key of 12 digits is the account"
    code = {"ZipFile": package({"app.py": "def handler(e, c): return open('/opt/which').read()"})}
    refused("AccessDeniedException", 403, "is not authorized to perform: lambda:GetLayerVersion on "
            "resource: " + arn, lam.create_function, FunctionName=name, Runtime="python3.11",
            Role=role, Handler="app.handler", Code=code, Layers=[arn])
    other.add_layer_version_permission(LayerName=name, VersionNumber=1, StatementId="all",
                                       Action="lambda:GetLayerVersion", Principal="*")
    made = deploy(code["ZipFile"], FunctionName=name, Layers=[arn])
    assert call(lam, made) == "theirs"

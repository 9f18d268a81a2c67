"""The AWS CLI, versions 1 and 2, with the commands a user types."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import uuid

import pytest
from functions import ROLE

HELLO = '''def lambda_handler(event, context):
    print("greeting", event["name"])
    return {"message": "Hello, " + event["name"]}
'''
SECONDS = 120
V1 = str(pathlib.Path(sys.executable).parent / "aws")
V2 = "/usr/bin/aws"


def version(path):
    if not os.path.exists(path):
        return None
    run = subprocess.run([path, "--version"], capture_output=True, text=True)
    found = re.match(r"aws-cli/(\d+)\.(\d+)", run.stdout + run.stderr)
    return found and tuple(int(n) for n in found.groups())


class Cli:
    def __init__(self, path, endpoint, folder):
        self.version = version(path)
        self.path, self.folder = path, folder
        self.environment = {**os.environ, "AWS_PAGER": "", "AWS_CONFIG_FILE": "/dev/null"}
        self.options = []
        if endpoint is None:
            return
        self.environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "any",
                                 "AWS_SECRET_ACCESS_KEY": "any",
                                 "AWS_DEFAULT_REGION": "us-east-1"})
        if self.version < (2, 13) and self.version[0] == 2:
            self.options = ["--endpoint-url", endpoint]  # the variable came with 2.13

    def command(self, *arguments):
        return [self.path, *map(str, arguments), *self.options]

    def run(self, *arguments, status=0):
        run = subprocess.run(self.command(*arguments), cwd=self.folder, env=self.environment,
                             capture_output=True, text=True, timeout=SECONDS)
        assert run.returncode == status, run.stdout + run.stderr
        return run.stdout if status == 0 else run.stderr

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--output", "json"))

    def raw_payload(self):
        """Version 2 takes payloads in base64 unless told otherwise."""
        return ["--cli-binary-format", "raw-in-base64-out"] if self.version[0] == 2 else []


@pytest.fixture(scope="module", params=["v1", "v2"])
def cli(request, endpoint, tmp_path_factory):
    path, wanted = (V1, 1) if request.param == "v1" else (V2, 2)
    found = version(path)
    if not found or found[0] != wanted:
        pytest.skip(f"no AWS CLI of version {wanted} at {path}")
    return Cli(path, endpoint, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def function(cli, role, lam):
    """HelloWorldFunction, made as a user makes it."""
    if not shutil.which("zip"):
        pytest.skip("zip is not installed")
    (cli.folder / "lambda_function.py").write_text(HELLO)
    subprocess.run(["zip", "function.zip", "lambda_function.py"], cwd=cli.folder, check=True,
                   stdout=subprocess.DEVNULL)
    made = json.loads(cli.run(
        "lambda", "create-function", "--function-name", "HelloWorldFunction",
        "--runtime", "python3.11" if role != ROLE else "python3.8", "--role", role,
        "--handler", "lambda_function.lambda_handler", "--zip-file", "fileb://function.zip"))
    assert made["State"] == "Pending" and made["FunctionName"] == "HelloWorldFunction"
    yield "HelloWorldFunction"
    lam.delete_function(FunctionName="HelloWorldFunction")


def test_the_first_minute(cli, function):
    """No waiter between create and invoke: what a script written for other local tools does."""
    said = json.loads(cli.run(
        "lambda", "invoke", "--function-name", "HelloWorldFunction", *cli.raw_payload(),
        "--payload", '{"name": "World"}', "response.json"))
    assert said == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((cli.folder / "response.json").read_text()) == {"message": "Hello, World"}
    if cli.version[0] == 2:
        log = cli.run("logs", "tail", "/aws/lambda/HelloWorldFunction")
        assert re.search(r"^\S+ \d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32} greeting World$", log,
                         re.M)
    else:  # version 1 has no `logs tail`
        log = cli.run("logs", "filter-log-events", "--log-group-name",
                      "/aws/lambda/HelloWorldFunction", "--query", "events[].message")
        assert "greeting World\\n" in log
    for kind in ("INIT_START", "START RequestId: ", "END RequestId: ", "REPORT RequestId: "):
        assert kind in log


def test_reads(cli, function):
    cli.run("lambda", "wait", "function-active-v2", "--function-name", function)
    assert cli.json("lambda", "get-function", "--function-name", function)[
        "Configuration"]["State"] == "Active"
    listed = cli.json("lambda", "list-functions", "--query", "Functions[].FunctionName")
    assert function in listed
    assert cli.json("sts", "get-caller-identity")["Account"].isdigit()
    groups = cli.json("logs", "describe-log-groups", "--log-group-name-prefix", "/aws/lambda/Hello")
    assert any(g["logGroupName"].endswith(function) for g in groups["logGroups"])


def test_changes(cli, function):
    cli.run("lambda", "update-function-configuration", "--function-name", function,
            "--description", "from the command line", "--timeout", "11",
            "--environment", "Variables={KEY=value}")
    cli.run("lambda", "wait", "function-updated-v2", "--function-name", function)
    about = cli.json("lambda", "get-function-configuration", "--function-name", function)
    assert (about["Description"], about["Timeout"]) == ("from the command line", 11)
    assert about["Environment"]["Variables"] == {"KEY": "value"}
    code = cli.json("lambda", "update-function-code", "--function-name", function,
                    "--zip-file", "fileb://function.zip")
    assert code["CodeSha256"] == about["CodeSha256"]
    cli.run("lambda", "wait", "function-updated-v2", "--function-name", function)
    cli.run("lambda", "tag-resource", "--resource", about["FunctionArn"], "--tags", "a=b")
    assert cli.json("lambda", "list-tags", "--resource", about["FunctionArn"])["Tags"] == {"a": "b"}


def test_errors(cli):
    said = cli.run("lambda", "get-function", "--function-name", "never-made",
                   status=254 if cli.version[0] == 2 else 255)
    assert re.search(r"An error occurred \(ResourceNotFoundException\) when calling the "
                     r"GetFunction operation: Function not found: arn:aws:lambda:.*:never-made",
                     said)


TRUST = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole"}})


def test_roles(cli):
    name = "cli-" + uuid.uuid4().hex[:12]
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    made = cli.json("iam", "create-role", "--role-name", name, "--tags", "Key=a,Value=b",
                    "--assume-role-policy-document", TRUST)["Role"]
    cli.run("iam", "wait", "role-exists", "--role-name", name)
    cli.run("iam", "attach-role-policy", "--role-name", name, "--policy-arn", basic)
    cli.run("iam", "put-role-policy", "--role-name", name, "--policy-name", "p",
            "--policy-document", json.dumps({"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "s3:*", "Resource": "*"}}))
    role = cli.json("iam", "get-role", "--role-name", name)["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert role["RoleId"] == made["RoleId"] and role["Tags"] == [{"Key": "a", "Value": "b"}]
    assert basic in cli.run("iam", "list-attached-role-policies", "--role-name", name,
                            "--query", "AttachedPolicies[].PolicyArn")
    assert name in cli.json("iam", "list-roles", "--query", "Roles[].RoleName")
    said = cli.run("iam", "delete-role", "--role-name", name,
                   status=254 if cli.version[0] == 2 else 255)
    assert "(DeleteConflict)" in said
    cli.run("iam", "detach-role-policy", "--role-name", name, "--policy-arn", basic)
    cli.run("iam", "delete-role-policy", "--role-name", name, "--policy-name", "p")
    cli.run("iam", "delete-role", "--role-name", name)


def test_a_user_and_its_key(cli, against_aws):
    name = "cli-" + uuid.uuid4().hex[:12]
    user = cli.json("iam", "create-user", "--user-name", name)["User"]
    key = cli.json("iam", "create-access-key", "--user-name", name)["AccessKey"]
    try:
        if against_aws:
            return  # a new key takes AWS some seconds
        own = {**cli.environment, "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
               "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        who = subprocess.run(cli.command("sts", "get-caller-identity", "--output", "json"),
                             env=own, capture_output=True, text=True, timeout=SECONDS)
        assert json.loads(who.stdout) == {"UserId": user["UserId"], "Arn": user["Arn"],
                                          "Account": user["Arn"].split(":")[4]}, who.stderr
        used = cli.json("iam", "get-access-key-last-used", "--access-key-id", key["AccessKeyId"])
        assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"
    finally:
        cli.run("iam", "delete-access-key", "--user-name", name,
                "--access-key-id", key["AccessKeyId"])
        cli.run("iam", "delete-user", "--user-name", name)


UNBUILT = (  # one for each way in which services are spoken to
    (["dynamodb", "list-tables"], "ListTables", "dynamodb ListTables"),
    (["cloudwatch", "list-metrics"], "ListMetrics", "monitoring ListMetrics"),
    (["ec2", "describe-instances"], "DescribeInstances", "ec2 DescribeInstances"),
    (["apigateway", "get-rest-apis"], "GetRestApis", "apigateway GET /restapis"),
    (["route53", "list-hosted-zones"], "ListHostedZones", "route53 GET /2013-04-01/hostedzone"),
    (["s3api", "list-buckets"], "ListBuckets", "s3 ListBuckets"),
    (["s3api", "list-buckets", "--no-sign-request"], "ListBuckets", "s3 ListBuckets"),
    (["cloudformation", "list-stacks"], "ListStacks", "cloudformation ListStacks"))


@pytest.mark.parametrize("arguments, operation, named", UNBUILT,
                         ids=[" ".join(one[0]) for one in UNBUILT])
def test_services_that_are_not_built(cli, arguments, operation, named, against_aws):
    if against_aws:
        pytest.skip("they are built there")
    said = cli.run(*arguments, status=254 if cli.version[0] == 2 else 255)
    assert said.strip() == (f"An error occurred (NotImplemented) when calling the {operation} "
                            f"operation: {named} is not built in Lapwing yet.")


def test_tail_follow(cli, function):
    """Lines of an invocation show up in a `tail --follow` that was already running."""
    if cli.version[0] == 1:
        pytest.skip("version 1 has no `logs tail`")
    cli.run("lambda", "wait", "function-updated-v2", "--function-name", function)
    tail = subprocess.Popen(
        cli.command("logs", "tail", "/aws/lambda/" + function, "--follow", "--since", "1m"),
        env={**cli.environment, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    seen, met, running = [], threading.Event(), threading.Event()

    def read():
        for line in tail.stdout:
            seen.append(line)
            running.set()  # what is there already has been shown
            if "greeting follower" in line:
                met.set()

    reader = threading.Thread(target=read, daemon=True)
    try:
        cli.run("lambda", "invoke", "--function-name", function, *cli.raw_payload(),
                "--payload", '{"name": "before"}', "response.json")
        reader.start()
        assert running.wait(SECONDS), "".join(seen)
        cli.run("lambda", "invoke", "--function-name", function, *cli.raw_payload(),
                "--payload", '{"name": "follower"}', "response.json")
        assert met.wait(30), "".join(seen)
    finally:
        tail.terminate()
        tail.wait(30)
        reader.join(30)
        tail.stdout.close()
    assert sum("greeting follower" in line for line in seen) == 1


def test_versions_and_aliases(cli, function):
    cli.run("lambda", "wait", "function-updated-v2", "--function-name", function)
    version = cli.json("lambda", "publish-version", "--function-name", function,
                       "--description", "for the alias")["Version"]
    made = cli.json("lambda", "create-alias", "--function-name", function, "--name", "live",
                    "--function-version", version)
    assert made["AliasArn"].endswith(f":function:{function}:live")
    said = cli.json("lambda", "invoke", "--function-name", function, "--qualifier", "live",
                    *cli.raw_payload(), "--payload", '{"name": "alias"}', "response.json")
    assert said["ExecutedVersion"] == version
    assert json.loads((cli.folder / "response.json").read_text()) == {"message": "Hello, alias"}
    moved = cli.json("lambda", "update-alias", "--function-name", function, "--name", "live",
                     "--description", "changed", "--function-version", "$LATEST",
                     "--revision-id", made["RevisionId"])
    assert (moved["FunctionVersion"], moved["Description"]) == ("$LATEST", "changed")
    assert cli.json("lambda", "list-aliases", "--function-name", function,
                    "--query", "Aliases[].Name") == ["live"]

    def versions():
        return cli.json("lambda", "list-versions-by-function", "--function-name", function,
                        "--query", "Versions[].Version")
    assert versions() == ["$LATEST", version]
    cli.run("lambda", "delete-alias", "--function-name", function, "--name", "live")
    cli.run("lambda", "delete-function", "--function-name", function, "--qualifier", version)
    assert versions() == ["$LATEST"]


def test_layers(cli, function):
    name = f"cli-layer-{cli.version[0]}"
    (cli.folder / "etc").mkdir(exist_ok=True)
    (cli.folder / "etc/greeting").write_text("hello")
    subprocess.run(["zip", "-r", "layer.zip", "etc"], cwd=cli.folder, check=True,
                   stdout=subprocess.DEVNULL)
    made = cli.json("lambda", "publish-layer-version", "--layer-name", name,
                    "--zip-file", "fileb://layer.zip", "--compatible-runtimes", "python3.11",
                    "--license-info", "MIT")
    arn, number = made["LayerVersionArn"], str(made["Version"])
    cli.run("lambda", "update-function-configuration", "--function-name", function,
            "--layers", arn)
    cli.run("lambda", "wait", "function-updated-v2", "--function-name", function)
    assert cli.json("lambda", "get-function-configuration", "--function-name", function,
                    "--query", "Layers[].Arn") == [arn]
    assert name in cli.json("lambda", "list-layers", "--compatible-runtime", "python3.11",
                            "--query", "Layers[].LayerName")
    assert cli.json("lambda", "get-layer-version-by-arn", "--arn", arn)["LicenseInfo"] == "MIT"
    cli.run("lambda", "add-layer-version-permission", "--layer-name", name,
            "--version-number", number, "--statement-id", "all", "--principal", "*",
            "--action", "lambda:GetLayerVersion")
    policy = cli.json("lambda", "get-layer-version-policy", "--layer-name", name,
                      "--version-number", number)
    assert json.loads(policy["Policy"])["Statement"][0]["Principal"] == "*"
    cli.run("lambda", "remove-layer-version-permission", "--layer-name", name,
            "--version-number", number, "--statement-id", "all")
    cli.run("lambda", "update-function-configuration", "--function-name", function,
            "--layers", "[]")
    cli.run("lambda", "wait", "function-updated-v2", "--function-name", function)
    cli.run("lambda", "delete-layer-version", "--layer-name", name, "--version-number", number)
    assert cli.json("lambda", "list-layer-versions", "--layer-name", name,
                    "--query", "LayerVersions") == []


def test_a_role_for_a_function(cli):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
         "Action": "sts:AssumeRole"}]}
    name = "conformance-cli-" + os.urandom(6).hex()
    (pathlib.Path(cli.folder) / "trust.json").write_text(json.dumps(trust, indent=4))
    made = cli.json("iam", "create-role", "--role-name", name,
                    "--assume-role-policy-document", "file://trust.json")["Role"]
    assert made["AssumeRolePolicyDocument"] == trust and made["Arn"].endswith(":role/" + name)
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    cli.run("iam", "attach-role-policy", "--role-name", name, "--policy-arn", policy)
    attached = cli.json("iam", "list-attached-role-policies", "--role-name", name)
    assert attached["AttachedPolicies"][0]["PolicyArn"] == policy
    cli.run("iam", "wait", "role-exists", "--role-name", name)
    assert name in cli.run("iam", "list-roles", "--query", "Roles[].RoleName")
    refusal = cli.run("iam", "delete-role", "--role-name", name,
                      status=254 if cli.version[0] == 2 else 255)
    assert "(DeleteConflict) when calling the DeleteRole operation: Cannot delete entity, must " \
           "detach all policies first." in refusal
    cli.run("iam", "detach-role-policy", "--role-name", name, "--policy-arn", policy)
    cli.run("iam", "delete-role", "--role-name", name)

"""Access keys that IAM made, as the server's authentication takes them; roles of functions, known
and unknown."""
import json
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from functions import package
from serving import Server

TRUST = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole"}}
OTHERS_TRUST = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}
APP = """import os

def handler(event, context):
    return {name: os.environ[name] for name in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
"""
FIRST = {"AccessKeyId": "AKIAFIRST", "SecretAccessKey": "first-secret"}


def signed(server, service, key, region="us-east-1"):
    return boto3.client(service, endpoint_url=server.endpoint, region_name=region,
                        aws_access_key_id=key["AccessKeyId"],
                        aws_secret_access_key=key["SecretAccessKey"],
                        aws_session_token=key.get("SessionToken"),
                        config=Config(retries={"max_attempts": 0}))


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]


@pytest.fixture
def server(tmp_path):
    config = tmp_path / "lapwing.toml"
    config.write_text(f'[[credentials]]\naccess_key_id = "{FIRST["AccessKeyId"]}"\n'
                      f'secret_access_key = "{FIRST["SecretAccessKey"]}"\n'
                      'account = "123456789012"\n')
    server = Server(tmp_path / "data", "--auth", "verify", "--config", config).start()
    yield server
    server.kill()


@pytest.fixture
def iam(server):
    return signed(server, "iam", FIRST)


def test_a_key_signs_for_every_service(server, iam):
    user = iam.create_user(UserName="ann", Path="/people/")["User"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    who = signed(server, "sts", key).get_caller_identity()
    assert (who["Arn"], who["UserId"], who["Account"]) == (
        "arn:aws:iam::123456789012:user/people/ann", user["UserId"], "123456789012")
    assert signed(server, "iam", key).get_user()["User"]["UserName"] == "ann"
    assert signed(server, "lambda", key).list_functions()["Functions"] == []
    assert "QueueUrl" in signed(server, "sqs", key).create_queue(QueueName="q")
    wrong = {**key, "SecretAccessKey": "x" + key["SecretAccessKey"][1:]}
    assert refused(signed(server, "sts", wrong).get_caller_identity) == (
        403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("end", ["inactive", "deleted"])
def test_a_key_that_signs_no_more(server, iam, end):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    signed(server, "sts", key).get_caller_identity()
    if end == "inactive":
        iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    else:
        iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    # As each protocol names it.
    assert refused(signed(server, "sts", key).get_caller_identity) == (403, "InvalidClientTokenId")
    assert refused(signed(server, "iam", key).get_user) == (403, "InvalidClientTokenId")
    assert refused(signed(server, "lambda", key).list_functions) == (
        403, "UnrecognizedClientException")
    assert refused(signed(server, "logs", key).describe_log_groups) == (
        400, "UnrecognizedClientException")
    if end == "inactive":
        iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Active")
        signed(server, "sts", key).get_caller_identity()


def test_what_a_key_was_used_for(server, iam):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]

    def last():
        return iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert last()["UserName"] == "ann" and "LastUsedDate" not in last()["AccessKeyLastUsed"]
    signed(server, "lambda", key, "eu-west-1").list_functions()
    used = last()["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("lambda", "eu-west-1")
    assert used["LastUsedDate"]
    server.stop()  # what it noted is written down
    server.start()
    again = signed(server, "iam", FIRST).get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert again["AccessKeyLastUsed"] == used


def test_secrets_are_sealed_on_disk(server, iam):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    server.stop()
    databases = list(server.data_dir.glob("*.db*"))
    assert databases
    for path in databases:
        assert key["SecretAccessKey"].encode() not in path.read_bytes(), path
    server.start()
    signed(server, "sts", key).get_caller_identity()


def invoke(lam, name):
    lam.get_waiter("function_active_v2").wait(FunctionName=name,
                                              WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    return json.loads(lam.invoke(FunctionName=name)["Payload"].read())


def create(lam, role, **more):
    name = "f-" + uuid.uuid4().hex[:8]
    lam.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler",
                        Code={"ZipFile": package({"app.py": APP})}, **more)
    return name


def test_functions_act_under_their_roles_ids(server, iam):
    role = iam.create_role(RoleName="worker", Path="/a/",
                           AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    lam = signed(server, "lambda", FIRST)
    name = create(lam, role["Arn"])
    inside = invoke(lam, name)
    who = signed(server, "sts", {"AccessKeyId": inside["AWS_ACCESS_KEY_ID"],
                                 "SecretAccessKey": inside["AWS_SECRET_ACCESS_KEY"],
                                 "SessionToken": inside["AWS_SESSION_TOKEN"]}
                 ).get_caller_identity()
    assert who["UserId"] == f"{role['RoleId']}:{name}"
    assert who["Arn"] == f"arn:aws:sts::123456789012:assumed-role/worker/{name}"


def test_roles_that_nobody_made_are_told_once(server, iam):
    lam = signed(server, "lambda", FIRST)
    role = "arn:aws:iam::123456789012:role/nobody"
    name = create(lam, role)
    lam.get_waiter("function_active_v2").wait(FunctionName=name,
                                              WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    lam.update_function_configuration(FunctionName=name, Description="d")
    assert server.log().count("could not assume") == 1
    assert role in server.log()


def test_a_session_ends_with_its_user(server, iam):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    session = signed(server, "sts", key).get_session_token()["Credentials"]
    sts = signed(server, "sts", session)
    assert sts.get_caller_identity()["Arn"].endswith("user/ann")
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    assert sts.get_caller_identity()["Arn"].endswith("user/ann"), "a session is not its key"
    iam.delete_user(UserName="ann")
    assert refused(sts.get_caller_identity) == (403, "InvalidClientTokenId")
    assert refused(signed(server, "lambda", session).list_functions) == (
        403, "UnrecognizedClientException")
    iam.create_user(UserName="ann")
    assert refused(sts.get_caller_identity) == (403, "InvalidClientTokenId")
    server.kill()
    server.start()
    assert refused(signed(server, "sts", session).get_caller_identity) == (
        403, "InvalidClientTokenId")


def test_only_known_roles_where_that_is_said(tmp_path):
    server = Server(tmp_path, "--set", "iam.roles=known").start()
    try:
        any_key = {"AccessKeyId": "test", "SecretAccessKey": "test"}
        lam, iam = signed(server, "lambda", any_key), signed(server, "iam", any_key)
        role = "arn:aws:iam::000000000000:role/worker"

        def error():
            with pytest.raises(ClientError) as caught:
                create(lam, role)
            return caught.value.response["Error"]
        expected = {"Code": "InvalidParameterValueException",
                    "Message": "The role defined for the function cannot be assumed by Lambda."}
        assert expected.items() <= error().items()
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(OTHERS_TRUST))
        assert expected.items() <= error().items()
        iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(TRUST))
        name = create(lam, role)
        iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(OTHERS_TRUST))
        lam.get_waiter("function_active_v2").wait(FunctionName=name,
                                                  WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
        assert refused(lam.update_function_configuration, FunctionName=name,
                       Role=role.replace("worker", "other")) == (
            400, "InvalidParameterValueException")
        iam.delete_role(RoleName="worker")  # a function's role may go
        assert lam.get_function(FunctionName=name)["Configuration"]["Role"] == role
        # It is not started any more, as nobody could give it credentials.
        assert refused(lam.invoke, FunctionName=name) == (403, "AccessDeniedException")
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))
        assert lam.invoke(FunctionName=name)["StatusCode"] == 200
        iam.delete_role(RoleName="worker")
        sts = signed(server, "sts", any_key)
        assert refused(sts.assume_role, RoleArn=role, RoleSessionName="s1") == (
            403, "AccessDenied")
    finally:
        server.stop()

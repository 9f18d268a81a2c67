"""Who signs, and sessions: the Security Token Service as boto3 sees it."""
import json
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from waiting import eventually


@pytest.fixture(scope="module")
def sts(client):
    return client("sts")


@pytest.fixture
def signed(endpoint):
    """signed(service, credentials): a client that signs with what STS or IAM gave."""
    def make(service, key):
        return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1",
                            aws_access_key_id=key["AccessKeyId"],
                            aws_secret_access_key=key["SecretAccessKey"],
                            aws_session_token=key.get("SessionToken"),
                            config=Config(retries={"max_attempts": 0}))
    return make


@pytest.fixture
def role(client, sts):
    """A role with a path that the account trusts."""
    iam, name = client("iam"), "conformance-" + uuid.uuid4().hex[:12]
    trust = {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": sts.get_caller_identity()["Account"]},
        "Action": "sts:AssumeRole"}}
    yield iam.create_role(RoleName=name, Path="/conformance/", MaxSessionDuration=7200,
                          AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.delete_role(RoleName=name)


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"],
            error["Error"]["Message"])


def assume(sts, role, against_aws, **more):
    def ask():
        try:
            return sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me@here", **more)
        except ClientError as error:  # a new role is not known everywhere at once
            if not against_aws or error.response["Error"]["Code"] != "AccessDenied":
                raise
    return eventually(ask)


def test_a_session_has_the_id_of_its_role(sts, role, signed, against_aws):
    made = assume(sts, role, against_aws)
    account = sts.get_caller_identity()["Account"]
    user = made["AssumedRoleUser"]
    assert user["AssumedRoleId"] == role["RoleId"] + ":me@here"
    assert user["Arn"] == f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/me@here"
    assert made["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert "PackedPolicySize" not in made
    who = signed("sts", made["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["UserId"], who["Account"]) == (user["Arn"], user["AssumedRoleId"],
                                                           account)


def test_sessions_of_sessions_are_short(sts, role, signed, against_aws):
    session = signed("sts", assume(sts, role, against_aws)["Credentials"])
    assert refused(session.assume_role, RoleArn=role["Arn"], RoleSessionName="s2",
                   DurationSeconds=7200)[:2] == (400, "ValidationError")
    assert refused(session.get_session_token)[:2] == (403, "AccessDenied")


@pytest.mark.parametrize("arguments, message", [
    ({"RoleArn": "nothing-valid-in-here", "RoleSessionName": "s1"},
     "nothing-valid-in-here is invalid"),
    ({"RoleArn": "arn:aws:iam::000000000000:role/r", "RoleSessionName": "Session1:2"},
     "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy "
     "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
])
def test_what_cannot_be_assumed(sts, arguments, message):
    assert refused(sts.assume_role, **arguments) == (400, "ValidationError", message)


def test_longer_than_the_role_allows(sts, role, against_aws):
    assume(sts, role, against_aws)
    status, error, _ = refused(sts.assume_role, RoleArn=role["Arn"], RoleSessionName="s1",
                               DurationSeconds=7201)
    assert (status, error) == (400, "ValidationError")


def test_keys_of_a_user_say_who_it_is(client, sts, signed):
    iam, name = client("iam"), "conformance-" + uuid.uuid4().hex[:12]
    user = iam.create_user(UserName=name, Path="/people/")["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def who():
        try:
            return signed("sts", key).get_caller_identity()
        except ClientError:  # AWS takes some seconds
            return None
    try:
        found = eventually(who)
        assert (found["Arn"], found["UserId"]) == (user["Arn"], user["UserId"])
        token = signed("sts", key).get_session_token()["Credentials"]
        again = signed("sts", token).get_caller_identity()
        assert (again["Arn"], again["UserId"]) == (user["Arn"], user["UserId"])
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


@pytest.mark.lapwing
def test_a_role_that_nobody_made(sts, signed):
    arn = "arn:aws:iam::111122223333:role/cdk-hnb659fds-deploy-role-111122223333-us-east-1"
    made = sts.assume_role(RoleArn=arn, RoleSessionName="aws-cdk-me")
    assert made["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
    assert signed("sts", made["Credentials"]).get_caller_identity()["Account"] == "111122223333"


@pytest.mark.lapwing
@pytest.mark.parametrize("more", [
    {"Policy": "{}"}, {"Tags": [{"Key": "a", "Value": "b"}]}, {"SourceIdentity": "me"},
    {"SerialNumber": "arn:aws:iam::000000000000:mfa/m", "TokenCode": "123456"}])
def test_what_nothing_would_look_at(sts, more):
    status, error, message = refused(sts.assume_role, RoleArn="arn:aws:iam::000000000000:role/r",
                                     RoleSessionName="s1", **more)
    assert (status, error) == (501, "NotImplemented") and next(iter(more)) in message


@pytest.mark.lapwing
def test_a_federated_user(sts, signed):
    made = sts.get_federation_token(Name="guest")
    who = signed("sts", made["Credentials"]).get_caller_identity()
    assert who["Arn"] == made["FederatedUser"]["Arn"]
    assert made["FederatedUser"]["FederatedUserId"] == "000000000000:guest"
    assert made["PackedPolicySize"] == 0

"""IAM's records as boto3 sees them, and what deploy tools do in their order."""
import json
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
     "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Sid": "a%3Ab", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/*"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture(scope="module")
def iam(client):
    return client("iam")


@pytest.fixture
def name():
    return "conformance-" + uuid.uuid4().hex[:12]


def code(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"],
            error["Error"]["Message"])


@pytest.fixture
def role(iam, name):
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    yield made
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def test_a_role_is_told_in_the_shapes_of_iam(iam, role, name):
    assert "MaxSessionDuration" not in role and "RoleLastUsed" not in role
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert role["Arn"].endswith(":role/" + name) and role["RoleId"].startswith("AROA")
    got = iam.get_role(RoleName=name)["Role"]
    assert got["MaxSessionDuration"] == 3600 and got["RoleLastUsed"] == {}
    assert got["CreateDate"] == role["CreateDate"] and got["CreateDate"].microsecond == 0
    iam.get_waiter("role_exists").wait(RoleName=name)


def test_documents_come_back_as_they_were(iam, role, name):
    text = json.dumps(POLICY, indent=3) + "\n"
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=text)
    answers = []
    iam.meta.events.register_last("after-call.iam.GetRolePolicy",
                                  lambda http_response, **_: answers.append(http_response.text))
    got = iam.get_role_policy(RoleName=name, PolicyName="p")
    assert got["PolicyDocument"] == POLICY
    assert "%2525" not in answers[-1] and "a%253Ab" in answers[-1] and "%0A" in answers[-1]


def test_the_life_of_a_role_as_cloudformation_has_it(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Path="/service/",
                    Description="d", Tags=[{"Key": "k", "Value": "v"}])
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(POLICY))
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == [
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["inline"]
    assert iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert code(iam.delete_role, RoleName=name)[:2] == (409, "DeleteConflict")
    iam.detach_role_policy(RoleName=name, PolicyArn=BASIC)
    assert code(iam.delete_role, RoleName=name) == (
        409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)
    assert code(iam.get_role, RoleName=name) == (
        404, "NoSuchEntity", f"The role with name {name} cannot be found.")


def test_terraform_reads_a_role_and_deletes_it(iam, role, name):
    iam.get_role(RoleName=name)
    assert iam.list_role_policies(RoleName=name)["IsTruncated"] is False
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "b"}])
    iam.untag_role(RoleName=name, TagKeys=["a"])
    iam.update_role(RoleName=name, Description="x", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(TRUST))
    assert "Tags" not in iam.get_role(RoleName=name)["Role"]


def test_terraform_keeps_five_versions_of_a_policy(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    for _ in range(6):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) == 5:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]),
                         key=lambda v: int(v["VersionId"][1:]))
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(POLICY),
                                  SetAsDefault=True)
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert policy["DefaultVersionId"] == "v7" and policy["AttachmentCount"] == 0
    got = iam.get_policy_version(PolicyArn=arn, VersionId="v7")["PolicyVersion"]
    assert got["Document"] == POLICY and got["IsDefaultVersion"]
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    assert code(iam.get_policy, PolicyArn=arn) == (
        404, "NoSuchEntity", f"Policy {arn} was not found.")


def test_a_user_with_all_that_is_theirs(iam, name):
    user = iam.create_user(UserName=name, Path="/people/")["User"]
    assert user["Arn"].endswith(f":user/people/{name}") and user["UserId"].startswith("AIDA")
    iam.get_waiter("user_exists").wait(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert [u["UserName"] for u in iam.get_group(GroupName=name)["Users"]] == [name]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert len(key["SecretAccessKey"]) == 40 and key["Status"] == "Active"
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert [(k["AccessKeyId"], k["Status"]) for k in listed] == [(key["AccessKeyId"], "Inactive")]
    assert code(iam.get_login_profile, UserName=name)[:2] == (404, "NoSuchEntity")
    assert iam.list_mfa_devices(UserName=name)["MFADevices"] == []
    assert iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"] == []
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.remove_user_from_group(GroupName=name, UserName=name)
    iam.delete_group(GroupName=name)
    iam.delete_user(UserName=name)


def test_an_instance_profile_holds_a_role(iam, role, name):
    iam.create_instance_profile(InstanceProfileName=name)
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    got = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [r["RoleName"] for r in got["Roles"]] == [name]
    assert code(iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=name) == (
        409, "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)


@pytest.mark.parametrize("document, message", [
    ("{", "This policy contains invalid Json"),
    ({"Version": "2012-10-17", "Statement": {**TRUST["Statement"][0], "Resource": "*"}},
     "Has prohibited field Resource"),
    ({"Version": "2012-10-17", "Statement": {**TRUST["Statement"][0], "Action": "s3:*"}},
     "AssumeRole policy may only specify STS AssumeRole actions."),
])
def test_trust_that_is_no_trust(iam, name, document, message):
    text = document if isinstance(document, str) else json.dumps(document)
    assert code(iam.create_role, RoleName=name, AssumeRolePolicyDocument=text) == (
        400, "MalformedPolicyDocument", message)


def test_trust_in_nobody(iam, role, name):
    arn = role["Arn"] + "-which-is-not-there"
    document = {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}}
    assert code(iam.update_assume_role_policy, RoleName=name,
                PolicyDocument=json.dumps(document)) == (
        400, "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"')


def test_policies_of_aws(iam, role, name):
    without_path = BASIC.replace("service-role/", "")
    assert code(iam.attach_role_policy, RoleName=name, PolicyArn=without_path) == (
        404, "NoSuchEntity", f"Policy {without_path} does not exist or is not attachable.")
    policy = iam.get_policy(PolicyArn=BASIC)["Policy"]
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=policy["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"]["Statement"][0]["Effect"] == "Allow"
    names = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(
        Scope="AWS", PaginationConfig={"PageSize": 60}) for p in page["Policies"]]
    assert len(names) == len(set(names)) > 100 and "AdministratorAccess" in names


def test_pages(iam, name):
    made = [f"{name}-{i}" for i in range(7)]
    for one in made:
        iam.create_role(RoleName=one, AssumeRolePolicyDocument=json.dumps(TRUST),
                        Path=f"/{name}/")
    try:
        pages = list(iam.get_paginator("list_roles").paginate(
            PathPrefix=f"/{name}/", PaginationConfig={"PageSize": 3}))
        assert [r["RoleName"] for page in pages for r in page["Roles"]] == made
        assert [page["IsTruncated"] for page in pages] == [True, True, False]
        assert "Marker" not in pages[-1]
        assert code(iam.list_roles, Marker="nonsense")[1] == "ValidationError"
    finally:
        for one in made:
            iam.delete_role(RoleName=one)


def test_the_account(iam):
    assert iam.get_account_summary()["SummaryMap"]["RolesQuota"] >= 1000
    assert len(iam.list_account_aliases()["AccountAliases"]) <= 1
    pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
    assert all("RoleDetailList" in page for page in pages)


@pytest.mark.lapwing
def test_any_signing_region_means_the_same_account(endpoint, role, name):
    other = boto3.client("iam", endpoint_url=endpoint, region_name="eu-west-1",
                         aws_access_key_id="test", aws_secret_access_key="test",
                         config=Config(retries={"max_attempts": 0}))
    assert other.get_role(RoleName=name)["Role"]["RoleId"] == role["RoleId"]


@pytest.mark.lapwing
def test_what_is_not_evaluated_says_so(iam, role):
    status, error, message = code(iam.simulate_principal_policy, PolicySourceArn=role["Arn"],
                                  ActionNames=["s3:GetObject"])
    assert (status, error) == (501, "NotImplemented") and "SimulatePrincipalPolicy" in message


def test_names_in_words_of_their_own(iam):
    assert code(iam.create_role, RoleName="a b", AssumeRolePolicyDocument=json.dumps(TRUST)) == (
        400, "ValidationError",
        "The specified value for roleName is invalid. It must contain only alphanumeric "
        "characters and/or the following: +=,.@_-")


def test_an_openid_connect_provider(iam, name):
    url = f"https://{name}.example.com/path"
    arn = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["a" * 40])["OpenIDConnectProviderArn"]
    try:
        got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert (got["Url"], got["ClientIDList"]) == (url[len("https://"):], ["sts.amazonaws.com"])
        assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn,
                                         Tags=[{"Key": "a", "Value": "b"}])
        assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"]
        assert code(iam.create_open_id_connect_provider, Url=url)[:2] == (
            409, "EntityAlreadyExists")
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert code(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == (
        404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")

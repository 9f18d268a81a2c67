"""What deploy tools ask of IAM and STS, call by call in their order, and what they read of each
answer. CloudFormation's handlers (SAM, the CDK, the Serverless Framework) are here, too: they call
IAM as anybody does."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError
from waiting import eventually

LAMBDA = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]},
     "Action": ["sts:AssumeRole"]}]}
LOGS = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:CreateLogGroup"],
     "Resource": ["arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/x*:*"]}]}
LAMBDA_USE = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}
MANAGED = "arn:aws:iam::aws:policy/"
# Made for these tests: example.com, until 2036.
CERTIFICATE = "\n".join((
    "-----BEGIN CERTIFICATE-----",
    "MIIBgTCCASegAwIBAgIUOVJahHH6ImM63ijjkzcZVnszpw4wCgYIKoZIzj0EAwIw",
    "FjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wHhcNMjYxMTMwMDIyMDM3WhcNMzYxMTI3",
    "MDIyMDM3WjAWMRQwEgYDVQQDDAtleGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqG",
    "SM49AwEHA0IABCtjJvoyMt71chqv58dIZqyaPWkboj2C2+NPtjEIjxufhJEcX1Fc",
    "FNu661H9a33wG5xdPjMOVD5Yztn+prRdpNujUzBRMB0GA1UdDgQWBBRAD7JbiJBx",
    "AzmzA8HgCM4l8gHpGDAfBgNVHSMEGDAWgBRAD7JbiJBxAzmzA8HgCM4l8gHpGDAP",
    "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEu5bZL3f2MSls29ZHtf",
    "4DJOL/ltJiWj+ucRjIJDlSU8AiEAzRKHGiiylpw8gAlzHHgDC+f6snMYgInR/lq2",
    "gm9eSuE=",
    "-----END CERTIFICATE-----",
))
CERTIFICATE_KEY = "\n".join((
    "-----BEGIN PRIVATE KEY-----",
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvv//fvkTeCXwWCy2",
    "fpZXsihbghUVXBgeX9V5VQ1mAgihRANCAAQrYyb6MjLe9XIar+fHSGasmj1pG6I9",
    "gtvjT7YxCI8bn4SRHF9RXBTbuutR/Wt98BucXT4zDlQ+WM7Z/qa0XaTb",
    "-----END PRIVATE KEY-----",
))
SSH_KEY = ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCNU+sRFhaiu0Euf9tbNjjHdFva8TECgGAGnJGZYhj+ge5Vuln"
           "CK9719ZoKWrDmqadZzPoKOoZqelm3wpkBjNnss3nC2uxT0pBKGqGkfO9XGm/BxonoXY2F15sCnTkqCb8GrRASrcL"
           "J7Eo8HcL9IsKbwxsPFYRF0ud+nyl88IOXLAW70VxHYZ0GEhse8PnJs+rZw6qB6VMwnrgWvCn3LFw/PoVRHwqUJwv"
           "2tnTn//gJBuJy5tMC13EJ5/KLk9mzRfzjoXRcaHa7YfiNJK0ZseNHinBZ8OWWoOqxd0cigp8d5QKCcnxb/MdKWFU"
           "Dso+1DnumAcgztmQhJqqFmRrx91qX")


@pytest.fixture(scope="module")
def iam(client):
    return client("iam")


@pytest.fixture(scope="module")
def account(client):
    return client("sts").get_caller_identity()["Account"]


@pytest.fixture
def name():
    return "tools-" + uuid.uuid4().hex[:12]


def gone(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"] == "NoSuchEntity"


def read_role(iam, name):
    """As CloudFormation and Terraform read a role: everything, for drift."""
    role = iam.get_role(RoleName=name)["Role"]
    inline = {policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
              for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
              for policy in page["PolicyNames"]}
    attached = [policy["PolicyArn"] for page in
                iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
                for policy in page["AttachedPolicies"]]
    tags = iam.list_role_tags(RoleName=name)["Tags"]
    return role, inline, sorted(attached), tags


def delete_role(iam, name):
    """As every tool does: what is on the role, then the role."""
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for profile in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(
            InstanceProfileName=profile["InstanceProfileName"], RoleName=name)
    iam.delete_role(RoleName=name)
    assert gone(iam.get_role, RoleName=name)


@pytest.mark.parametrize("managed", [
    ["service-role/AWSLambdaBasicExecutionRole"],
    ["service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaSQSQueueExecutionRole",
     "AWSXrayWriteOnlyAccess", "service-role/AWSLambdaVPCAccessExecutionRole"],
])
def test_sam_makes_a_functions_role(iam, name, managed):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(LAMBDA),
                    Tags=[{"Key": "lambda:createdBy", "Value": "SAM"}])
    arns = sorted(MANAGED + policy for policy in managed)
    try:
        for arn in arns:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)  # again changes nothing
        # A policy template of SAM: it names actions that do not exist.
        template = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["sqs:DeleteMessage", "sqs:DeleteMessageBatch",
                                           "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
             "Resource": "arn:aws:sqs:us-east-1:000000000000:q"}]}
        iam.put_role_policy(RoleName=name, PolicyName="FRolePolicy0",
                            PolicyDocument=json.dumps(template))
        role, inline, attached, tags = read_role(iam, name)
        assert role["AssumeRolePolicyDocument"] == LAMBDA
        assert (inline, attached) == ({"FRolePolicy0": template}, arns)
        assert tags == [{"Key": "lambda:createdBy", "Value": "SAM"}]
    finally:
        delete_role(iam, name)


def test_the_cdk_bootstraps_and_assumes(iam, client, account, name, against_aws):
    def trust(principal):
        return {"Version": "2012-10-17", "Statement": [
            {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}]}
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    roles = {f"cdk-{name}-{part}": root for part in (
        "file-publishing-role", "image-publishing-role", "lookup-role", "deploy-role")}
    roles[f"cdk-{name}-cfn-exec-role"] = {"Service": "cloudformation.amazonaws.com"}
    made = {}
    try:
        for role, principal in roles.items():
            made[role] = iam.create_role(
                RoleName=role, AssumeRolePolicyDocument=json.dumps(trust(principal)),
                Tags=[{"Key": "aws-cdk:bootstrap-role", "Value": role.split("-", 3)[-1]}])["Role"]
        for role in roles:
            iam.put_role_policy(RoleName=role, PolicyName="default", PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Resource": "*", "Action": "s3:GetObject*", "Condition": {
                        "StringEquals": {"aws:ResourceAccount": [account]}}}]}))
        iam.attach_role_policy(RoleName=f"cdk-{name}-lookup-role",
                               PolicyArn=MANAGED + "ReadOnlyAccess")
        iam.attach_role_policy(RoleName=f"cdk-{name}-cfn-exec-role",
                               PolicyArn=MANAGED + "AdministratorAccess")
        for role in roles:
            got, inline, _, _ = read_role(iam, role)
            assert got["AssumeRolePolicyDocument"] == trust(roles[role])
            assert list(inline) == ["default"]
        if against_aws:
            return  # new roles cannot be assumed at once
        for part in ("file-publishing-role", "deploy-role", "lookup-role"):
            role = made[f"cdk-{name}-{part}"]
            session = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="aws-cdk-me")
            assert session["AssumedRoleUser"]["AssumedRoleId"] == role["RoleId"] + ":aws-cdk-me"
    finally:
        for role in made:
            delete_role(iam, role)


def test_the_serverless_framework_makes_one_role(iam, client, account, name):
    assert client("sts").get_caller_identity()["Account"] == account
    iam.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument=json.dumps(LAMBDA))
    iam.put_role_policy(RoleName=name, PolicyName=f"dev-{name}-lambda",
                        PolicyDocument=json.dumps(LOGS))
    role, inline, attached, _ = read_role(iam, name)
    assert (role["Path"], inline, attached) == ("/", {f"dev-{name}-lambda": LOGS}, [])
    delete_role(iam, name)


def test_terraform_aws_iam_role(iam, client, name):
    client("sts").get_caller_identity()
    iam.create_role(RoleName=name, Path="/app/", Description="d", MaxSessionDuration=3600,
                    AssumeRolePolicyDocument=json.dumps(LAMBDA, separators=(",", ":")),
                    Tags=[{"Key": "env", "Value": "dev"}])
    role, _, _, _ = read_role(iam, name)
    assert (role["MaxSessionDuration"], role["Description"], role["Path"]) == (3600, "d", "/app/")
    assert role["Tags"] == [{"Key": "env", "Value": "dev"}] and "PermissionsBoundary" not in role
    # In place: description, length of sessions, trust, tags, boundary.
    iam.update_role(RoleName=name, Description="e", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(LAMBDA))
    iam.untag_role(RoleName=name, TagKeys=["env"])
    iam.tag_role(RoleName=name, Tags=[{"Key": "stage", "Value": "prod"}])
    iam.put_role_permissions_boundary(RoleName=name,
                                      PermissionsBoundary=MANAGED + "PowerUserAccess")
    role, _, _, tags = read_role(iam, name)
    assert (role["MaxSessionDuration"], role["Description"]) == (7200, "e")
    assert tags == [{"Key": "stage", "Value": "prod"}]
    assert role["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": MANAGED + "PowerUserAccess"}
    iam.delete_role_permissions_boundary(RoleName=name)
    delete_role(iam, name)


def test_terraform_aws_iam_policy_and_attachment(iam, name):
    arn = iam.create_policy(PolicyName=name, Path="/app/", Description="d",
                            PolicyDocument=json.dumps(LOGS),
                            Tags=[{"Key": "a", "Value": "b"}])["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(LAMBDA))
    try:
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        assert version["PolicyVersion"]["Document"] == LOGS
        assert (policy["Description"], policy["Path"]) == ("d", "/app/")
        assert policy["Tags"] == [{"Key": "a", "Value": "b"}]
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert attached == [{"PolicyName": name, "PolicyArn": arn}]
        entities = iam.list_entities_for_policy(PolicyArn=arn)
        assert [role["RoleName"] for role in entities["PolicyRoles"]] == [name]
        with pytest.raises(ClientError) as used:
            iam.delete_policy(PolicyArn=arn)
        assert used.value.response["Error"]["Code"] == "DeleteConflict"
        changed = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(LAMBDA_USE),
                                            SetAsDefault=True)["PolicyVersion"]
        assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == changed["VersionId"]
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        assert gone(iam.detach_role_policy, RoleName=name, PolicyArn=arn)
    finally:
        delete_role(iam, name)
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)
    assert gone(iam.get_policy, PolicyArn=arn)


def test_terraform_aws_iam_user_with_a_key(iam, name):
    iam.create_user(UserName=name, Path="/ci/", Tags=[{"Key": "a", "Value": "b"}])
    user = iam.get_user(UserName=name)["User"]
    assert user["Tags"] == [{"Key": "a", "Value": "b"}] and user["Path"] == "/ci/"
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert key["Status"] == "Active"
    listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert [one["AccessKeyId"] for one in listed] == [key["AccessKeyId"]]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["UserName"] == name
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(LOGS))
    assert iam.get_user_policy(UserName=name, PolicyName="p")["PolicyDocument"] == LOGS
    iam.attach_user_policy(UserName=name, PolicyArn=MANAGED + "ReadOnlyAccess")
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=name)["Groups"]] == [name]
    # force_destroy: everything that may be there, then the user.
    iam.remove_user_from_group(GroupName=name, UserName=name)
    iam.delete_group(GroupName=name)
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for one in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=one["AccessKeyId"])
    assert iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"] == []
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["IsTruncated"] in (True, False)
    assert iam.list_mfa_devices(UserName=name)["MFADevices"] == []
    assert iam.list_signing_certificates(UserName=name)["Certificates"] == []
    assert iam.list_service_specific_credentials(
        UserName=name)["ServiceSpecificCredentials"] == []
    assert gone(iam.delete_login_profile, UserName=name)
    iam.delete_user(UserName=name)
    assert gone(iam.get_user, UserName=name)


def test_terraform_aws_iam_user_login_profile(iam, name):
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password="Correct-horse-battery1",
                             PasswordResetRequired=True)
    profile = iam.get_login_profile(UserName=name)["LoginProfile"]
    assert (profile["UserName"], profile["PasswordResetRequired"]) == (name, True)
    with pytest.raises(ClientError) as held:
        iam.delete_user(UserName=name)
    assert held.value.response["Error"]["Code"] == "DeleteConflict"

    def delete():  # a new profile cannot be changed for some seconds on AWS
        try:
            iam.delete_login_profile(UserName=name)
            return True
        except iam.exceptions.EntityTemporarilyUnmodifiableException:
            return False
    assert eventually(delete)
    iam.delete_user(UserName=name)


def test_terraform_aws_iam_user_ssh_key(iam, name):
    iam.create_user(UserName=name)
    key = iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=SSH_KEY)["SSHPublicKey"]
    got = iam.get_ssh_public_key(UserName=name, SSHPublicKeyId=key["SSHPublicKeyId"],
                                 Encoding="SSH")["SSHPublicKey"]
    assert got["SSHPublicKeyBody"].startswith(SSH_KEY)
    assert got["Fingerprint"] == "c6:78:8e:3f:03:67:8b:38:10:de:dc:9e:96:22:b2:c9"
    iam.update_ssh_public_key(UserName=name, SSHPublicKeyId=key["SSHPublicKeyId"],
                              Status="Inactive")
    iam.delete_ssh_public_key(UserName=name, SSHPublicKeyId=key["SSHPublicKeyId"])
    iam.delete_user(UserName=name)


def test_terraform_aws_iam_service_specific_credential(iam, account, name):
    iam.create_user(UserName=name)
    made = iam.create_service_specific_credential(
        UserName=name, ServiceName="codecommit.amazonaws.com")["ServiceSpecificCredential"]
    assert made["ServiceUserName"] == f"{name}-at-{account}" and made["ServicePassword"]
    listed = iam.list_service_specific_credentials(
        UserName=name, ServiceName="codecommit.amazonaws.com")["ServiceSpecificCredentials"]
    assert [one["ServiceSpecificCredentialId"] for one in listed] == [
        made["ServiceSpecificCredentialId"]]
    iam.delete_service_specific_credential(
        UserName=name, ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"])
    iam.delete_user(UserName=name)


def test_terraform_aws_iam_virtual_mfa_device(iam, account, name):
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name, Path="/")["VirtualMFADevice"]
    assert made["SerialNumber"] == f"arn:aws:iam::{account}:mfa/{name}"
    assert len(made["Base32StringSeed"]) == 64
    listed = [device["SerialNumber"] for page in iam.get_paginator(
        "list_virtual_mfa_devices").paginate(AssignmentStatus="Any")
        for device in page["VirtualMFADevices"]]
    assert made["SerialNumber"] in listed
    iam.delete_virtual_mfa_device(SerialNumber=made["SerialNumber"])


def test_terraform_aws_iam_saml_provider(iam, account, name):
    document = ('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="idp">'
                '<IDPSSODescriptor protocolSupportEnumeration="'
                'urn:oasis:names:tc:SAML:2.0:protocol"><SingleSignOnService Binding="'
                'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com"'
                '/></IDPSSODescriptor></EntityDescriptor>' + " " * 1000)
    arn = iam.create_saml_provider(Name=name, SAMLMetadataDocument=document)["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{account}:saml-provider/{name}"
    got = iam.get_saml_provider(SAMLProviderArn=arn)
    assert got["SAMLMetadataDocument"] == document and got["ValidUntil"] > got["CreateDate"]
    assert arn in [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]]
    iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=document)
    iam.delete_saml_provider(SAMLProviderArn=arn)
    assert gone(iam.get_saml_provider, SAMLProviderArn=arn)


def test_terraform_aws_iam_server_certificate(iam, account, name):
    made = iam.upload_server_certificate(
        ServerCertificateName=name, CertificateBody=CERTIFICATE, PrivateKey=CERTIFICATE_KEY,
        Tags=[{"Key": "a", "Value": "b"}])["ServerCertificateMetadata"]
    assert made["Arn"] == f"arn:aws:iam::{account}:server-certificate/{name}"
    assert made["Expiration"].year == 2036
    got = iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"]
    assert got["CertificateBody"].strip() == CERTIFICATE and got["Tags"]
    iam.delete_server_certificate(ServerCertificateName=name)
    assert gone(iam.get_server_certificate, ServerCertificateName=name)


def test_terraform_aws_iam_instance_profile(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(LAMBDA))
    iam.create_instance_profile(InstanceProfileName=name, Tags=[{"Key": "a", "Value": "b"}])
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == [name]
    assert profile["Tags"] == [{"Key": "a", "Value": "b"}]
    delete_role(iam, name)
    iam.delete_instance_profile(InstanceProfileName=name)
    assert gone(iam.get_instance_profile, InstanceProfileName=name)


@pytest.mark.lapwing  # an account has one of each
def test_terraform_account_alias_and_password_policy(iam, name):
    iam.create_account_alias(AccountAlias=name)
    assert iam.list_account_aliases()["AccountAliases"] == [name]
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["RequireSymbols"]) == (14, True)
    iam.delete_account_password_policy()
    assert gone(iam.get_account_password_policy)
    iam.delete_account_alias(AccountAlias=name)
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_pulumi_reads_before_it_changes(iam, client, account, name):
    """Pulumi's provider is Terraform's: who am I, then a role, refreshed and deleted."""
    assert client("sts").get_caller_identity()["Arn"].split(":")[4] == account
    assert gone(iam.get_role, RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(LAMBDA))
    iam.get_waiter("role_exists").wait(RoleName=name)
    iam.attach_role_policy(RoleName=name,
                           PolicyArn=MANAGED + "service-role/AWSLambdaBasicExecutionRole")
    _, inline, attached, tags = read_role(iam, name)
    assert (inline, len(attached), tags) == ({}, 1, [])
    delete_role(iam, name)


@pytest.mark.lapwing  # a report of an account takes AWS a while, and is kept for hours
def test_the_credential_report(iam, name):
    assert iam.generate_credential_report()["State"] in ("STARTED", "COMPLETE")
    iam.create_user(UserName=name)
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    lines = [line.split(",") for line in report["Content"].decode().splitlines()]
    assert lines[0][:2] == ["user", "arn"] and len({len(line) for line in lines}) == 1
    assert {"<root_account>", name} <= {line[0] for line in lines}
    iam.delete_user(UserName=name)

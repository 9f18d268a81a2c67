"""Functions in VPCs: what their security groups let out goes, and nothing else (the rest of their
network is test_network.py's)."""
import json

import boto3
import pytest
from internet import SITE_NAME, SITE_V4, SITE_V6, usable
from test_network import Client, internet, server_in  # noqa: F401  (a fixture among them)

pytestmark = pytest.mark.skipif(usable() is not None, reason=usable() or "")

SITE = f"http://{SITE_V4}/"
UDP = [[SITE_V4, 7]]


@pytest.fixture(scope="module")
def client(internet, tmp_path_factory):  # noqa: F811
    server = server_in(internet, tmp_path_factory.mktemp("vpc") / "data").start()
    yield Client(server)
    server.stop()


def ec2_of(server):
    return boto3.client("ec2", endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="module")
def ec2(client):
    return ec2_of(client.server)


def tcp(port, to=SITE_V4 + "/32"):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": to}]}


ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture
def group(ec2, request):
    """A security group that lets out nothing."""
    made = ec2.create_security_group(GroupName=request.node.name, Description="d")["GroupId"]
    ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[ALL])
    return made


@pytest.fixture
def vpc(ec2, group):
    return {"SubnetIds": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "SecurityGroupIds": [group]}


def goes(client, name, **what):
    """Whether each of these goes."""
    return [kind == "got" for each in client(name, **what).values() for kind, _ in each.values()]


def test_the_default_group_lets_out_everything(client, ec2):
    subnets = ec2.describe_subnets()["Subnets"]
    default = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    client.deploy("default", VpcConfig={"SubnetIds": [each["SubnetId"] for each in subnets],
                                        "SecurityGroupIds": [default]})
    assert goes(client, "default", get=[SITE], udp=UDP) == [True, True]


def test_only_what_a_group_names_goes(client, ec2, group, vpc):
    client.deploy("closed", VpcConfig=vpc)
    assert goes(client, "closed", get=[SITE], udp=UDP) == [False, False]
    # Names, and Lapwing's own API, are no concern of groups.
    assert client("closed", resolve=[SITE_NAME])["resolve"][SITE_NAME][0] == "got"
    kind, text = client("closed", endpoint=1)
    assert kind == "got" and json.loads(text)["status"] == "ok"
    # Groups that change are those of functions that run already.
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(81), tcp(80, "10.0.0.0/8")])
    assert goes(client, "closed", get=[SITE], udp=UDP) == [False, False]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(80)])
    assert goes(client, "closed", get=[SITE], udp=UDP) == [True, False]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{
        "IpProtocol": "udp", "FromPort": 1, "ToPort": 7, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}])
    assert goes(client, "closed", get=[SITE], udp=UDP) == [True, True]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[tcp(80)])
    assert goes(client, "closed", get=[SITE], udp=UDP) == [False, True]


def test_others_are_as_they_were(client, vpc):
    client.deploy("inside", VpcConfig=vpc)
    client.deploy("outside")
    assert goes(client, "inside", get=[SITE]) == [False]
    assert goes(client, "outside", get=[SITE], udp=UDP) == [True, True]
    # Out of its VPC, and back.
    client.aws.update_function_configuration(
        FunctionName="inside", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    client.aws.get_waiter("function_updated_v2").wait(FunctionName="inside")
    assert goes(client, "inside", get=[SITE]) == [True]
    client.aws.update_function_configuration(FunctionName="inside", VpcConfig=vpc)
    client.aws.get_waiter("function_updated_v2").wait(FunctionName="inside")
    assert goes(client, "inside", get=[SITE]) == [False]


def test_ipv6_is_asked_for(client, ec2, group, vpc):
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{
        "IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}])
    client.deploy("four", VpcConfig=vpc)
    client.deploy("six", VpcConfig={**vpc, "Ipv6AllowedForDualStack": True})
    site = [f"http://[{SITE_V6}]/"]
    assert goes(client, "four", get=site) == [False]
    assert goes(client, "six", get=site + [SITE]) == [True, False]


def test_rules_are_there_after_a_kill(internet, tmp_path):  # noqa: F811
    server = server_in(internet, tmp_path / "data").start()
    try:
        ec2 = ec2_of(server)
        group = ec2.create_security_group(GroupName="kept", Description="d")["GroupId"]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[ALL])
        Client(server).deploy("kept", VpcConfig={
            "SubnetIds": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "SecurityGroupIds": [group]})
        for _ in range(2):
            assert goes(Client(server), "kept", get=[SITE]) == [False]
            server.kill()
            server.start()
        ec2_of(server).authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(80)])
        assert goes(Client(server), "kept", get=[SITE]) == [True]
    finally:
        server.stop()


def test_what_a_function_uses_stays(client, ec2, group, vpc):
    client.deploy("user", VpcConfig=vpc)
    for call in (lambda: ec2.delete_security_group(GroupId=group),
                 lambda: ec2.delete_subnet(SubnetId=vpc["SubnetIds"][0])):
        with pytest.raises(ec2.exceptions.ClientError, match="DependencyViolation"):
            call()
    client.aws.delete_function(FunctionName="user")
    ec2.delete_security_group(GroupId=group)

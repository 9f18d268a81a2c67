"""VPCs, subnets and security groups by boto3, as deploy tools ask for them."""
import pytest
from botocore.exceptions import ClientError


def refused(call, code, text=None):
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code, caught.value
    assert text is None or caught.value.response["Error"]["Message"] == text, caught.value


def named(**filters):
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]


def test_the_default_vpc(ec2):
    """What Terraform's aws_default_* and the CDK's look-ups read."""
    vpc, = ec2.describe_vpcs(Filters=named(is_default="true"))["Vpcs"]
    assert vpc["CidrBlock"] == "172.31.0.0/16" and vpc["State"] == "available"
    inside = named(vpc_id=vpc["VpcId"])
    subnets = ec2.describe_subnets(Filters=inside + named(default_for_az="true"))["Subnets"]
    zones = {zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
    assert {subnet["AvailabilityZone"] for subnet in subnets} <= zones
    group, = ec2.describe_security_groups(Filters=inside + named(group_name="default"))[
        "SecurityGroups"]
    assert group["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    table, = ec2.describe_route_tables(
        Filters=inside + [{"Name": "association.main", "Values": ["true"]}])["RouteTables"]
    assert {route["GatewayId"][:4] for route in table["Routes"]} == {"loca", "igw-"}
    acl, = ec2.describe_network_acls(Filters=inside + named(default="true"))["NetworkAcls"]
    assert acl["IsDefault"] and len(acl["Entries"]) >= 4
    gateway, = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}])["InternetGateways"]
    assert gateway["InternetGatewayId"].startswith("igw-")
    attributes = ec2.describe_account_attributes(AttributeNames=["default-vpc"])
    assert attributes["AccountAttributes"][0]["AttributeValues"] == [
        {"AttributeValue": vpc["VpcId"]}]
    assert "us-east-1" in {region["RegionName"] for region in ec2.describe_regions()["Regions"]}


def test_a_vpc(ec2, vpc):
    shown, = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert shown["CidrBlockAssociationSet"][0]["CidrBlockState"] == {"State": "associated"}
    assert shown["IsDefault"] is False and shown["InstanceTenancy"] == "default"
    for attribute, member in (("enableDnsSupport", "EnableDnsSupport"),
                              ("enableDnsHostnames", "EnableDnsHostnames"),
                              ("enableNetworkAddressUsageMetrics",
                               "EnableNetworkAddressUsageMetrics")):
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        assert answer[member]["Value"] is (attribute == "enableDnsSupport")
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")[
        "EnableDnsHostnames"]["Value"]
    refused(lambda: ec2.create_vpc(CidrBlock="10.0.0.0/8"), "InvalidVpc.Range",
            "The CIDR '10.0.0.0/8' is invalid.")
    refused(lambda: ec2.create_vpc(CidrBlock="ten"), "InvalidParameterValue")
    refused(lambda: ec2.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"]), "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-0123456789abcdef0' does not exist")
    refused(lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True), "DryRunOperation")


def test_subnets(ec2, vpc):
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24", TagSpecifications=[
        {"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "a"}]}])["Subnet"]
    assert made["AvailableIpAddressCount"] == 251 and made["Tags"] == [
        {"Key": "Name", "Value": "a"}]
    assert made["SubnetArn"].endswith(":subnet/" + made["SubnetId"])
    ec2.get_waiter("subnet_available").wait(SubnetIds=[made["SubnetId"]])
    refused(lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/25"),
            "InvalidSubnet.Conflict", "The CIDR '10.20.1.0/25' conflicts with another subnet")
    refused(lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.21.1.0/24"), "InvalidSubnet.Range")
    ec2.modify_subnet_attribute(SubnetId=made["SubnetId"], MapPublicIpOnLaunch={"Value": True})
    shown, = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["a"]},
                                           {"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert shown["MapPublicIpOnLaunch"] is True
    refused(lambda: ec2.delete_vpc(VpcId=vpc), "DependencyViolation",
            f"The vpc '{vpc}' has dependencies and cannot be deleted.")
    ec2.delete_subnet(SubnetId=made["SubnetId"])
    refused(lambda: ec2.describe_subnets(SubnetIds=[made["SubnetId"]]), "InvalidSubnetID.NotFound",
            f"The subnet ID '{made['SubnetId']}' does not exist")


def test_rules(ec2, group):
    """As Terraform's aws_vpc_security_group_ingress_rule makes, reads, changes and deletes one."""
    made, = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{
            "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
            "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "web"}]}],
        TagSpecifications=[{"ResourceType": "security-group-rule",
                            "Tags": [{"Key": "k", "Value": "v"}]}])["SecurityGroupRules"]
    rule = made["SecurityGroupRuleId"]
    shown, = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    assert (shown["CidrIpv4"], shown["FromPort"], shown["IsEgress"], shown["Tags"]) == (
        "10.0.0.0/8", 443, False, [{"Key": "k", "Value": "v"}])
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[{
        "SecurityGroupRuleId": rule, "SecurityGroupRule": {
            "IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "ReferencedGroupId": group}}])
    shown, = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    assert shown["ReferencedGroupInfo"]["GroupId"] == group and shown["ToPort"] == 54
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    refused(lambda: ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule]),
            "InvalidSecurityGroupRuleId.NotFound",
            f"The security group rule ID '{rule}' does not exist")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    refused(lambda: ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[everything]),
            "InvalidPermission.Duplicate",
            'the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists')
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    refused(lambda: ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything]),
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.")
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][
        "IpPermissionsEgress"] == []


def test_a_group_that_another_names_stays(ec2, vpc, group):
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc)["GroupId"]
    pair = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2,
             "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=pair)
    refused(lambda: ec2.delete_security_group(GroupId=group), "DependencyViolation",
            f"resource {group} has a dependent object")
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=pair)
    ec2.delete_security_group(GroupId=group)
    refused(lambda: ec2.delete_security_group(GroupId=group), "InvalidGroup.NotFound",
            f"The security group '{group}' does not exist")
    refused(lambda: ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc),
            "InvalidGroup.Duplicate",
            f"The security group 'other' already exists for VPC '{vpc}'")


def test_tags(ec2, vpc, group):
    ec2.create_tags(Resources=[vpc, group], Tags=[{"Key": "Name", "Value": "x"},
                                                  {"Key": "empty", "Value": ""}])
    pages = ec2.get_paginator("describe_tags").paginate(
        Filters=[{"Name": "resource-id", "Values": [vpc, group]}])
    assert {(tag["ResourceType"], tag["Key"], tag["Value"]) for page in pages
            for tag in page["Tags"]} == {
        (kind, key, value) for kind in ("vpc", "security-group")
        for key, value in (("Name", "x"), ("empty", ""))}
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "other"}, {"Key": "empty"}])
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "Name", "Value": "x"}]


def test_pages(ec2, vpc):
    made = {ec2.create_security_group(GroupName=f"g{number}", Description="d", VpcId=vpc)["GroupId"]
            for number in range(7)}
    pages = list(ec2.get_paginator("describe_security_groups").paginate(
        Filters=named(vpc_id=vpc), PaginationConfig={"PageSize": 5}))
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 3]
    assert made < {group["GroupId"] for page in pages for group in page["SecurityGroups"]}


@pytest.mark.lapwing
def test_what_is_not_built_says_its_name(ec2):
    with pytest.raises(ClientError) as caught:
        ec2.describe_instances()
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["Error"] == {"Code": "NotImplemented",
                               "Message": "ec2 DescribeInstances is not built in Lapwing yet."}
    for none in ("nat_gateways", "vpc_endpoints", "network_interfaces", "vpn_gateways"):
        answer = getattr(ec2, "describe_" + none)()
        assert [value for key, value in answer.items() if isinstance(value, list)] == [[]], answer

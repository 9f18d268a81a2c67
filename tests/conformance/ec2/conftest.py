import uuid

import pytest


@pytest.fixture(scope="session")
def ec2(client):
    return client("ec2")


@pytest.fixture
def vpc(ec2):
    """The id of a new VPC; deleted at the end, with its subnets and groups."""
    made = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[made])
    yield made
    inside = [{"Name": "vpc-id", "Values": [made]}]
    for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for group in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_vpc(VpcId=made)


@pytest.fixture
def group(ec2, vpc):
    return ec2.create_security_group(GroupName="g-" + uuid.uuid4().hex[:8], Description="of a test",
                                     VpcId=vpc)["GroupId"]

"""kill -9 while networks are made: what was acknowledged is there after a restart, nothing half."""
import random
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from conftest import LONG
from serving import Server
from waiting import eventually

ROUNDS = 10 if LONG else 3
MAKERS = 3


def ec2_of(server):
    return boto3.client("ec2", endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"max_attempts": 0}, read_timeout=60))


def make(server, maker, groups, rules, failures):
    ec2 = ec2_of(server)
    number = 0
    try:
        while True:
            number += 1
            group = ec2.create_security_group(GroupName=f"{maker}-{number}", Description="d")[
                "GroupId"]
            groups.add(group)
            made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{
                "IpProtocol": "tcp", "FromPort": number, "ToPort": number,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "11.0.0.0/8"}]}])
            rules.update(rule["SecurityGroupRuleId"] for rule in made["SecurityGroupRules"])
    except ClientError as error:
        failures.append(error)
    except BotoCoreError:
        pass  # the server is gone


def test_what_was_acknowledged_is_there(data_dir):
    default = None
    for round in range(ROUNDS):
        server = Server(data_dir).start()
        groups, rules, failures = set(), set(), []
        threads = [threading.Thread(target=make, args=(
            server, f"r{round}m{maker}", groups, rules, failures)) for maker in range(MAKERS)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(rules) >= 20 or failures)
        time.sleep(random.uniform(0, 0.5))
        server.kill()
        for thread in threads:
            thread.join(60)
        assert not failures, failures
        assert groups and rules
        server = Server(data_dir).start()
        ec2 = ec2_of(server)
        there = {each["GroupId"]: each for page in ec2.get_paginator(
            "describe_security_groups").paginate() for each in page["SecurityGroups"]}
        assert groups <= there.keys()
        assert rules <= {each["SecurityGroupRuleId"] for page in ec2.get_paginator(
            "describe_security_group_rules").paginate() for each in page["SecurityGroupRules"]}
        # Rules that were asked for together are there together.
        for group in there.values():
            ranges = [each["IpRanges"] for each in group["IpPermissionsEgress"]
                      if each["IpProtocol"] == "tcp"]
            assert all(len(each) == 2 for each in ranges), group
        vpcs = [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]]
        assert len(vpcs) == 1 and default in (None, vpcs[0])
        default = vpcs[0]
        for group in groups:
            ec2.delete_security_group(GroupId=group)
        server.stop()

"""Functions with tenant isolation, and in VPCs, by boto3."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError

CODE = '''
import os
count = 0

def handler(event, context):
    global count
    count += 1
    open("/tmp/seen", "a").write(str(context.tenant_id) + " ")
    return {"tenant": context.tenant_id, "count": count, "seen": open("/tmp/seen").read().split(),
            "stream": context.log_stream_name}
'''
TENANCY = {"TenantIsolationMode": "PER_TENANT"}
NEEDED = ("The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your "
          "request and try again.")


@pytest.fixture(scope="module")
def shared(deploy):
    return deploy(CODE, TenancyConfig=TENANCY)


def call(lam, name, tenant):
    answer = lam.invoke(FunctionName=name, TenantId=tenant)
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def refusal(make):
    with pytest.raises(ClientError) as caught:
        make()
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException", caught.value
    return caught.value.response["Error"]["Message"]


def test_each_tenant_has_its_own_environment(lam, shared):
    assert lam.get_function_configuration(FunctionName=shared)["TenancyConfig"] == TENANCY
    streams = {}
    for turn in (1, 2, 3):
        for tenant in ("blue", "green", "red/1"):
            seen = call(lam, shared, tenant)
            assert seen["tenant"] == tenant and seen["seen"] == [tenant] * turn, seen
            assert seen["count"] == turn
            assert streams.setdefault(tenant, seen["stream"]) == seen["stream"]
    assert len(set(streams.values())) == 3


def test_a_tenant_is_needed_or_not_wanted(lam, shared, deploy):
    assert refusal(lambda: lam.invoke(FunctionName=shared)) == NEEDED
    assert refusal(lambda: lam.invoke(FunctionName=shared, InvocationType="Event")) == NEEDED
    plain = deploy("def handler(event, context):\n    return context.tenant_id\n")
    assert json.loads(lam.invoke(FunctionName=plain)["Payload"].read()) is None
    refusal(lambda: lam.invoke(FunctionName=plain, TenantId="blue"))


def test_events_keep_their_tenant(lam, shared, log_of, waited):
    name = shared
    lam.invoke(FunctionName=name, InvocationType="Event", TenantId="event",
               Payload=json.dumps({"x": 1}))
    for _ in range(100):
        seen = call(lam, name, "event")["seen"]
        if len(seen) > 1 and seen.count("event") == len(seen) and call(
                lam, name, "event")["count"] > len(seen):
            return
    pytest.fail(f"the event did not run for its tenant: {seen}")


def test_the_json_log_names_the_tenant(lam, deploy, log_of):
    name = deploy(CODE, TenancyConfig=TENANCY, LoggingConfig={"LogFormat": "JSON"})
    call(lam, name, "t-1")
    for _ in range(50):
        records = [json.loads(line) for line in log_of(name)]
        told = {record["type"] for record in records
                if record.get("record", {}).get("tenantId") == "t-1"}
        if {"platform.start", "platform.report"} <= told:
            return
    pytest.fail(f"no tenantId in {records}")


def test_what_does_not_go_with_tenants(client, lam, shared, role):
    version = lam.publish_version(FunctionName=shared)["Version"]
    refusal(lambda: lam.put_provisioned_concurrency_config(
        FunctionName=shared, Qualifier=version, ProvisionedConcurrentExecutions=1))
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="q-" + uuid.uuid4().hex[:8])["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    refusal(lambda: lam.create_event_source_mapping(
        FunctionName=shared, EventSourceArn=source["Attributes"]["QueueArn"]))
    assert json.loads(lam.invoke(FunctionName=shared, Qualifier=version, TenantId="blue")[
        "Payload"].read())["count"] == 1


def test_a_function_in_a_vpc(client, lam, deploy, waited):
    ec2 = client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="g-" + uuid.uuid4().hex[:8], Description="d",
                                      VpcId=vpc)["GroupId"]
    inside = {"SubnetIds": subnets, "SecurityGroupIds": [group]}
    name = deploy("def handler(event, context):\n    return 1\n", VpcConfig=inside)
    shown = lam.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert shown == {**inside, "VpcId": vpc, "Ipv6AllowedForDualStack": False}
    assert lam.invoke(FunctionName=name)["Payload"].read() == b"1"
    assert refusal(lambda: lam.update_function_configuration(
        FunctionName=name, VpcConfig={"SubnetIds": []})) == (
        "SubnetIds and SecurityIds must coexist or be both empty list.")
    assert refusal(lambda: lam.update_function_configuration(
        FunctionName=name, VpcConfig={**inside, "SubnetIds": ["subnet-0123456789abcdef0"]})) == (
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error "
        "Message: The subnet ID 'subnet-0123456789abcdef0' does not exist")
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    lam.update_function_configuration(FunctionName=name,
                                      VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    waited(name)
    shown = lam.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert (shown["VpcId"], shown["SubnetIds"], shown["SecurityGroupIds"]) == ("", [], [])
    ec2.delete_security_group(GroupId=group)

"""What follows log groups: subscriptions, metric filters, resource policies, live tails; and what
deploy tools read back of groups that have nothing of it."""
import json
import time
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from waiting import eventually

PRINTS = """
import base64, gzip, json

def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    print("GOT " + json.dumps(data))
"""


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def group(logs):
    name = f"/lapwing/conformance/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="stream")
    yield name
    logs.delete_log_group(logGroupName=name)


@pytest.fixture(scope="module")
def account(client):
    return client("sts").get_caller_identity()["Account"]


@pytest.fixture
def group_arn(logs, group, account):
    return f"arn:aws:logs:{logs.meta.region_name}:{account}:log-group:{group}"


def put(logs, group, *messages, stream="stream"):
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
        {"timestamp": now_ms(), "message": m} for m in messages])


def refused(call, code, message=None, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if message is not None:
        assert error["Message"] == message


def got(log_of, name):
    return [json.loads(line.split("GOT ", 1)[1]) for line in log_of(name) if "GOT " in line]


def permit(lam, logs, name, arn, principal=None):
    lam.add_permission(FunctionName=name, StatementId=uuid.uuid4().hex,
                       Action="lambda:InvokeFunction",
                       Principal=principal or f"logs.{logs.meta.region_name}.amazonaws.com",
                       SourceArn=arn + ":*")


def test_a_function_gets_what_matches(logs, lam, group, group_arn, account, deploy, log_of):
    name = deploy(PRINTS)
    function = lam.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    ask = {"logGroupName": group, "filterName": "errors", "filterPattern": "ERROR",
           "destinationArn": function}
    refused(logs.put_subscription_filter, "InvalidParameterException",
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
            "permission to execute your function.", **ask)
    permit(lam, logs, name, group_arn)
    logs.put_subscription_filter(**ask)
    put(logs, group, "ERROR one", "fine", "ERROR two")

    def messages():
        return sorted(e["message"] for data in got(log_of, name) for e in data["logEvents"])

    assert eventually(lambda: messages() == ["ERROR one", "ERROR two"]), log_of(name)
    data = got(log_of, name)[0]
    assert data["messageType"] == "DATA_MESSAGE"
    assert data["owner"] == account
    assert data["logGroup"] == group
    assert data["logStream"] == "stream"
    assert data["subscriptionFilters"] == ["errors"]
    ids = [e["id"] for d in got(log_of, name) for e in d["logEvents"]]
    assert len(set(ids)) == 2 and ids == sorted(ids)
    found = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert [f["filterName"] for f in found] == ["errors"]
    assert found[0]["destinationArn"] == function
    assert found[0]["distribution"] == "ByLogStream"
    logs.delete_subscription_filter(logGroupName=group, filterName="errors")
    assert logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []


def test_output_of_a_function_reaches_another_one(logs, lam, deploy, log_of, account):
    """And delimited patterns bring their fields."""
    talks = deploy("def handler(event, context):\n    print('10.0.0.1', 'GET', event['code'])\n")
    listens = deploy(PRINTS)
    group = "/aws/lambda/" + talks
    logs.create_log_group(logGroupName=group)
    permit(lam, logs, listens, f"arn:aws:logs:{logs.meta.region_name}:{account}:log-group:{group}",
           "logs.amazonaws.com")
    logs.put_subscription_filter(
        logGroupName=group, filterName="f", filterPattern="[ip, method, code=5*]",
        destinationArn=lam.get_function(FunctionName=listens)["Configuration"]["FunctionArn"])
    for code in (200, 503):
        lam.invoke(FunctionName=talks, Payload=json.dumps({"code": code}))
    assert eventually(lambda: got(log_of, listens)), log_of(listens)
    event = got(log_of, listens)[0]["logEvents"][0]
    assert event["message"] == "10.0.0.1 GET 503\n"
    assert event["extractedFields"] == {"ip": "10.0.0.1", "method": "GET", "code": "503"}
    logs.delete_log_group(logGroupName=group)


@pytest.mark.lapwing  # AWS lets it run on
def test_a_function_that_reads_its_own_group_ends(logs, lam, deploy, log_of, account):
    name = deploy("def handler(event, context):\n    print('RAN')\n")
    group = "/aws/lambda/" + name
    logs.create_log_group(logGroupName=group)
    permit(lam, logs, name, f"arn:aws:logs:{logs.meta.region_name}:{account}:log-group:{group}")
    logs.put_subscription_filter(
        logGroupName=group, filterName="f", filterPattern="RAN",
        destinationArn=lam.get_function(FunctionName=name)["Configuration"]["FunctionArn"])
    lam.invoke(FunctionName=name)

    def runs():
        return sum(line.startswith("RAN") for line in log_of(name))

    assert eventually(lambda: runs() >= 17, seconds=60), runs()
    time.sleep(2)
    assert runs() == 17  # the one that was asked for, and 16 in the chain
    logs.delete_log_group(logGroupName=group)


def test_limits_and_refusals(logs, lam, group, group_arn, deploy):
    name = deploy(PRINTS)
    function = lam.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    permit(lam, logs, name, group_arn)
    for filter_name in ("a", "b"):
        logs.put_subscription_filter(logGroupName=group, filterName=filter_name, filterPattern="",
                                     destinationArn=function)
    refused(logs.put_subscription_filter, "LimitExceededException", "Resource limit exceeded.",
            logGroupName=group, filterName="c", filterPattern="", destinationArn=function)
    refused(logs.delete_subscription_filter, "ResourceNotFoundException",
            "The specified subscription filter does not exist.", logGroupName=group,
            filterName="c")
    refused(logs.put_subscription_filter, "InvalidParameterException",
            "destinationArn for vendor kinesis cannot be used without roleArn",
            logGroupName=group, filterName="a", filterPattern="",
            destinationArn="arn:aws:kinesis:us-east-1:000000000000:stream/s")
    refused(logs.put_subscription_filter, "AccessDeniedException",
            "Cross-account lambda invocation passing is not allowed. You must use "
            "DestinationPolicies to create cross account lambda triggers.",
            logGroupName=group, filterName="a", filterPattern="",
            destinationArn="arn:aws:lambda:us-east-1:123456789012:function:f")


def test_metric_filters(logs, group):
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern="{ $.latency > 1 }",
                           metricTransformations=[{"metricName": "m", "metricNamespace": "n",
                                                   "metricValue": "$.latency"}])
    found = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert len(found) == 1
    assert found[0]["metricTransformations"][0]["metricValue"] == "$.latency"
    assert found[0]["applyOnTransformedLogs"] is False
    assert logs.describe_log_groups(
        logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 1
    refused(logs.put_metric_filter, "InvalidParameterException", logGroupName=group,
            filterName="f" * 513, filterPattern="",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n",
                                    "metricValue": "1"}])
    logs.delete_metric_filter(logGroupName=group, filterName="f")
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []
    matches = logs.test_metric_filter(filterPattern="[ip, ..., size]", logEventMessages=[
        "1.2.3.4 GET 12"])["matches"]
    assert matches[0]["eventNumber"] == 1
    assert matches[0]["extractedValues"]["$size"] == "12"


def test_resource_policies(logs):
    name = "conformance-" + uuid.uuid4().hex[:8]
    document = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
        "Action": ["logs:PutLogEvents", "logs:CreateLogStream"], "Resource": "*"}]})
    put_policy = logs.put_resource_policy(policyName=name, policyDocument=document)
    assert put_policy["resourcePolicy"]["policyName"] == name
    assert document in [p["policyDocument"]
                        for p in logs.describe_resource_policies()["resourcePolicies"]]
    logs.delete_resource_policy(policyName=name)
    refused(logs.delete_resource_policy, "ResourceNotFoundException", policyName=name)
    refused(logs.put_resource_policy, "InvalidParameterException", policyName=name,
            policyDocument="{")


def test_what_deploy_tools_read_back(logs, group, group_arn):
    assert logs.describe_account_policies(
        policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"] == []
    assert logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"] == []
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier=group)
    assert "transformerConfig" not in logs.get_transformer(logGroupIdentifier=group)
    assert logs.describe_deliveries()["deliveries"] == []
    refused(logs.get_delivery_source, "ResourceNotFoundException", name="none")
    found = logs.list_log_groups(logGroupNamePattern=group[-24:])["logGroups"]
    assert [g["logGroupArn"] for g in found] == [group_arn]


@pytest.fixture
def tail_client(endpoint):
    """Without the host prefix, which no name of this machine has."""
    if endpoint is None:
        return boto3.client("logs")
    return boto3.client("logs", endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(inject_host_prefix=False, read_timeout=30))


def test_live_tail(logs, tail_client, group, group_arn):
    stream = tail_client.start_live_tail(logGroupIdentifiers=[group_arn],
                                         logEventFilterPattern="ERROR")["responseStream"]
    events = iter(stream)
    start = next(events)["sessionStart"]
    assert start["logGroupIdentifiers"] == [group_arn]
    assert start["logEventFilterPattern"] == "ERROR"
    assert len(start["sessionId"]) == 36
    put(logs, group, "ERROR one", "fine")
    results, quiet, began = [], 0, time.monotonic()
    for event in events:
        update = event["sessionUpdate"]
        assert update["sessionMetadata"] == {"sampled": False}
        results += update["sessionResults"]
        quiet += not update["sessionResults"]
        if results and quiet >= 2 or time.monotonic() - began > 20:
            break
    assert [r["message"] for r in results] == ["ERROR one"]
    assert results[0]["logStreamName"] == "stream"
    assert results[0]["logGroupIdentifier"].endswith(":" + group)
    stream.close()


def test_live_tail_is_bounded_and_ends_with_its_client(logs, tail_client, group, group_arn):
    refused(tail_client.start_live_tail, "InvalidParameterException",
            logGroupIdentifiers=[group_arn], logStreamNames=["a"], logStreamNamePrefixes=["b"])
    refused(tail_client.start_live_tail, "ResourceNotFoundException",
            logGroupIdentifiers=[group_arn + "-none"])
    open_ones = [tail_client.start_live_tail(logGroupIdentifiers=[group_arn])["responseStream"]
                 for _ in range(2)]
    for each in open_ones:
        each.close()
    many = tail_client.start_live_tail(logGroupIdentifiers=[group_arn])["responseStream"]
    events = iter(many)
    assert "sessionStart" in next(events)
    next(events)  # a second has passed
    logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=[
        {"timestamp": now_ms(), "message": str(i)} for i in range(600)])
    update = next(e["sessionUpdate"] for e in events if e["sessionUpdate"]["sessionResults"])
    assert len(update["sessionResults"]) == 500
    assert update["sessionMetadata"]["sampled"] is True
    many.close()

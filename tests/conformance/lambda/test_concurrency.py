"""Reserved and provisioned concurrency through boto3: limits, throttles, environments ahead."""
import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from waiting import eventually

APP = '''
import os, time
calls = 0

def handler(event, context):
    global calls
    calls += 1
    if event.get("seconds"):
        time.sleep(event["seconds"])
    if event.get("die"):
        os._exit(1)
    return {"calls": calls, "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "stream": context.log_stream_name, "version": context.function_version}
'''


@pytest.fixture
def reserved(lam, deploy):
    """reserved(n): a function with that reservation, given back at the end."""
    made = []

    def make(n):
        name = deploy(APP)
        lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=n)
        made.append(name)
        return name
    yield make
    for name in made:
        lam.delete_function_concurrency(FunctionName=name)


def invoke(lam, name, event=None, **more):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
    return json.loads(answer["Payload"].read())


def refusal(call):
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value


def published(lam, name):
    return lam.publish_version(FunctionName=name)["Version"]


def ready(lam, name, qualifier, count):
    """Waits until so many environments stand by."""
    def look():
        config = lam.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return config if config["Status"] == "READY" and \
            config["AvailableProvisionedConcurrentExecutions"] == count else None
    config = eventually(look, 60)
    assert config, lam.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    return config


def test_reserved_concurrency_is_kept_and_shown(lam, deploy):
    name = deploy(APP)
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName=name)
    before = lam.get_account_settings()["AccountLimit"]
    put = lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=7)
    assert put["ReservedConcurrentExecutions"] == 7
    assert lam.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 7
    assert lam.get_function(FunctionName=name)["Concurrency"] == {
        "ReservedConcurrentExecutions": 7}
    limit = lam.get_account_settings()["AccountLimit"]
    assert limit["UnreservedConcurrentExecutions"] == \
        before["UnreservedConcurrentExecutions"] - 7
    error = refusal(lambda: lam.put_function_concurrency(
        FunctionName=name,
        ReservedConcurrentExecutions=before["UnreservedConcurrentExecutions"]))
    assert error.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "below its minimum value of [100]" in error.response["Error"]["Message"]
    lam.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName=name)
    assert "Concurrency" not in lam.get_function(FunctionName=name)


def test_a_reservation_of_zero_turns_a_function_off(lam, reserved):
    name = reserved(0)
    error = refusal(lambda: invoke(lam, name))
    assert isinstance(error, lam.exceptions.TooManyRequestsException)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert error.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert error.response["message"] == "Rate Exceeded."
    assert error.response["Error"]["Message"] == "Rate Exceeded."
    lam.delete_function_concurrency(FunctionName=name)
    assert invoke(lam, name)["calls"] == 1


def test_more_at_once_than_reserved_are_throttled(lam, reserved, log_of):
    name = reserved(1)
    running = threading.Thread(target=invoke, args=(lam, name, {"seconds": 4}))
    running.start()
    try:
        assert eventually(lambda: [line for line in log_of(name) if line.startswith("START")])
        error = refusal(lambda: invoke(lam, name))
        assert error.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    finally:
        running.join()
    assert invoke(lam, name)["calls"] == 2


def test_a_client_that_retries_gets_through(client, reserved):
    name = reserved(1)
    patient = client("lambda", retries={"max_attempts": 10, "mode": "standard"})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: invoke(patient, name, {"seconds": 0.05}), range(4)))
    assert len({answer["stream"] for answer in answers}) == 1


def test_requests_a_second_are_ten_for_each_reserved(lam, reserved):
    name = reserved(1)
    reasons = []
    for _ in range(40):
        try:
            invoke(lam, name)
        except lam.exceptions.TooManyRequestsException as error:
            reasons.append(error.response["Reason"])
    assert "ReservedFunctionInvocationRateLimitExceeded" in reasons


def test_a_provisioned_versions_first_invocation_is_warm(lam, deploy, log_of):
    name = deploy(APP)
    version = published(lam, name)
    put = lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=2)
    assert put["Status"] == "IN_PROGRESS"
    assert put["RequestedProvisionedConcurrentExecutions"] == 2
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    config = ready(lam, name, version, 2)
    assert config["AllocatedProvisionedConcurrentExecutions"] == 2

    # Initialised before anybody asked, and said so in the log.
    lines = eventually(lambda: [line for line in log_of(name) if "INIT_REPORT" in line])
    assert len(lines) == 2
    answer = lam.invoke(FunctionName=name, Qualifier=version, Payload="{}", LogType="Tail")
    body = json.loads(answer["Payload"].read())
    assert body["kind"] == "provisioned-concurrency"
    assert body["calls"] == 1
    report = eventually(lambda: [line for line in log_of(name) if line.startswith("REPORT")])
    assert "Init Duration" not in report[0]

    listed = lam.list_provisioned_concurrency_configs(FunctionName=name)
    assert [c["FunctionArn"].rsplit(":", 1)[1] for c in
            listed["ProvisionedConcurrencyConfigs"]] == [version]
    lam.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=version)
    error = refusal(lambda: lam.get_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version))
    assert isinstance(error, lam.exceptions.ProvisionedConcurrencyConfigNotFoundException)


def test_more_than_provisioned_spill_over(lam, deploy):
    name = deploy(APP)
    version = published(lam, name)
    lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1)
    ready(lam, name, version, 1)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(
            lambda _: invoke(lam, name, {"seconds": 1}, Qualifier=version), range(2)))
    assert sorted(answer["kind"] for answer in answers) == ["on-demand",
                                                            "provisioned-concurrency"]


def test_one_that_dies_is_replaced(lam, deploy, log_of):
    name = deploy(APP)
    version = published(lam, name)
    lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1)
    ready(lam, name, version, 1)
    invoke(lam, name, {"die": True}, Qualifier=version)
    assert eventually(lambda: sum("INIT_REPORT" in line for line in log_of(name)) == 2)
    ready(lam, name, version, 1)
    body = invoke(lam, name, Qualifier=version)
    assert (body["kind"], body["calls"]) == ("provisioned-concurrency", 1)


def test_code_that_fails_to_initialise_is_said(lam, deploy):
    name = deploy("raise RuntimeError('broken')")
    version = published(lam, name)
    lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1)
    config = eventually(lambda: (lambda c: c if c["Status"] == "FAILED" else None)(
        lam.get_provisioned_concurrency_config(FunctionName=name, Qualifier=version)))
    assert config
    assert config["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"


def test_an_alias_takes_its_environments_to_its_new_version(lam, deploy, waited):
    name = deploy(APP)
    first = published(lam, name)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion=first)
    lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1)
    ready(lam, name, "live", 1)
    lam.update_function_configuration(FunctionName=name, Description="another")
    waited(name)
    second = published(lam, name)
    lam.update_alias(FunctionName=name, Name="live", FunctionVersion=second)
    ready(lam, name, "live", 1)
    body = invoke(lam, name, Qualifier="live")
    assert (body["version"], body["kind"]) == (second, "provisioned-concurrency")
    error = refusal(lambda: lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=second, ProvisionedConcurrentExecutions=1))
    assert error.response["Error"]["Code"] == "ResourceConflictException"


def test_latest_cannot_be_provisioned(lam, deploy):
    error = refusal(lambda: lam.put_provisioned_concurrency_config(
        FunctionName=deploy(APP), Qualifier="$LATEST", ProvisionedConcurrentExecutions=1))
    assert error.response["Error"]["Code"] == "InvalidParameterValueException"


@pytest.mark.lapwing
def test_metrics_tell_throttles_and_spill_over(lam, endpoint, reserved):
    name = reserved(0)
    refusal(lambda: invoke(lam, name))
    with urllib.request.urlopen(endpoint + "/_lapwing/metrics") as answer:
        lines = answer.read().decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert int(values['lapwing_throttles_total{reason="reserved"}']) >= 1
    assert "lapwing_provisioned_spillover_invocations_total" in values
    assert f'function="{name}"' in "".join(values)

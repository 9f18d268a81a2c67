"""What is set of a function beside its configuration, through boto3: policies, asynchronous
invocation, code signing, runtime management, recursion."""
import json
import re
import uuid

import pytest
from botocore.exceptions import ClientError
from functions import package

ECHO = "def handler(event, context):\n    return event\n"
MISSING = "The resource you requested does not exist."


def refused(code, status, message, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert answer["Error"]["Message"] == message
    return answer


def body(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@pytest.fixture
def fn(lam, deploy):
    """A function with version 1 and alias "live"."""
    name = deploy(ECHO)
    lam.publish_version(FunctionName=name)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


@pytest.fixture
def arn(lam, fn):
    return lam.get_function_configuration(FunctionName=fn)["FunctionArn"]


def add(lam, name, sid, principal="s3.amazonaws.com", **more):
    return json.loads(lam.add_permission(**{
        "FunctionName": name, "StatementId": sid, "Principal": principal,
        "Action": "lambda:InvokeFunction", **more})["Statement"])


@pytest.mark.parametrize("given, principal, condition", [
    ({"principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::bucket"},
     {"Service": "s3.amazonaws.com"}, {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}}),
    ({"principal": "*", "EventSourceToken": "amzn1.ask.skill.x"}, "*",
     {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}}),
    ({"principal": "*", "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE",
      "PrincipalOrgID": "o-1234567890"}, "*",
     {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE",
                       "aws:PrincipalOrgID": "o-1234567890"}}),
    ({"principal": "lambda.amazonaws.com"}, {"Service": "lambda.amazonaws.com"}, None),
], ids=["bucket", "skill", "url", "plain"])
def test_statements(lam, fn, arn, given, principal, condition):
    wanted = {"Sid": "s", "Effect": "Allow", "Principal": principal,
              "Action": given.get("Action", "lambda:InvokeFunction"), "Resource": arn}
    if condition:
        wanted["Condition"] = condition
    assert add(lam, fn, "s", **given) == wanted
    assert json.loads(lam.get_policy(FunctionName=fn)["Policy"]) == {
        "Version": "2012-10-17", "Id": "default", "Statement": [wanted]}


def test_policies_of_versions_and_aliases(lam, fn, arn):
    add(lam, fn, "s")
    for qualifier in ("1", "live"):
        refused("ResourceNotFoundException", 404, MISSING, lam.get_policy, FunctionName=fn,
                Qualifier=qualifier)
        assert add(lam, f"{fn}:{qualifier}", "s", Qualifier=qualifier)["Resource"] == \
            f"{arn}:{qualifier}"
    lam.remove_permission(FunctionName=f"{fn}:live", StatementId="s")
    refused("ResourceNotFoundException", 404, MISSING, lam.get_policy, FunctionName=f"{fn}:live")
    assert lam.get_policy(FunctionName=fn, Qualifier="1")["Policy"]


def test_permission_refusals(lam, fn, arn):
    same = {"FunctionName": fn, "StatementId": "s", "Principal": "s3.amazonaws.com",
            "Action": "lambda:InvokeFunction"}
    add(lam, fn, "s")
    refused("ResourceConflictException", 409,
            "The statement id (s) provided already exists. Please provide a new statement id, or "
            "remove the existing statement.", lam.add_permission, **same)
    refused("InvalidParameterValueException", 400,
            "We currently do not support adding policies for $LATEST.", lam.add_permission,
            **{**same, "Qualifier": "$LATEST"})
    refused("InvalidParameterValueException", 400,
            "The provided principal was invalid. Please check the principal and try again.",
            lam.add_permission, **{**same, "StatementId": "t", "Principal": "invalid.nonaws.com"})
    refused("ResourceNotFoundException", 404, f"Cannot find alias arn: {arn}:none",
            lam.add_permission, **{**same, "Qualifier": "none"})
    refused("ResourceNotFoundException", 404, f"Function not found: {arn}:42", lam.add_permission,
            **{**same, "Qualifier": "42"})
    refused("ResourceNotFoundException", 404, "Statement none is not found in resource policy.",
            lam.remove_permission, FunctionName=fn, StatementId="none")
    lam.remove_permission(FunctionName=fn, StatementId="s")
    refused("ResourceNotFoundException", 404, "No policy is associated with the given resource.",
            lam.remove_permission, FunctionName=fn, StatementId="s")


def test_policy_revisions(lam, fn):
    before = lam.get_function_configuration(FunctionName=fn)["RevisionId"]
    add(lam, fn, "s", RevisionId=before)
    after = lam.get_policy(FunctionName=fn)["RevisionId"]
    assert after != before
    assert lam.get_function_configuration(FunctionName=fn)["RevisionId"] == after
    refused("PreconditionFailedException", 412,
            "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy "
            "API to retrieve the latest Revision Id", lam.add_permission, FunctionName=fn,
            StatementId="t", Principal="s3.amazonaws.com", Action="lambda:InvokeFunction",
            RevisionId=before)
    lam.remove_permission(FunctionName=fn, StatementId="s", RevisionId=after)


def test_a_policy_has_its_size(lam, fn):
    source = "arn:aws:s3:::" + "b" * 1500
    with pytest.raises(lam.exceptions.PolicyLengthExceededException) as caught:
        for sid in range(20):
            add(lam, fn, f"s{sid}", SourceArn=source)
    assert re.fullmatch(r"The final policy size \(\d+\) is bigger than the limit \(20480\)\.",
                        caught.value.response["Error"]["Message"])


def test_asynchronous_invocation(lam, fn, arn):
    none = f"The function {arn}:$LATEST doesn't have an EventInvokeConfig"
    refused("ResourceNotFoundException", 404, none, lam.get_function_event_invoke_config,
            FunctionName=fn)
    made = lam.put_function_event_invoke_config(FunctionName=fn, MaximumRetryAttempts=2,
                                                MaximumEventAgeInSeconds=60)
    assert made["FunctionArn"] == arn + ":$LATEST"
    assert made["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert body(lam.get_function_event_invoke_config(FunctionName=fn, Qualifier="$LATEST")) == \
        body(made)
    merged = lam.update_function_event_invoke_config(FunctionName=fn, MaximumRetryAttempts=0)
    assert (merged["MaximumRetryAttempts"], merged["MaximumEventAgeInSeconds"]) == (0, 60)
    replaced = lam.put_function_event_invoke_config(FunctionName=fn, MaximumRetryAttempts=1)
    assert "MaximumEventAgeInSeconds" not in replaced
    for qualifier in ("1", "live"):
        lam.put_function_event_invoke_config(FunctionName=fn, Qualifier=qualifier,
                                             MaximumRetryAttempts=0)
    pages = lam.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName=fn, PaginationConfig={"PageSize": 2})
    listed = [config["FunctionArn"] for page in pages
              for config in page["FunctionEventInvokeConfigs"]]
    assert sorted(listed) == [f"{arn}:{q}" for q in ("$LATEST", "1", "live")]
    for qualifier in ("$LATEST", "1", "live"):
        lam.delete_function_event_invoke_config(FunctionName=fn, Qualifier=qualifier)
    refused("ResourceNotFoundException", 404, none, lam.delete_function_event_invoke_config,
            FunctionName=fn)
    assert lam.list_function_event_invoke_configs(FunctionName=fn)[
        "FunctionEventInvokeConfigs"] == []


def test_destinations(lam, fn, arn, deploy):
    other = lam.get_function_configuration(FunctionName=deploy(ECHO))["FunctionArn"]

    def put(**destinations):
        return {"FunctionName": fn, "DestinationConfig": {
            key: {"Destination": value} for key, value in destinations.items()}}
    made = lam.put_function_event_invoke_config(**put(OnSuccess=other))
    assert made["DestinationConfig"] == {"OnSuccess": {"Destination": other}, "OnFailure": {}}
    refused("InvalidParameterValueException", 400,
            "You can't specify the function as a destination for itself.",
            lam.put_function_event_invoke_config, **put(OnSuccess=arn))
    refused("InvalidParameterValueException", 400, f"The destination ARN {arn}-none is invalid.",
            lam.put_function_event_invoke_config, **put(OnSuccess=arn + "-none"))
    strange = arn.replace(":lambda:", ":iam:")
    refused("InvalidParameterValueException", 400,
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
            f"{strange}), onFailure=null) is invalid.",
            lam.put_function_event_invoke_config, **put(OnSuccess=strange))
    refused("InvalidParameterValueException", 400,
            "You must specify at least one of error handling or destination setting.",
            lam.put_function_event_invoke_config, FunctionName=fn)


def test_code_signing(lam, fn, arn, role):
    profile = arn.split(":function:")[0].replace(":lambda:", ":signer:") + ":/signing-profiles/test"
    made = lam.create_code_signing_config(
        Description="d", AllowedPublishers={"SigningProfileVersionArns": [profile]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"})["CodeSigningConfig"]
    config = made["CodeSigningConfigArn"]
    assert config.endswith(":code-signing-config:" + made["CodeSigningConfigId"])
    try:
        assert lam.get_code_signing_config(CodeSigningConfigArn=config)["CodeSigningConfig"] == made
        assert config in [each["CodeSigningConfigArn"] for page in lam.get_paginator(
            "list_code_signing_configs").paginate() for each in page["CodeSigningConfigs"]]
        assert body(lam.get_function_code_signing_config(FunctionName=fn)) == {}
        both = {"CodeSigningConfigArn": config, "FunctionName": fn}
        assert body(lam.put_function_code_signing_config(**both)) == both
        assert body(lam.get_function_code_signing_config(FunctionName=fn)) == both
        assert lam.list_functions_by_code_signing_config(
            CodeSigningConfigArn=config)["FunctionArns"] == [arn]

        words = "Lambda cannot deploy the function. The function or layer might be signed using " \
            "a signature that the client is not configured to accept. Check the provided " \
            "signature for {}."
        new = {"ZipFile": package({"app.py": ECHO + "\n"})}
        refused("CodeVerificationFailedException", 400, words.format(fn), lam.update_function_code,
                FunctionName=fn, **new)
        name = "conformance-" + uuid.uuid4().hex[:12]
        refused("CodeVerificationFailedException", 400, words.format(name), lam.create_function,
                FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code=new,
                CodeSigningConfigArn=config)
        lam.update_code_signing_config(
            CodeSigningConfigArn=config,
            CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"})
        assert lam.update_function_code(FunctionName=fn, **new)["LastUpdateStatus"] == "InProgress"
        lam.get_waiter("function_updated_v2").wait(FunctionName=fn)
    finally:
        lam.delete_function_code_signing_config(FunctionName=fn)
        lam.delete_code_signing_config(CodeSigningConfigArn=config)
    refused("ResourceNotFoundException", 404,
            f"The Lambda code signing configuration {config} can not be found.",
            lam.get_code_signing_config, CodeSigningConfigArn=config)
    refused("CodeSigningConfigNotFoundException", 404,
            "The code signing configuration cannot be found. Check that the provided configuration "
            f"is not deleted: {config}.", lam.put_function_code_signing_config, FunctionName=fn,
            CodeSigningConfigArn=config)


def test_runtime_management(lam, fn, arn):
    version = lam.get_function_configuration(FunctionName=fn)["RuntimeVersionConfig"][
        "RuntimeVersionArn"]
    manual = {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": version}
    made = body(lam.put_runtime_management_config(FunctionName=fn, **manual))
    assert made == {"FunctionArn": arn + ":$LATEST", **manual}
    assert body(lam.get_runtime_management_config(FunctionName=fn)) == made
    lam.get_waiter("function_updated_v2").wait(FunctionName=fn)
    refused("InvalidParameterValueException", 400,
            "Cannot change runtime identifier when runtime management configuration is set to "
            "'Manual'. Change the runtime management configuration to 'Auto' or 'FunctionUpdate', "
            "then retry.", lam.update_function_configuration, FunctionName=fn,
            Runtime="python3.12")
    lam.put_runtime_management_config(FunctionName=fn, UpdateRuntimeOn="FunctionUpdate")
    assert body(lam.get_runtime_management_config(FunctionName=fn)) == {
        "FunctionArn": arn + ":$LATEST", "UpdateRuntimeOn": "FunctionUpdate"}


def test_recursion(lam, fn):
    assert lam.get_function_recursion_config(FunctionName=fn)["RecursiveLoop"] == "Terminate"
    for how in ("Allow", "Terminate"):
        assert lam.put_function_recursion_config(
            FunctionName=fn, RecursiveLoop=how)["RecursiveLoop"] == how
        assert lam.get_function_recursion_config(FunctionName=fn)["RecursiveLoop"] == how


def test_scaling_is_of_managed_instances(lam, fn):
    refused("AccessDeniedException", 403,
            "The function provided by the arn does not contain a capacity provider configuration",
            lam.put_function_scaling_config, FunctionName=fn, Qualifier="1",
            FunctionScalingConfig={"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 2})


@pytest.mark.lapwing
def test_whole_policies(lam, fn, arn, deploy):
    """The newer operations: a document as it stands."""
    if not hasattr(lam, "put_resource_policy"):
        pytest.skip("this boto3 does not know them")
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "s", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": arn}]}, indent=1)
    put = lam.put_resource_policy(ResourceArn=arn, Policy=document)
    assert put["Policy"] == document
    assert body(lam.get_resource_policy(ResourceArn=arn)) == body(put)
    assert lam.get_policy(FunctionName=fn)["Policy"] == document
    lam.delete_resource_policy(ResourceArn=arn, RevisionId=put["RevisionId"])
    refused("ResourceNotFoundException", 404, MISSING, lam.get_resource_policy, ResourceArn=arn)


@pytest.mark.lapwing
def test_an_interpreted_arm64_function_runs(lam, deploy):
    name = deploy(ECHO, Architectures=["arm64"])
    assert lam.get_function_configuration(FunctionName=name)["Architectures"] == ["arm64"]
    answer = lam.invoke(FunctionName=name, Payload=json.dumps({"a": 1}))
    assert json.loads(answer["Payload"].read()) == {"a": 1}


@pytest.mark.lapwing
def test_dead_letters(lam, deploy):
    queue = "arn:aws:sqs:us-east-1:000000000000:dead"
    name = deploy(ECHO, DeadLetterConfig={"TargetArn": queue})
    assert lam.get_function_configuration(FunctionName=name)["DeadLetterConfig"] == {
        "TargetArn": queue}
    lam.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in lam.get_function_configuration(FunctionName=name)

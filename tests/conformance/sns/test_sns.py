"""Amazon SNS by boto3, which speaks query."""
import json
import uuid
import xml.etree.ElementTree as ElementTree

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

SPACE = "{http://sns.amazonaws.com/doc/2010-03-31/}"


def refused(call, code, text=None):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert answer["Error"]["Type"] == "Sender"
    assert text is None or text in answer["Error"]["Message"], answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def queue_arn(topic_arn, name="q"):
    return topic_arn.rsplit(":", 1)[0].replace(":sns:", ":sqs:") + ":" + name


def test_a_fresh_topic(sns, topic):
    arn = topic()
    shown = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    account = arn.split(":")[4]
    assert set(shown) == {
        "TopicArn", "Owner", "DisplayName", "Policy", "EffectiveDeliveryPolicy",
        "SubscriptionsConfirmed", "SubscriptionsDeleted", "SubscriptionsPending"}
    assert shown["Owner"] == account and shown["DisplayName"] == ""
    policy = json.loads(shown["Policy"])
    assert policy["Id"] == "__default_policy_ID"
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": account}}
    assert json.loads(shown["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"][
        "numRetries"] == 3
    fifo = sns.get_topic_attributes(TopicArn=topic(fifo=True))["Attributes"]
    assert fifo["FifoTopic"] == "true" and fifo["ContentBasedDeduplication"] == "false"


def test_the_same_topic_again(sns, topic):
    arn = topic(tags=[{"Key": "a", "Value": "1"}], DisplayName="d")
    name = arn.rsplit(":", 1)[1]
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    refused(lambda: sns.create_topic(Name=name, Attributes={"DisplayName": "other"}),
            "InvalidParameter",
            "Invalid parameter: Attributes Reason: Topic already exists with different attributes")
    refused(lambda: sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "2"}]),
            "InvalidParameter",
            "Invalid parameter: Tags Reason: Topic already exists with different tags")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": ""}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a", "never"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": ""}]
    assert arn in [each["TopicArn"] for page in sns.get_paginator("list_topics").paginate()
                   for each in page["Topics"]]


def test_what_is_missing(sns, topic):
    missing = topic() + "-missing"
    assert refused(lambda: sns.get_topic_attributes(TopicArn=missing), "NotFound",
                   "Topic does not exist") == 404
    assert refused(lambda: sns.list_tags_for_resource(ResourceArn=missing),
                   "ResourceNotFound") == 404
    refused(lambda: sns.publish(TopicArn=missing, Message="m"), "NotFound")
    sns.delete_topic(TopicArn=missing)
    refused(lambda: sns.get_topic_attributes(TopicArn="x"), "InvalidParameter",
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1")
    refused(lambda: sns.create_topic(Name="x.fifo"), "InvalidParameter",
            "Invalid parameter: Topic Name")
    subscription = missing + ":" + str(uuid.uuid4())
    refused(lambda: sns.get_subscription_attributes(SubscriptionArn=subscription), "NotFound",
            "Subscription does not exist")
    sns.unsubscribe(SubscriptionArn=subscription)


def test_a_subscription(sns, topic):
    arn = topic()
    queue = queue_arn(arn)
    made = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True,
                         Attributes={"FilterPolicy": json.dumps({"a": ["b"]}),
                                     "RawMessageDelivery": "True"})["SubscriptionArn"]
    shown = sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]
    assert {key: shown[key] for key in (
        "Protocol", "Endpoint", "PendingConfirmation", "ConfirmationWasAuthenticated",
        "RawMessageDelivery", "FilterPolicyScope", "TopicArn")} == {
            "Protocol": "sqs", "Endpoint": queue, "PendingConfirmation": "false",
            "ConfirmationWasAuthenticated": "true", "RawMessageDelivery": "true",
            "FilterPolicyScope": "MessageAttributes", "TopicArn": arn}
    assert sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"] == made
    refused(lambda: sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue,
                                  Attributes={"RawMessageDelivery": "false"}),
            "InvalidParameter", "Subscription already exists with different attributes")
    # As Terraform goes over to another scope: the scope first.
    sns.set_subscription_attributes(SubscriptionArn=made, AttributeName="FilterPolicyScope",
                                    AttributeValue="MessageBody")
    sns.set_subscription_attributes(SubscriptionArn=made, AttributeName="FilterPolicy",
                                    AttributeValue=json.dumps({"a": {"b": ["c"]}}))
    refused(lambda: sns.set_subscription_attributes(
        SubscriptionArn=made, AttributeName="FilterPolicy", AttributeValue='{"a":{}}'),
        "InvalidParameter", "FilterPolicy: ")
    sns.set_subscription_attributes(
        SubscriptionArn=made, AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": queue_arn(arn, "dlq")}))
    sns.set_subscription_attributes(SubscriptionArn=made, AttributeName="RedrivePolicy")
    assert "RedrivePolicy" not in sns.get_subscription_attributes(
        SubscriptionArn=made)["Attributes"]
    listed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert [each["SubscriptionArn"] for each in listed] == [made]
    assert listed[0].keys() == {"SubscriptionArn", "Owner", "Protocol", "Endpoint", "TopicArn"}
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["SubscriptionsConfirmed"] == "1"
    sns.unsubscribe(SubscriptionArn=made)
    refused(lambda: sns.get_subscription_attributes(SubscriptionArn=made), "NotFound")


def test_publishing(sns, topic):
    arn = topic()
    assert "SequenceNumber" not in sns.publish(TopicArn=arn, Message="m", Subject="s",
                                               MessageAttributes={
                                                   "n": {"DataType": "Number",
                                                         "StringValue": "1.5"},
                                                   "b": {"DataType": "Binary",
                                                         "BinaryValue": b"\0\xff"}})
    refused(lambda: sns.publish(TopicArn=arn, Message=""), "InvalidParameter",
            "Invalid parameter: Empty message")
    refused(lambda: sns.publish(TopicArn=arn, Message="m", Subject="a\nb"), "InvalidParameter",
            "Invalid parameter: Subject")
    refused(lambda: sns.publish(TopicArn=arn, Message="m", MessageStructure="json"),
            "InvalidParameter", "Message Structure - JSON message body failed to parse")
    refused(lambda: sns.publish(TopicArn=arn, Message="x" * (256 * 1024 + 1)), "InvalidParameter",
            "Invalid parameter: Message too long")
    refused(lambda: sns.publish(TopicArn=arn, Message="m", MessageAttributes={
        "a": {"DataType": "String", "StringValue": ""}}), "ParameterValueInvalid",
        "must contain non-empty message attribute value for message attribute type 'String'.")
    done = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[
        {"Id": "good", "Message": "m"}, {"Id": "bad", "Message": "m", "Subject": ""}])
    assert [each["Id"] for each in done["Successful"]] == ["good"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in done["Failed"]] == [
        ("bad", "InvalidParameter", True)]
    done = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[{"Id": "a", "Message": "m"}])
    assert done["Failed"] == [], "both lists are answered"
    refused(lambda: sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[
        {"Id": "a", "Message": "m"}, {"Id": "a", "Message": "m"}]), "BatchEntryIdsNotDistinct",
        "Two or more batch entries in the request have the same Id.")


def test_fifo(sns, topic):
    arn = topic(fifo=True)
    refused(lambda: sns.publish(TopicArn=arn, Message="m"), "InvalidParameter",
            "The MessageGroupId parameter is required for FIFO topics")
    send = {"TopicArn": arn, "Message": "m", "MessageGroupId": "g", "MessageDeduplicationId": "1"}
    first = sns.publish(**send)
    assert len(first["SequenceNumber"]) == 20
    again = sns.publish(**send)
    assert (again["MessageId"], again["SequenceNumber"]) == (
        first["MessageId"], first["SequenceNumber"])
    other = sns.publish(**{**send, "MessageDeduplicationId": "2"})
    assert other["SequenceNumber"] > first["SequenceNumber"]


@pytest.mark.lapwing
def test_the_wire(endpoint, sns, topic):
    """As clients other than botocore see it."""
    arn = topic(DisplayName="a <b> & c")

    def ask(parameters):
        request = AWSRequest("POST", endpoint + "/", data={"Version": "2010-03-31", **parameters})
        SigV4Auth(Credentials("test", "test"), "sns", "us-east-1").add_auth(request)
        return requests.post(endpoint + "/", data=request.prepare().body, timeout=60,
                             headers=dict(request.headers))
    shown = ElementTree.fromstring(ask({"Action": "GetTopicAttributes", "TopicArn": arn}).content)
    assert shown.tag == SPACE + "GetTopicAttributesResponse"
    entries = shown.findall(f"{SPACE}GetTopicAttributesResult/{SPACE}Attributes/{SPACE}entry")
    values = {each.find(SPACE + "key").text: each.find(SPACE + "value").text for each in entries}
    assert values["DisplayName"] == "a <b> & c"
    void = ElementTree.fromstring(ask({
        "Action": "SetTopicAttributes", "TopicArn": arn, "AttributeName": "DisplayName",
        "AttributeValue": ""}).content)
    assert [each.tag for each in void] == [SPACE + "ResponseMetadata"]
    tagged = ElementTree.fromstring(ask({
        "Action": "TagResource", "ResourceArn": arn, "Tags.member.1.Key": "k",
        "Tags.member.1.Value": "v"}).content)
    assert [each.tag for each in tagged] == [SPACE + "TagResourceResult",
                                             SPACE + "ResponseMetadata"]
    attributes = {"MessageAttributes.entry.1.Name": "attr1",
                  "MessageAttributes.entry.1.Value.StringValue": "x"}
    wrong = ask({"Action": "Publish", "TopicArn": arn, "Message": "m", **attributes})
    error = ElementTree.fromstring(wrong.content).find(SPACE + "Error")
    assert (wrong.status_code, error.find(SPACE + "Code").text) == (400, "ValidationError")
    assert error.find(SPACE + "Message").text == (
        "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' "
        "failed to satisfy constraint: Member must not be null")

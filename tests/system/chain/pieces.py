"""What tests of events are made of: queues that let every service send, subscriptions, what came."""
import json
import time

from killing import ACCOUNT, queue_url


def queue_arn(name):
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def function_arn(name):
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def topic_arn(name):
    return f"arn:aws:sns:us-east-1:{ACCOUNT}:{name}"


def open_queue(to, name, **attributes):
    to.sqs("CreateQueue", QueueName=name, Attributes={**attributes, "Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
            "Resource": queue_arn(name)}]})})


def subscribe(to, topic, protocol, endpoint, **attributes):
    members = {"TopicArn": topic_arn(topic), "Protocol": protocol, "Endpoint": endpoint}
    for i, (key, value) in enumerate(attributes.items(), 1):
        members[f"Attributes.entry.{i}.key"] = key
        members[f"Attributes.entry.{i}.value"] = value
    to.sns("Subscribe", members)


def put_rule(to, name, pattern, *targets):
    to.events("PutRule", Name=name, EventPattern=json.dumps(pattern))
    answer = to.events("PutTargets", Rule=name, Targets=list(targets))
    assert answer["FailedEntryCount"] == 0, answer


def tell_success(to, function, queue):
    answer = to.api.call("PUT", f"/2019-09-25/functions/{function}/event-invoke-config", {
        "DestinationConfig": {"OnSuccess": {"Destination": queue_arn(queue)}}})
    assert answer.status == 200, answer.body


def allow(to, function, service):
    answer = to.api.call("POST", f"/2015-03-31/functions/{function}/policy", {
        "StatementId": service, "Action": "lambda:InvokeFunction",
        "Principal": service + ".amazonaws.com"})
    assert answer.status == 201, answer.body


def invoke_event(to, function, event):
    answer = to.api.invoke(function, event, **{"X-Amz-Invocation-Type": "Event"})
    assert answer.status == 202, (answer.status, answer.body)


def received(to, name, seconds, wanted):
    """Bodies of so many messages, those that come within the time."""
    out, end = [], time.monotonic() + seconds
    while len(out) < wanted and time.monotonic() < end:
        messages = to.sqs("ReceiveMessage", QueueUrl=queue_url(name), MaxNumberOfMessages=10,
                          WaitTimeSeconds=1).get("Messages", [])
        if messages:
            to.sqs("DeleteMessageBatch", QueueUrl=queue_url(name), Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(messages)])
        out += [message["Body"] for message in messages]
    return out

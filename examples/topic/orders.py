"""Orders are published once. The store's function gets each, the office's queue the large ones only,
and what the function says of an order goes to a queue as its destination."""
import json
import pathlib
import uuid

import boto3

HERE = pathlib.Path(__file__).resolve().parent
ROLE = "arn:aws:iam::000000000000:role/lambda-ex"  # on AWS: one that may send to the queue
NAME = "orders-" + uuid.uuid4().hex[:8]
sns, sqs, functions = boto3.client("sns"), boto3.client("sqs"), boto3.client("lambda")


def make_queue(name, topic):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]})})
    return url, arn


def make_function(topic, told):
    settings = json.loads((HERE / "example.json").read_text())
    arn = functions.create_function(
        FunctionName=NAME, Runtime=(HERE / "build/runtime").read_text().strip(), Role=ROLE,
        Handler=settings["handler"], MemorySize=settings["memory"], Timeout=settings["timeout"],
        Code={"ZipFile": (HERE / "build/function.zip").read_bytes()})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=NAME)
    functions.put_function_event_invoke_config(FunctionName=NAME, DestinationConfig={
        "OnSuccess": {"Destination": told}})
    functions.add_permission(FunctionName=NAME, StatementId="topic", SourceArn=topic,
                             Action="lambda:InvokeFunction", Principal="sns.amazonaws.com")
    return arn


def received(url, count):
    out = []
    while len(out) < count:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                           WaitTimeSeconds=20).get("Messages", []):
            out.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return out


def main():
    topic = sns.create_topic(Name=NAME)["TopicArn"]
    office, office_arn = make_queue(NAME + "-office", topic)
    told, told_arn = make_queue(NAME + "-told", topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=make_function(topic, told_arn))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=office_arn, Attributes={
        "RawMessageDelivery": "true", "FilterPolicyScope": "MessageBody",
        "FilterPolicy": json.dumps({"amount": [{"numeric": [">=", 100]}]})})
    for who, what, count, amount in (("Ada", "lamp", 2, 120), ("Bob", "pen", 1, 7),
                                     ("Eve", "desk", 1, 300)):
        sns.publish(TopicArn=topic, Message=json.dumps(
            {"who": who, "what": what, "count": count, "amount": amount}))
    print("the store:", "; ".join(sorted(
        line for record in received(told, 3) for line in record["responsePayload"])))
    print("the office:", ", ".join(sorted(order["who"] for order in received(office, 2))))
    sns.delete_topic(TopicArn=topic)
    functions.delete_function(FunctionName=NAME)
    for url in (office, told):
        sqs.delete_queue(QueueUrl=url)


if __name__ == "__main__":
    main()

"""Sales on a queue; a pipe takes the large ones, a function adds the shop's name, and a second queue gets
a line about each. A sale of a shop that nobody knows ends in the dead-letter queue."""
import io
import json
import os
import sys
import time
import uuid
import zipfile

import boto3

lam, pipes, sqs = boto3.client("lambda"), boto3.client("pipes"), boto3.client("sqs")
NAME = "sales-" + uuid.uuid4().hex[:8]
ROLE = os.environ.get("ROLE", "arn:aws:iam::000000000000:role/sales")
FUNCTION = '''
import json

SHOPS = {"1": "Ulm", "2": "Bonn"}


def handler(events, context):
    sales = [json.loads(event["body"]) for event in events]
    return [{"amount": sale["amount"], "shop": SHOPS[sale["shop"]]} for sale in sales]
'''


def make_queue(name, **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]


def make_function():
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        file = zipfile.ZipInfo("shops.py")
        file.external_attr = 0o644 << 16  # else nobody but its owner may read it
        archive.writestr(file, FUNCTION)
    arn = lam.create_function(
        FunctionName=NAME, Runtime=f"python3.{sys.version_info.minor}", Role=ROLE,
        Handler="shops.handler", Timeout=3, Code={"ZipFile": package.getvalue()})["FunctionArn"]
    lam.get_waiter("function_active_v2").wait(FunctionName=NAME)
    return arn


def wait_for(state):
    while (pipe := pipes.describe_pipe(Name=NAME))["CurrentState"] != state:
        assert "FAILED" not in pipe["CurrentState"], pipe
        time.sleep(0.2)


def received(url, count):
    out = []
    while len(out) < count:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                           WaitTimeSeconds=20).get("Messages", []):
            out.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(out)


def main():
    dead, dead_arn = make_queue(NAME + "-dead")
    sales, sales_arn = make_queue(NAME, VisibilityTimeout="5", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"}))
    lines, lines_arn = make_queue(NAME + "-lines")
    pipes.create_pipe(
        Name=NAME, RoleArn=ROLE, Source=sales_arn, Enrichment=make_function(), Target=lines_arn,
        SourceParameters={
            "SqsQueueParameters": {"BatchSize": 1},
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps(
                {"body": {"amount": [{"numeric": [">", 100]}]}})}]}},
        TargetParameters={"InputTemplate": "<$.amount> in <$.shop>"})
    wait_for("RUNNING")
    for shop, amount in (("1", 120), ("2", 7), ("2", 300), ("9", 500)):
        sqs.send_message(QueueUrl=sales, MessageBody=json.dumps({"shop": shop, "amount": amount}))
    print("sold:", "; ".join(received(lines, 2)))
    print("unknown:", received(dead, 1)[0])
    pipes.delete_pipe(Name=NAME)
    lam.delete_function(FunctionName=NAME)
    for url in (sales, lines, dead):
        sqs.delete_queue(QueueUrl=url)


if __name__ == "__main__":
    main()

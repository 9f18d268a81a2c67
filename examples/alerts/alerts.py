"""A shop's log group has errors in it; a function gets them, and nothing else, and says what was
wrong. Then the shop's log is looked at as it is written."""
import io
import json
import os
import threading
import time
import uuid
import zipfile

import boto3
from botocore.config import Config

logs, lam = boto3.client("logs"), boto3.client("lambda")
NAME = "alerts-" + uuid.uuid4().hex[:8]
ROLE = os.environ.get("LAMBDA_ROLE", "arn:aws:iam::000000000000:role/lambda-ex")

FUNCTION = '''
import base64, gzip, json

def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    for each in data["logEvents"]:
        order = json.loads(each["message"])
        print(f"ALERT {data['logGroup']}: order {order['order']}: {order['error']}")
'''


def make_function():
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        file = zipfile.ZipInfo("app.py")
        file.external_attr = 0o644 << 16  # else nobody but its owner may read it
        archive.writestr(file, FUNCTION)
    lam.create_function(FunctionName=NAME, Runtime="python3.11", Role=ROLE, Handler="app.handler",
                        Code={"ZipFile": package.getvalue()})
    lam.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 1})
    return lam.get_function(FunctionName=NAME)["Configuration"]["FunctionArn"]


def subscribe(function, group_arn):
    lam.add_permission(FunctionName=NAME, StatementId="logs", Action="lambda:InvokeFunction",
                       Principal="logs.amazonaws.com", SourceArn=group_arn + ":*")
    logs.put_subscription_filter(logGroupName=NAME, filterName="errors",
                                 filterPattern='{ $.level = "ERROR" }', destinationArn=function)


def write(*orders):
    logs.put_log_events(logGroupName=NAME, logStreamName="orders", logEvents=[
        {"timestamp": int(time.time() * 1000), "message": json.dumps(order)} for order in orders])


def alerts(count):
    while True:
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/" + NAME,
                                           filterPattern="ALERT")["events"]
        except logs.exceptions.ResourceNotFoundException:
            found = []  # it has not run yet
        if len(found) >= count:
            return sorted(each["message"].strip() for each in found)
        time.sleep(0.2)


def watch(group_arn, count):
    """What is written from now on. The SDK's host prefix ("stream-") is no name of this machine."""
    tail = boto3.client("logs", config=Config(inject_host_prefix=False))
    stream = tail.start_live_tail(logGroupIdentifiers=[group_arn])["responseStream"]
    seen, started = [], threading.Event()

    def read():
        for event in stream:
            started.set()
            seen.extend(each["message"] for each in
                        event.get("sessionUpdate", {}).get("sessionResults", []))
            if len(seen) >= count:
                return

    reader = threading.Thread(target=read)
    reader.start()
    started.wait(30)
    return reader, seen, stream


def main():
    logs.create_log_group(logGroupName=NAME)
    logs.create_log_stream(logGroupName=NAME, logStreamName="orders")
    group_arn = logs.describe_log_groups(logGroupNamePrefix=NAME)["logGroups"][0]["logGroupArn"]
    subscribe(make_function(), group_arn)
    reader, seen, stream = watch(group_arn, 3)
    write({"order": 1, "level": "INFO"}, {"order": 2, "level": "ERROR", "error": "no such item"},
          {"order": 3, "level": "ERROR", "error": "card refused"})
    for alert in alerts(2):
        print(alert.replace(NAME, "shop"))
    reader.join(30)
    stream.close()
    print("seen live:", len(seen))
    logs.delete_log_group(logGroupName=NAME)
    lam.delete_function(FunctionName=NAME)
    logs.delete_log_group(logGroupName="/aws/lambda/" + NAME)


if __name__ == "__main__":
    main()

"""Orders are events on a bus; a rule brings the large ones to a queue, an archive keeps all, and a
replay brings the large ones once more."""
import datetime
import json
import uuid

import boto3

events, sqs = boto3.client("events"), boto3.client("sqs")
NAME = "shop-" + uuid.uuid4().hex[:8]


def make_queue():
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Sid": "events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn}]})})
    return url, arn


def make_bus(queue_arn):
    bus = events.create_event_bus(Name=NAME)["EventBusArn"]
    events.put_rule(Name="large", EventBusName=NAME, EventPattern=json.dumps({
        "source": ["shop"], "detail-type": ["order"],
        "detail": {"amount": [{"numeric": [">", 100]}]}}))
    events.put_targets(Rule="large", EventBusName=NAME, Targets=[{
        "Id": "queue", "Arn": queue_arn, "InputTransformer": {
            "InputPathsMap": {"who": "$.detail.who", "amount": "$.detail.amount"},
            "InputTemplate": '"<who> orders for <amount>"'}}])
    archive = events.create_archive(ArchiveName=NAME, EventSourceArn=bus)["ArchiveArn"]
    return bus, archive


def received(url, count):
    out = []
    while len(out) < count:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                           WaitTimeSeconds=20).get("Messages", []):
            out.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(out)


def main():
    url, queue_arn = make_queue()
    bus, archive = make_bus(queue_arn)
    put = events.put_events(Entries=[
        {"EventBusName": NAME, "Source": "shop", "DetailType": "order",
         "Detail": json.dumps({"who": who, "amount": amount})}
        for who, amount in (("Ada", 120), ("Bob", 7), ("Eve", 300))])
    assert put["FailedEntryCount"] == 0, put
    print("at first:", "; ".join(received(url, 2)))
    now, hour = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(hours=1)
    events.start_replay(ReplayName=NAME, EventSourceArn=archive, EventStartTime=now - hour,
                        EventEndTime=now + hour, Destination={"Arn": bus})
    print("replayed:", "; ".join(received(url, 2)))
    events.delete_archive(ArchiveName=NAME)
    events.remove_targets(Rule="large", EventBusName=NAME, Ids=["queue"])
    events.delete_rule(Name="large", EventBusName=NAME)
    events.delete_event_bus(Name=NAME)
    sqs.delete_queue(QueueUrl=url)


if __name__ == "__main__":
    main()

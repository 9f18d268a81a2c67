"""A shop as public samples build it: a function publishes orders, a topic brings them to queues (one of
them the large ones only), a mapping that is switched on later replays what has gathered, message
attributes and all; and a function puts events, of which rules bring each to who wants it."""
import json
import uuid

import pytest

from waiting import eventually

pytestmark = pytest.mark.lapwing  # its functions speak to their endpoint without an SDK

CALL = '''
import json, os, urllib.parse, urllib.request

def ask(service, body, **headers):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/", body.encode(), {
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/" + service +
                         "/aws4_request, SignedHeaders=host, Signature=0", **headers})
    return urllib.request.urlopen(request, timeout=10).read()

def json_call(service, target, version, **members):
    return ask(service, json.dumps(members), **{
        "X-Amz-Target": target, "Content-Type": "application/x-amz-json-" + version})
'''
CHECKOUT = CALL + '''
def handler(event, context):
    order = json.loads(event["body"])
    ask("sns", urllib.parse.urlencode({
        "Action": "Publish", "Version": "2010-03-31", "TopicArn": os.environ["TOPIC_ARN"],
        "Message": json.dumps(order), "MessageAttributes.entry.1.Name": "amount",
        "MessageAttributes.entry.1.Value.DataType": "Number",
        "MessageAttributes.entry.1.Value.StringValue": str(order["amount"])}),
        **{"Content-Type": "application/x-www-form-urlencoded"})
    return {"statusCode": 200, "body": "{}"}
'''
REPLAY = CALL + '''
def handler(event, context):
    entries = []
    for number, record in enumerate(event["Records"]):
        attributes = {name: {part[0].upper() + part[1:]: text for part, text in value.items() if text}
                      for name, value in record["messageAttributes"].items()}
        entries.append({"Id": str(number), "MessageBody": record["body"],
                        "MessageAttributes": attributes})
    said = json.loads(json_call("sqs", "AmazonSQS.SendMessageBatch", "1.0",
                                QueueUrl=os.environ["TO"], Entries=entries))
    if said.get("Failed"):
        raise RuntimeError(said["Failed"])
'''
TELLER = CALL + '''
def handler(event, context):
    put = json.loads(json_call("events", "AWSEvents.PutEvents", "1.1", Entries=[
        {"Source": "shop.tills", "EventBusName": "default", "DetailType": "payment",
         "Detail": json.dumps({"place": place, "result": result})} for place, result in event]))
    return put["FailedEntryCount"]
'''
HEARD = "def handler(event, context):\n    print('heard', event['detail']['place'])\n"


@pytest.fixture
def topic(client, name):
    arn = client("sns").create_topic(Name=name)["TopicArn"]
    yield arn
    client("sns").delete_topic(TopicArn=arn)


@pytest.fixture
def queue(sqs, topic):
    """queue(**attributes): URL and ARN of one that the topic may send to."""
    made = []

    def create(**attributes):
        url = sqs.create_queue(QueueName="orders-" + uuid.uuid4().hex[:12],
                               Attributes=attributes)["QueueUrl"]
        made.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Id": "orders", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com"]},
                "Action": ["sqs:SendMessage"], "Resource": [arn],
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]})})
        return url, arn
    yield create
    for url in made:
        sqs.delete_queue(QueueUrl=url)


def test_orders_are_buffered_and_replayed(client, lam, sqs, deploy, topic, queue):
    sns = client("sns")
    orders, orders_arn = queue(VisibilityTimeout="60")
    kept, kept_arn = queue(MessageRetentionPeriod="1209600")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=orders_arn,
                  Attributes={"RawMessageDelivery": "true"})
    large = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=kept_arn, Attributes={
        "RawMessageDelivery": "true"})["SubscriptionArn"]
    sns.set_subscription_attributes(
        SubscriptionArn=large, AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"amount": [{"numeric": [">=", 100]}]}))
    checkout = deploy(CHECKOUT, Timeout=20, TracingConfig={"Mode": "Active"},
                      Environment={"Variables": {"TOPIC_ARN": topic}})
    replay = deploy(REPLAY, Timeout=20, Environment={"Variables": {"TO": orders}})
    mapping = lam.create_event_source_mapping(FunctionName=replay, EventSourceArn=kept_arn,
                                              BatchSize=10, Enabled=False)["UUID"]
    try:
        for amount in (20, 100, 99.99, 250.5):
            answer = lam.invoke(FunctionName=checkout, Payload=json.dumps(
                {"body": json.dumps({"amount": amount})}))
            assert "FunctionError" not in answer, answer["Payload"].read()
        assert eventually(lambda: count(sqs, orders) == 4) and count(sqs, kept) == 2
        lam.update_event_source_mapping(UUID=mapping, Enabled=True)
        assert eventually(lambda: count(sqs, orders) == 6 and count(sqs, kept) == 0, 60)
        amounts = []
        while len(amounts) < 6:
            for message in sqs.receive_message(QueueUrl=orders, MaxNumberOfMessages=10,
                                               MessageAttributeNames=["All"])["Messages"]:
                amount = message["MessageAttributes"]["amount"]
                assert amount["DataType"] == "Number"
                assert float(amount["StringValue"]) == json.loads(message["Body"])["amount"]
                amounts.append(float(amount["StringValue"]))
        assert sorted(amounts) == [20, 99.99, 100, 100, 250.5, 250.5]
    finally:
        lam.delete_event_source_mapping(UUID=mapping)


def count(sqs, url):
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"])


def test_rules_bring_each_event_to_who_wants_it(client, lam, deploy, log_of, name):
    events, wanted = client("events"), {
        "good": {"result": ["approved"]}, "north": {"place": [{"prefix": "N-"}]},
        "bad": {"result": [{"anything-but": "approved"}]}}
    heard = {}
    try:
        for who, detail in wanted.items():
            heard[who] = deploy(HEARD)
            rule = events.put_rule(Name=f"{name}-{who}", EventPattern=json.dumps({
                "source": ["shop.tills"], "detail-type": ["payment"], "detail": detail}))["RuleArn"]
            events.put_targets(Rule=f"{name}-{who}", Targets=[{
                "Id": "f", "Arn": lam.get_function_configuration(FunctionName=heard[who])[
                    "FunctionArn"]}])
            lam.add_permission(FunctionName=heard[who], StatementId="rule", SourceArn=rule,
                               Action="lambda:InvokeFunction", Principal="events.amazonaws.com")
        put = lam.invoke(FunctionName=deploy(TELLER, Timeout=20), Payload=json.dumps(
            [["S-1", "approved"], ["N-1", "approved"], ["N-2", "denied"]]))
        assert json.load(put["Payload"]) == 0

        def places(who):
            return sorted(line.split()[1] for line in log_of(heard[who]) if "heard" in line)
        assert eventually(lambda: [places(who) for who in wanted] == [
            ["N-1", "S-1"], ["N-1", "N-2"], ["N-2"]]), {who: places(who) for who in wanted}
    finally:
        for who in heard:
            events.remove_targets(Rule=f"{name}-{who}", Ids=["f"])
            events.delete_rule(Name=f"{name}-{who}")

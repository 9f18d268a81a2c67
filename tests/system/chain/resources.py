"""What a chain is made of: topics, a bus's rules, mappings, two functions, and the queues in which
all of it ends. An event is one JSON object {"id", "way", "do"}: `do` is "" for one that goes well,
"fail" for one that its function refuses, "lost" for one whose target is not there.

`told` is invoked asynchronously, and its destinations tell of it; `ran` works for mappings, and
sends a message of each event that it has done."""
import json

from chain.pieces import allow, function_arn, open_queue, put_rule, queue_arn, subscribe
from functions import package

VISIBILITY = 6  # seconds; a function's time limit is below it
RECEIVES_MAX = 3
APP = '''
import http.client, json, os, urllib.parse

AT = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
SIGNED = ("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, "
          "SignedHeaders=host, Signature=0")


def send(queue, entries):
    connection = http.client.HTTPConnection(AT, timeout=4)
    connection.request("POST", "/", json.dumps({
        "QueueUrl": "http://any/000000000000/" + queue, "Entries": entries}), {
            "Content-Type": "application/x-amz-json-1.0", "Authorization": SIGNED,
            "X-Amz-Target": "AmazonSQS.SendMessageBatch"})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 200 or b'"Failed"' in said:
        raise RuntimeError(said)


def events(event):
    for record in event.get("Records", ()):
        if "Sns" in record:
            yield json.loads(record["Sns"]["Message"])
    if "detail" in event:
        yield event["detail"]
    if "do" in event:
        yield event


def told(event, context):
    for each in events(event):
        if each["do"] == "fail":
            raise RuntimeError("told to")


def ran(event, context):
    failed, entries, queue = [], [], "ran"
    for record in event["Records"]:
        body, of = json.loads(record["body"]), record["attributes"]
        if body["do"] == "fail":
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        entry = {"Id": str(len(entries)), "MessageBody": json.dumps({
            **body, "message": record["messageId"], "receives": of["ApproximateReceiveCount"]})}
        if record["eventSourceARN"].endswith(".fifo"):
            queue = "ran.fifo"
            entry["MessageGroupId"] = body["group"]
            entry["MessageDeduplicationId"] = record["messageId"] + "." + context.aws_request_id
        entries.append(entry)
    if entries:
        send(queue, entries)
    return {"batchItemFailures": failed}
'''
# Where what has happened is read; the rest is on the way.
ENDS = ("done", "failed", "dead", "ran", "ran.fifo", "poison", "from-topic", "kept.fifo", "from-bus",
        "from-schedules", "lost-topic", "lost-bus", "lost-schedules")
ON_THE_WAY = ("work", "work.fifo", "topic.fifo")


def make_queues(to):
    for name in ENDS + ON_THE_WAY:
        attributes = {"VisibilityTimeout": str(VISIBILITY)}
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        if name == "work":
            attributes["RedrivePolicy"] = json.dumps({
                "deadLetterTargetArn": queue_arn("poison"), "maxReceiveCount": RECEIVES_MAX})
        open_queue(to, name, **attributes)


def make_functions(to):
    def put(path, body, method="POST"):
        answer = to.api.call(method, path, body)
        assert answer.status // 100 == 2, (path, answer.status, answer.body)
    code = package({"app.py": APP})
    for name, more in (("told", {"DeadLetterConfig": {"TargetArn": queue_arn("dead")}}),
                       ("ran", {})):
        made = to.api.create(name, code, **{"Handler": "app." + name, "Timeout": VISIBILITY - 1,
                                            "MemorySize": 128, **more})
        assert made.status == 201, made.body
        to.api.active(name)
    put("/2019-09-25/functions/told/event-invoke-config", {
        "MaximumRetryAttempts": 0, "DestinationConfig": {
            "OnSuccess": {"Destination": queue_arn("done")},
            "OnFailure": {"Destination": queue_arn("failed")}}}, "PUT")
    allow(to, "told", "sns")
    allow(to, "told", "events")
    for queue in ON_THE_WAY:
        put("/2015-03-31/event-source-mappings/", {
            "EventSourceArn": queue_arn(queue), "FunctionName": "ran", "BatchSize": 5,
            **({} if queue.endswith(".fifo") else {
                "FunctionResponseTypes": ["ReportBatchItemFailures"]})})


def make_topics(to):
    to.sns("CreateTopic", {"Name": "plain"})
    to.sns("CreateTopic", {"Name": "plain.fifo", "Attributes.entry.1.key": "FifoTopic",
                           "Attributes.entry.1.value": "true"})
    subscribe(to, "plain", "sqs", queue_arn("from-topic"))
    subscribe(to, "plain", "lambda", function_arn("told"))
    subscribe(to, "plain", "sqs", queue_arn("nowhere"), FilterPolicyScope="MessageBody",
              FilterPolicy='{"do": ["lost"]}',
              RedrivePolicy=json.dumps({"deadLetterTargetArn": queue_arn("lost-topic")}))
    for queue in ("topic.fifo", "kept.fifo"):
        subscribe(to, "plain.fifo", "sqs", queue_arn(queue), RawMessageDelivery="true")


def make_rules(to):
    put_rule(to, "all", {"source": ["chain"]}, {"Id": "queue", "Arn": queue_arn("from-bus")},
             {"Id": "function", "Arn": function_arn("told")})
    put_rule(to, "lost", {"source": ["chain"], "detail": {"do": ["lost"]}}, {
        "Id": "nowhere", "Arn": queue_arn("nowhere"),
        "DeadLetterConfig": {"Arn": queue_arn("lost-bus")}})


def make(to):
    make_queues(to)
    make_functions(to)
    make_topics(to)
    make_rules(to)

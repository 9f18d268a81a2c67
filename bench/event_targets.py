"""What sends events, over requests that the load client can make, and that others which play these
services take: topics over query requests, buses, mappings and schedules over JSON."""

import http.client
import json
import time
import urllib.parse

from harness import BenchError, KEY_ID, SECRET, answered
from queues import BODY, Client, Target, fields

ACCOUNT = "000000000000"
JSON = "application/x-amz-json-1.1"
WAIT_SECONDS = 300


def queue_arn(name, account=ACCOUNT):
    return "arn:aws:sqs:us-east-1:{}:{}".format(account, name)


def waiting(target, queue):
    """Messages of a queue, at work or not."""
    said = Client(target).ask(target.path(queue), urllib.parse.urlencode({
        "Version": target.version, "Action": "GetQueueAttributes", "AttributeName.1": "All"}))
    return sum(int(said.split(b"<Name>" + name + b"</Name><Value>")[1].split(b"<")[0])
               for name in (b"ApproximateNumberOfMessages", b"ApproximateNumberOfMessagesNotVisible"))


def until(found, wanted, seconds=WAIT_SECONDS):
    """Seconds until found() is what is wanted."""
    began = time.monotonic()
    while (last := found()) != wanted:
        if time.monotonic() > began + seconds:
            raise BenchError("{} is still not {}".format(last, wanted))
        time.sleep(0.02)
    return time.monotonic() - began


class Topics(Target):
    """Who plays SNS at `address`."""
    service, version = "sns", "2010-03-31"

    def make(self, topic):
        said = self.ask(Action="CreateTopic", Name=topic)
        return said.split(b"<TopicArn>")[1].split(b"<")[0].decode()

    def subscribe(self, arn, protocol, endpoint):
        self.ask(Action="Subscribe", TopicArn=arn, Protocol=protocol, Endpoint=endpoint)

    def publish(self, arn, seconds, **options):
        """The load client's figures."""
        return self.load(publishing(arn), "/", **{"connections": 16, "warm_up": 100,
                                                  "seconds": seconds, **options})


def publishing(arn):
    return "Action=Publish&Version=2010-03-31&TopicArn={}&Message={}".format(
        urllib.parse.quote(arn, safe=""), BODY)


class Buses:
    """Who plays EventBridge at `address`; unsigned where there is no `key`."""
    service = "events"

    def __init__(self, programs, address, key=KEY_ID, account=ACCOUNT):
        self.programs, self.address, self.key, self.account = programs, address, key, account

    def ask(self, operation, payload):
        return json.loads(self.ask_of(operation, json.dumps(payload).encode()) or b"{}")

    def ask_of(self, operation, body):
        head = {**dict(fields(self.address, "/", body, self.key, self.service)),
                "Content-Type": JSON, "X-Amz-Target": "AWSEvents." + operation}
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("POST", "/", body, head)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 200:
            raise BenchError("{}: {} {}".format(operation, answer.status, said[:200]))
        return said

    def load(self, operation, body, **options):
        """The load client's figures; "@@" in the body is a number."""
        command = [self.programs.load, "--address", self.address, "--path", "/", "--body", body,
                   "--type", JSON, "--target", "AWSEvents." + operation]
        if self.key:
            command += ["--key", self.key, "--secret", SECRET, "--service", self.service]
        return answered(command, options)

    def make(self, bus, queue, rules):
        """A bus with so many rules; only rule 0 wants what put() puts, and has the queue."""
        self.ask("CreateEventBus", {"Name": bus})
        self.load("PutRule", json.dumps({"Name": "rule-@@", "EventBusName": bus,
                                         "EventPattern": pattern("@@")}),
                  functions=rules, requests=rules, connections=16)
        self.ask("PutTargets", {"Rule": "rule-0", "EventBusName": bus, "Targets": [
            {"Id": "queue", "Arn": queue_arn(queue, self.account)}]})

    def put(self, bus, seconds, **options):
        """Events a second, one a request."""
        return self.load("PutEvents", putting(bus), **{
            "connections": 16, "warm_up": 100, "seconds": seconds, **options})["per_second"]


def pattern(number):
    return json.dumps({"source": ["bench"], "detail-type": ["parcel"],
                       "detail": {"state": ["sent"], "parcel": ["p-" + number]}})


def putting(bus):
    return json.dumps({"Entries": [{
        "EventBusName": bus, "Source": "bench", "DetailType": "parcel", "Detail": json.dumps(
            {"state": "sent", "parcel": "p-0", "weight": 12.5, "to": "somebody, somewhere",
             "lines": ["one", "two", "three"]})}]})


def map_queue(server, queue, function, **settings):
    """Makes an event source mapping; its id."""
    status, body = server.call("POST", "/2015-03-31/event-source-mappings", {
        "EventSourceArn": queue_arn(queue), "FunctionName": function, **settings})
    if status != 202:
        raise BenchError("CreateEventSourceMapping: {} {}".format(status, body[:200]))
    return json.loads(body)["UUID"]


def permit(server, function, service):
    status, body = server.call("POST", "/2015-03-31/functions/{}/policy".format(function), {
        "StatementId": service, "Action": "lambda:InvokeFunction",
        "Principal": service + ".amazonaws.com"})
    if status != 201:
        raise BenchError("AddPermission: {} {}".format(status, body[:200]))


def function_arn(name):
    return "arn:aws:lambda:us-east-1:{}:function:{}".format(ACCOUNT, name)

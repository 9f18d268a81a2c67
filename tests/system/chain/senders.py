"""Clients that send into a chain, and remember what was acknowledged. What may have arrived before
the server was gone is sent once more where ids make one message of it (FIFO), and is else in doubt.
"""
import datetime
import json
import random
import time

from chain.pieces import function_arn, invoke_event, queue_arn, topic_arn
from killing import counter, queue_url

GROUPS = 2  # of each FIFO way
ROLE = "arn:aws:iam::000000000000:role/lambda-ex"


class Sender:
    """One way's. `acknowledged` and `doubtful` are {id: event}."""

    def __init__(self, way, a_second):
        self.way, self.pause = way, 1 / a_second
        self.numbers, self.acknowledged, self.doubtful = counter(), {}, {}

    def event(self):
        number = next(self.numbers)
        return {"id": f"{self.way}-{number}", "way": self.way, "n": number, "do": self.do(number)}

    def do(self, number):
        return "fail" if number % 17 == 5 else "lost" if number % 11 == 3 else ""

    def work(self, to):
        events = self.next_events()
        self.doubtful.update((event["id"], event) for event in events)
        self.send(to, events)
        for event in events:
            self.acknowledged[event["id"]] = self.doubtful.pop(event["id"])
        self.sent()
        time.sleep(self.pause)  # what is accepted can be run, too: the machine is small

    def next_events(self):
        return [self.event() for _ in range(random.randint(1, 3))]

    def sent(self):
        pass


class Asynchronous(Sender):
    def do(self, number):
        return "fail" if number % 7 == 5 else ""

    def next_events(self):
        return [self.event()]

    def send(self, to, events):
        invoke_event(to, "told", events[0])


class Queue(Sender):
    def do(self, number):
        return "fail" if number % 40 == 5 else ""

    def send(self, to, events):
        answer = to.sqs("SendMessageBatch", QueueUrl=queue_url("work"), Entries=[
            {"Id": str(i), "MessageBody": json.dumps(event)} for i, event in enumerate(events)])
        assert len(answer["Successful"]) == len(events), answer


class Topic(Sender):
    def next_events(self):
        return [self.event()]

    def send(self, to, events):
        to.sns("Publish", {"TopicArn": topic_arn("plain"), "Message": json.dumps(events[0])})


class Bus(Sender):
    def send(self, to, events):
        answer = to.events("PutEvents", Entries=[
            {"Source": "chain", "DetailType": "t", "Detail": json.dumps(event)}
            for event in events])
        assert answer["FailedEntryCount"] == 0, answer


class Schedules(Sender):
    """Each is due some seconds after it was made."""

    def next_events(self):
        event = self.event()
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
            seconds=random.randint(3, 6))
        event["to"] = "function" if event["do"] == "fail" or event["n"] % 2 else "queue"
        event["due"] = int(due.timestamp())
        return [event]

    def send(self, to, events):
        [event] = events
        target = function_arn("told") if event["to"] == "function" else queue_arn("from-schedules")
        if event["do"] == "lost":
            target = queue_arn("nowhere")
        due = datetime.datetime.fromtimestamp(event["due"], datetime.timezone.utc)
        to.scheduler.create(
            event["id"], ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"}, ActionAfterCompletion="DELETE", Target={
                "Arn": target, "RoleArn": ROLE, "Input": json.dumps(event),
                "DeadLetterConfig": {"Arn": queue_arn("lost-schedules")}})


class Ordered(Sender):
    """Of one group. What is not known to have arrived is sent again with the same ids."""

    def __init__(self, way, group, a_second):
        super().__init__(way, a_second)
        self.group, self.unsure = f"{way}-{group}", []

    def do(self, number):
        return ""

    def event(self):
        number = next(self.numbers)
        return {"id": f"{self.group}-{number}", "way": self.way, "n": number, "do": "",
                "group": self.group}

    def next_events(self):
        self.unsure = self.unsure or super().next_events()
        return self.unsure

    def sent(self):
        self.unsure = []


class OrderedQueue(Ordered):
    def send(self, to, events):
        answer = to.sqs("SendMessageBatch", QueueUrl=queue_url("work.fifo"), Entries=[
            {"Id": str(i), "MessageBody": json.dumps(event), "MessageGroupId": self.group,
             "MessageDeduplicationId": event["id"]} for i, event in enumerate(events)])
        assert len(answer["Successful"]) == len(events), answer


class OrderedTopic(Ordered):
    def send(self, to, events):
        for event in events:
            to.sns("Publish", {
                "TopicArn": topic_arn("plain.fifo"), "Message": json.dumps(event),
                "MessageGroupId": self.group, "MessageDeduplicationId": event["id"]})


def senders():
    return [Asynchronous("async", 20), Queue("queue", 10), Topic("topic", 10), Bus("bus", 8),
            Schedules("schedule", 8),
            *(OrderedQueue("queue.fifo", i, 5) for i in range(GROUPS)),
            *(OrderedTopic("topic.fifo", i, 5) for i in range(GROUPS))]

"""What the ends of a chain say of its events, and whether that may be."""
import collections
import json
import time

from chain.pieces import queue_arn
from chain.resources import ENDS, RECEIVES_MAX
from killing import queue_url

Found = collections.namedtuple("Found", "event sent_at sequence message")


def event_of(said):
    """What was sent, out of what it came to be wrapped in."""
    said = json.loads(said) if isinstance(said, str) else said
    for inner in ("requestPayload", "Message", "detail"):
        if inner in said:
            return event_of(said[inner])
    if "Records" in said:
        return event_of(said["Records"][0]["Sns"]["Message"])
    return said


def wanted(event):
    """The ends that must tell of it: of each tuple one at least."""
    way, do = event["way"], event["do"]
    told = [("failed",), ("dead",)] if do == "fail" else [("done",)]
    if way == "async":
        return told
    if way == "queue":
        # What a kill has cut is received again; RECEIVES_MAX of them end in the dead letters, too.
        return [("poison",)] if do == "fail" else [("ran", "poison")]
    if way == "topic":
        return [("from-topic",), *told] + ([("lost-topic",)] if do == "lost" else [])
    if way == "bus":
        return [("from-bus",), *told] + ([("lost-bus",)] if do == "lost" else [])
    if way == "schedule":
        return [("lost-schedules",)] if do == "lost" else \
            told if event["to"] == "function" else [("from-schedules",)]
    if way == "queue.fifo":
        return [("ran.fifo",)]
    return [("ran.fifo",), ("kept.fifo",)]


class Ends:
    """Everything that has come to the ends: {end: {id: [Found]}}."""

    def __init__(self):
        self.found = {end: collections.defaultdict(list) for end in ENDS}
        self.seen = set()  # message ids: a deletion that a kill cut is no second message

    def take(self, sqs):
        """Whether anything came."""
        came = False
        for end in ENDS:
            url = queue_url(end)
            while messages := sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10,
                                  AttributeNames=["All"], MessageAttributeNames=["All"]).get(
                                      "Messages", []):
                came = True
                for message in messages:
                    self.add(end, message)
                sqs("DeleteMessageBatch", QueueUrl=url, Entries=[
                    {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                    for i, message in enumerate(messages)])
        return came

    def add(self, end, message):
        if message["MessageId"] in self.seen:
            return
        self.seen.add(message["MessageId"])
        event = event_of(message["Body"])
        attributes = message["Attributes"]
        check_reason(end, event, message)
        self.found[end][event["id"]].append(Found(
            event, int(attributes["SentTimestamp"]) / 1000,
            int(attributes.get("SequenceNumber", 0)), message))

    def missing(self, events):
        return [event for event in events if not all(
            any(self.found[end].get(event["id"]) for end in any_of) for any_of in wanted(event))]

    def wait_for(self, sqs, events, seconds=90):
        """Until no event is missing, and then until nothing comes for a moment."""
        moved, left = time.monotonic(), events
        while left or time.monotonic() - moved < 2:
            if self.take(sqs):
                moved = time.monotonic()
            else:
                time.sleep(0.1)  # between two looks
            left = self.missing(left)
            assert time.monotonic() - moved < seconds, \
                f"lost: {len(left)} of {len(events)}, as {left[:5]}"


def check_reason(end, event, message):
    """What came to an end for failures says the right one."""
    said = {name: value.get("StringValue")
            for name, value in message.get("MessageAttributes", {}).items()}
    if end in ("done", "failed"):
        condition = json.loads(message["Body"])["requestContext"]["condition"]
        assert condition == ("Success" if end == "done" else "RetriesExhausted"), message
    if end == "dead":
        assert (said["ErrorCode"], said["ErrorMessage"]) == ("200", "told to"), message
    if end == "poison":
        attributes = message["Attributes"]
        assert attributes["DeadLetterQueueSourceArn"] == queue_arn("work"), message
        assert int(attributes["ApproximateReceiveCount"]) > RECEIVES_MAX, message
    if end == "lost-bus":
        assert said["ERROR_CODE"] == "NO_RESOURCE", message
    if end == "lost-schedules":
        assert said["TARGET_ARN"] == queue_arn("nowhere"), message
        assert said["ERROR_CODE"] == "QueueDoesNotExist", message
    if end == "from-schedules":
        assert int(message["Attributes"]["SentTimestamp"]) >= 1000 * event["due"], "too early"
    failing = end in ("failed", "dead")
    assert not failing or event["do"] == "fail", (end, message)
    assert not end.startswith("lost") or event["do"] == "lost", (end, message)


def repeats(by_id, kills):
    """Events that an end has heard of more than once. Between two times there is a kill: `kills` are
    [(killed, serving again)]; else nothing explains the second."""
    out = 0
    for id, each in by_id.items():
        times = sorted(one.sent_at for one in each)
        out += len(times) > 1
        for first, second in zip(times, times[1:]):
            assert any(first <= again and second >= killed - 0.01 for killed, again in kills), \
                f"{id} came at {first} and {second}, and there was no kill between"
    return out


def kills_alone(by_id, kills):
    """Dead letters that nothing is wrong with: each of their receives was cut by a kill."""
    innocent = [each[0] for each in by_id.values() if each[0].event["do"] == ""]
    for one in innocent:
        cut = sum(killed >= one.sent_at for killed, _ in kills)
        assert cut >= RECEIVES_MAX, f"{one.event['id']} was cut {cut} times only"
    return len(innocent)


def groups_of(by_id):
    """{group: its events in the order of their sequence numbers}."""
    out = collections.defaultdict(list)
    for each in by_id.values():
        for one in each:
            out[one.event["group"]].append(one)
    return {group: sorted(ones, key=lambda one: one.sequence) for group, ones in out.items()}


def check_order(by_id):
    """Each message of a group comes behind the one before it; how often a group went back to one it
    had been at before, which is what a batch does whose deletion was cut."""
    back = 0
    for group, ones in groups_of(by_id).items():
        last = -1
        for one in ones:
            number = one.event["n"]
            assert number <= last + 1, f"{group}: {number} came behind {last}"
            back += number <= last
            last = number
        numbers = {one.event["n"] for one in ones}
        assert numbers == set(range(len(numbers))), f"{group} has holes"
    return back


def check_one_message_each(by_id):
    """What was sent twice within the window of deduplication is one message of its queue."""
    for id, each in by_id.items():
        messages = {one.event.get("message", one.message["MessageId"]) for one in each}
        assert len(messages) == 1, f"{id} is {len(messages)} messages"

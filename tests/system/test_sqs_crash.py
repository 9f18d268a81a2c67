"""kill -9 of the server while messages are sent, received and deleted: nothing acknowledged is lost
or comes back, a FIFO group's order is never broken, what is sent again within the window of
deduplication is one message, and no receive count is given twice.

LAPWING_LONG=1 kills 200 times, else 6. LAPWING_SEED repeats a run's choices.
"""
import heapq
import os
import random
import threading

from conftest import LONG
from killing import Sqs, counter, queue_url, storm
from serving import Server

ROUNDS = 200 if LONG else 6
ACKNOWLEDGED_MAX = 400  # a round's kill comes after 1 to so many acknowledged changes
VISIBILITY = 1
GROUPS = 3


class Ledger:
    """What was acknowledged of one queue. `doubt` holds bodies whose answer never came."""

    def __init__(self, name):
        self.url = queue_url(name)
        self.lock = threading.Lock()
        self.sent, self.doubtful = set(), set()
        self.deleted, self.maybe_deleted = set(), set()
        self.counts, self.ids = {}, {}
        self.heads = {}  # of each group: a heap of what may be left of it

    def see(self, message):
        body, count = message["Body"], int(message["Attributes"]["ApproximateReceiveCount"])
        with self.lock:
            assert body in self.sent or body in self.doubtful, f"{body} was never sent"
            assert body not in self.deleted, f"{body} came back after it was deleted"
            id = self.ids.setdefault(body, message["MessageId"])
            assert id == message["MessageId"], f"{body} is there twice"
            # Answers may overtake one another, but no count is given twice.
            seen = self.counts.setdefault(body, set())
            assert count not in seen, f"{body} was received for the {count}th time again"
            seen.add(count)
        return body

    def left(self):
        return self.sent - self.deleted - self.maybe_deleted

    # The next two with the lock held.

    def may_be_left(self, bodies):
        for body in bodies:
            heapq.heappush(self.heads.setdefault(body.split("-")[0], []), body)

    def earlier_than(self, body):
        """What is left of its group, and was sent before it. What is gone is looked at once."""
        heap, kept = self.heads.setdefault(body.split("-")[0], []), []
        while heap and heap[0] < body:
            first = heapq.heappop(heap)
            if first not in self.deleted and first not in self.maybe_deleted:
                kept.append(first)
        for one in kept:
            heapq.heappush(heap, one)
        return kept


def sender(ledger, numbers, group=None):
    """Sends one message, or a batch. Those of a group count from 0 up; what may have been sent of
    one before the server was killed is sent again, which makes no second message of it."""
    unsure = []

    def entries(count):
        out = []
        for _ in range(count):
            body = f"{group or 'x'}-{next(numbers):08d}"
            out.append({"Id": str(len(out)), "MessageBody": body, **({} if group is None else {
                "MessageGroupId": group, "MessageDeduplicationId": body})})
        return out

    def work(to):
        batch = unsure.pop() if unsure else entries(random.randint(1, 10))
        bodies = {entry["MessageBody"] for entry in batch}
        if group is not None:
            unsure.append(batch)
        with ledger.lock:
            ledger.doubtful |= bodies
        answer = to.sqs("SendMessageBatch", QueueUrl=ledger.url, Entries=batch)
        assert len(answer["Successful"]) == len(batch), answer
        unsure.clear()
        with ledger.lock:
            ledger.sent |= bodies
            ledger.doubtful -= bodies
            if group is not None:
                ledger.may_be_left(bodies)
    return work


def receiver(ledger, check=None):
    def work(to):
        received = to.sqs("ReceiveMessage", QueueUrl=ledger.url, MaxNumberOfMessages=10,
                          WaitTimeSeconds=1, AttributeNames=["All"]).get("Messages", [])
        bodies = [ledger.see(message) for message in received]
        if check is not None:
            check(bodies)
        if not received:
            return
        # Some are left to lapse, from the end so that a group goes on where it was.
        chosen = received[:random.randint(1, len(received))]
        names = {message["Body"] for message in chosen}
        with ledger.lock:
            ledger.maybe_deleted |= names
        answer = to.sqs("DeleteMessageBatch", QueueUrl=ledger.url, Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(chosen)])
        failed = {chosen[int(one["Id"])]["Body"] for one in answer.get("Failed", [])}
        gone = {chosen[int(one["Id"])]["Body"] for one in answer.get("Successful", [])}
        with ledger.lock:
            ledger.maybe_deleted -= failed
            if check is not None:  # a standard queue's late handle may not have deleted
                ledger.may_be_left(failed)
                ledger.deleted |= gone
                ledger.maybe_deleted -= gone
    return work


def in_order(ledger):
    """Whatever stands before a received message of its group is deleted, or came just before."""
    def check(bodies):
        here = set()
        with ledger.lock:
            for body in bodies:
                earlier = set(ledger.earlier_than(body))
                assert earlier <= here, f"{body} came before {sorted(earlier - here)[:3]}"
                here.add(body)
    return check


def drain(server, ledger, check=None):
    """Everything that is left, deleted on its way."""
    sqs, found, empty = Sqs(server.address), set(), 0
    while empty < 2 * VISIBILITY + 2:  # each waits a second
        received = sqs("ReceiveMessage", QueueUrl=ledger.url, MaxNumberOfMessages=10,
                       VisibilityTimeout=60, WaitTimeSeconds=1,
                       AttributeNames=["All"]).get("Messages", [])
        bodies = [ledger.see(message) for message in received]
        if check is not None:
            check(bodies)
        empty = 0 if received else empty + 1
        if received:
            answer = sqs("DeleteMessageBatch", QueueUrl=ledger.url, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(received)])
            assert "Failed" not in answer, answer
        ledger.deleted.update(bodies)
        found.update(bodies)
    counts = sqs("GetQueueAttributes", QueueUrl=ledger.url, AttributeNames=["All"])["Attributes"]
    for name in ("", "Delayed", "NotVisible"):
        assert counts["ApproximateNumberOfMessages" + name] == "0", counts
    return found


def test_kills_under_load(data_dir):
    seed = int(os.environ.get("LAPWING_SEED", random.randrange(1 << 30)))
    print("LAPWING_SEED =", seed)
    random.seed(seed)
    standard, fifo = Ledger("crash"), Ledger("crash.fifo")
    # What a sender counts goes on over the rounds: a number is never sent twice.
    works = [sender(standard, counter(i << 24)) for i in range(3)] + [receiver(standard)] * 2
    works += [sender(fifo, counter(), f"g{i}") for i in range(GROUPS)]
    works += [receiver(fifo, in_order(fifo))]
    server = Server(data_dir).start()
    setup = Sqs(server.address)
    for name, more in (("crash", {}), ("crash.fifo", {"FifoQueue": "true"})):
        setup("CreateQueue", QueueName=name,
              Attributes={"VisibilityTimeout": str(VISIBILITY), **more})
    for _ in range(ROUNDS):
        storm(server, works, random.randint(1, ACKNOWLEDGED_MAX))
        server = Server(data_dir).start()
    try:
        for ledger, check in ((standard, None), (fifo, in_order(fifo))):
            wanted = ledger.left()
            found = drain(server, ledger, check)
            assert wanted <= found, f"lost: {sorted(wanted - found)[:5]} of {len(wanted)}"
    finally:
        server.stop()

"""kill -9 while every sender of events is at work: asynchronous invocations, queues consumed by
mappings, topics, a bus, schedules. Every event that was acknowledged was run or delivered, or lies
with its reason where its failures go; what came twice was under way at a kill; FIFO groups keep
their order, and what was sent twice is one message.

LAPWING_LONG=1 kills 200 times, else 8. LAPWING_SEED repeats a run's choices.
"""
import os
import random
import time

from chain.findings import Ends, check_one_message_each, check_order, kills_alone, repeats
from chain.resources import ENDS, make
from chain.senders import senders
from conftest import LONG
from killing import Services, storm
from serving import Server
from waiting import eventually

ROUNDS = 200 if LONG else 8
ACKNOWLEDGED_MAX = 60  # a round's kill comes after 1 to so many acknowledged requests
LONGER_MAX = 3  # and so many seconds


def test_kills_under_load(data_dir):
    seed = int(os.environ.get("LAPWING_SEED", random.randrange(1 << 30)))
    print("LAPWING_SEED =", seed)
    random.seed(seed)
    server, clients, kills = Server(data_dir).start(), senders(), []
    make(Services(server.address))
    for _ in range(ROUNDS):
        killed = storm(server, [each.work for each in clients],
                       random.randint(1, ACKNOWLEDGED_MAX), random.uniform(0, LONGER_MAX))
        server = Server(data_dir).start()
        kills.append((killed, time.time()))
    sent = [event for each in clients for event in each.acknowledged.values()]
    known = {event["id"] for event in sent} | {id for each in clients for id in each.doubtful}
    ends = Ends()
    try:
        to = Services(server.address)
        ends.wait_for(to.sqs, sent)
        for end in ENDS:
            assert set(ends.found[end]) <= known, "nobody sent these"
        check(ends, kills)
        print(f"{len(sent)} events over {ROUNDS} kills")
        for way in {each.way for each in clients}:
            print(f"  {way}: {sum(event['way'] == way for event in sent)} acknowledged")
        # What was due has gone with its last occurrence.
        assert eventually(lambda: to.scheduler.list() == [])
    finally:
        server.stop()


def check(ends, kills):
    for end in ENDS:
        twice = repeats(ends.found[end], kills)
        print(f"  {end}: {len(ends.found[end])} events, {twice} of them more than once")
    for end in ("kept.fifo", "ran.fifo"):
        check_one_message_each(ends.found[end])
        print(f"  {end}: went back {check_order(ends.found[end])} times")
    assert all(len(each) == 1 for each in ends.found["kept.fifo"].values()), "doubled"
    print(f"  poison: {kills_alone(ends.found['poison'], kills)} by kills alone")

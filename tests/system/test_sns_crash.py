"""kill -9 while messages are published and subscriptions made: what was acknowledged counts after a
restart. A FIFO topic knows its messages again and its sequence numbers go on; a subscription is
there; what messages are signed with stays."""
import random

import boto3
from botocore.config import Config
from conftest import LONG
from killing import counter, storm
from serving import Server

ROUNDS = 20 if LONG else 4
PUBLISHERS = 3
CHANGES_MAX = 60  # a round's kill comes after 1 to so many acknowledged changes


def sns_of(server):
    return boto3.client("sns", endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"max_attempts": 0}, read_timeout=60))


def publisher(topic, group, taken, numbers):
    """Publishes what counts up; `taken` has what was answered."""
    def work(to):
        id = f"{group}-{next(numbers)}"
        answer = to.sns("Publish", {"TopicArn": topic, "Message": id, "MessageGroupId": group,
                                    "MessageDeduplicationId": id})
        taken[id] = (answer["MessageId"], answer["SequenceNumber"])
    return work


def subscriber(topic, made, numbers):
    def work(to):
        queue = f"arn:aws:sqs:us-east-1:000000000000:q{next(numbers)}"
        made[queue] = to.sns("Subscribe", {
            "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue,
            "Attributes.entry.1.key": "FilterPolicy",
            "Attributes.entry.1.value": '{"a": ["b"]}'})["SubscriptionArn"]
    return work


def test_what_was_acknowledged_counts(data_dir):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    choice = random.Random(seed)
    server = Server(data_dir).start()
    sns = sns_of(server)
    fifo = sns.create_topic(Name="crash.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    topic = sns.create_topic(Name="crash")["TopicArn"]
    taken, made = {}, {}
    groups = [f"g{number}" for number in range(PUBLISHERS)]
    works = [publisher(fifo, group, taken, counter()) for group in groups]
    works.append(subscriber(topic, made, counter()))
    for _ in range(ROUNDS):
        # Filters are 200 a topic at most.
        storm(server, works, choice.randint(1, CHANGES_MAX))
        server = Server(data_dir).start()
        sns = sns_of(server)
        for id in choice.sample(sorted(taken), min(20, len(taken))):
            again = sns.publish(TopicArn=fifo, Message=id, MessageGroupId=id.split("-")[0],
                                MessageDeduplicationId=id)
            assert (again["MessageId"], again["SequenceNumber"]) == taken[id], id
        fresh = sns.publish(TopicArn=fifo, Message="x", MessageGroupId="g",
                            MessageDeduplicationId=str(choice.random()))
        assert all(fresh["SequenceNumber"] > sequence for _, sequence in taken.values())
        assert len({sequence for _, sequence in taken.values()}) == len(taken), "given twice"
        there = {each["Endpoint"]: each["SubscriptionArn"]
                 for page in sns.get_paginator("list_subscriptions_by_topic").paginate(
                     TopicArn=topic) for each in page["Subscriptions"]}
        assert made.items() <= there.items()
        for arn in list(made.values()):
            sns.unsubscribe(SubscriptionArn=arn)
        for queue in set(there) - set(made):  # whose answer never came
            sns.unsubscribe(SubscriptionArn=there[queue])
        made.clear()
    server.stop()

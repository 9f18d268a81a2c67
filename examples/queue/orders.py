"""Orders go through a queue; one that cannot be read ends in the dead-letter queue, and comes back
when the worker can."""
import json
import uuid

import boto3

TRIES = 3
sqs = boto3.client("sqs")


def make_queues():
    suffix = uuid.uuid4().hex[:8]
    dead = sqs.create_queue(QueueName="orders-dead-" + suffix)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]
    orders = sqs.create_queue(QueueName="orders-" + suffix, Attributes={
        "VisibilityTimeout": "1", "ReceiveMessageWaitTimeSeconds": "3",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": TRIES}),
    })["QueueUrl"]
    return orders, dead, arn


def send(orders, bodies):
    for start in range(0, len(bodies), 10):
        answer = sqs.send_message_batch(QueueUrl=orders, Entries=[
            {"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[start:start + 10])])
        assert "Failed" not in answer, answer


def work_off(orders, read):
    """Until the queue is empty; the sum of the orders."""
    total = 0
    while True:
        messages = sqs.receive_message(QueueUrl=orders, MaxNumberOfMessages=10).get("Messages")
        if not messages:
            return total
        done = []
        for message in messages:
            try:
                total += read(message["Body"])
                done.append(message)
            except ValueError:
                pass  # it is handed out again when its visibility has ended
        if done:
            sqs.delete_message_batch(QueueUrl=orders, Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(done)])


def main():
    orders, dead, dead_arn = make_queues()
    send(orders, [json.dumps({"amount": n}) for n in range(1, 20)] + ["amount=20"])
    print("worked off:", work_off(orders, lambda body: json.loads(body)["amount"]))
    count = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
    print("given up:", count["Attributes"]["ApproximateNumberOfMessages"])
    sqs.start_message_move_task(SourceArn=dead_arn)
    print("and then:", work_off(orders, lambda body: int(body.split("=")[1])))
    sqs.delete_queue(QueueUrl=orders)
    sqs.delete_queue(QueueUrl=dead)


if __name__ == "__main__":
    main()

"""A subscriber of the topic of orders: says of each what is to be taken off the shelves."""
import json


def handler(event, context):
    taken = []
    for record in event["Records"]:  # SNS brings one at a time
        order = json.loads(record["Sns"]["Message"])
        taken.append("{count} x {what} for {who}".format(**order))
    print("took", taken)
    return taken

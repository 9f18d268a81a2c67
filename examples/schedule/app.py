"""Called by schedules: says who is reminded of what, and when that was due."""


def handler(event, context):
    print("due", event["due"])
    return "{due}: {who}, {what}".format(**event)

"""A reminder in some seconds, and one of every working day, are schedules of one group; a function is
called for each, and its answers go to a queue."""
import datetime
import json
import pathlib
import uuid

import boto3

HERE = pathlib.Path(__file__).resolve().parent
ROLE = "arn:aws:iam::000000000000:role/reminders"  # on AWS: of Lambda and Scheduler, allowed to call
NAME = "reminders-" + uuid.uuid4().hex[:8]
scheduler, sqs, functions = boto3.client("scheduler"), boto3.client("sqs"), boto3.client("lambda")


def make_function(told):
    settings = json.loads((HERE / "example.json").read_text())
    arn = functions.create_function(
        FunctionName=NAME, Runtime=(HERE / "build/runtime").read_text().strip(), Role=ROLE,
        Handler=settings["handler"], MemorySize=settings["memory"], Timeout=settings["timeout"],
        Code={"ZipFile": (HERE / "build/function.zip").read_bytes()})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=NAME)
    functions.put_function_event_invoke_config(FunctionName=NAME, DestinationConfig={
        "OnSuccess": {"Destination": told}})
    return arn


def remind(function, name, when, who, what, **more):
    scheduler.create_schedule(
        GroupName=NAME, Name=name, ScheduleExpression=when, FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function, "RoleArn": ROLE, "Input": json.dumps({
            "due": "<aws.scheduler.scheduled-time>", "who": who, "what": what})}, **more)


def answer(url):
    while True:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []):
            return json.loads(message["Body"])["responsePayload"]


def main():
    told = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    function = make_function(sqs.get_queue_attributes(
        QueueUrl=told, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
    scheduler.create_schedule_group(Name=NAME)
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    due = due.strftime("%Y-%m-%dT%H:%M:%S")
    remind(function, "once", f"at({due})", "Ada", "the kettle", ActionAfterCompletion="DELETE")
    remind(function, "daily", "cron(30 8 ? * MON-FRI *)", "Eve", "the plants",
           ScheduleExpressionTimezone="Europe/Berlin")
    said = answer(told)
    assert said == f"{due}Z: Ada, the kettle", said
    print("reminded Ada of the kettle")
    left = [each["Name"] for each in scheduler.list_schedules(GroupName=NAME)["Schedules"]]
    print("left:", ", ".join(left))
    scheduler.delete_schedule_group(Name=NAME)
    functions.delete_function(FunctionName=NAME)
    sqs.delete_queue(QueueUrl=told)


if __name__ == "__main__":
    main()

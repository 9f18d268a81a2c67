"""Following an event: `lapwing events`, its lists, stories over several services, what has died sent
again; and what goes to people, kept and sent by a mail server."""
import email
import email.policy
import json
import os
import urllib.error
import urllib.request

import boto3
import pytest
from functions import package
from mailing import PostOffice
from serving import ROLE, SOON, Server
from test_commands import lapwing
from waiting import eventually

APP = """
import os

def handler(event, context):
    if event.get("detail", {}).get("fail"):
        raise RuntimeError("told to")
    return {"seen": len(event.get("Records", []))}
"""
ACCOUNT = "000000000000"


def client_of(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="x", aws_secret_access_key="x")


def ask(server, path, body=None, status=200):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(server.endpoint + path, data=data, timeout=30) as answer:
            assert answer.status == status
            return json.load(answer)
    except urllib.error.HTTPError as error:
        assert error.code == status, error.read()
        return json.load(error)


def events(server, *arguments, **options):
    where = server.endpoint.removeprefix("http://")
    return lapwing("events", *arguments, "--listen", where, **options)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data").start()
    yield server
    server.stop()


def open_queue(sqs, name):
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    policy = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
                             "Resource": arn}]}
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    return url, arn


def make_function(server, name="f"):
    functions = client_of(server, "lambda")
    made = functions.create_function(FunctionName=name, Runtime="python3.12", Role=ROLE,
                                     Handler="app.handler", Code={"ZipFile": package({"app.py": APP})})
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    return made["FunctionArn"]


def make_chain(server):
    """Events of "app" go to a queue, from there to a function; and to the function, whose ends are
    told to queues."""
    sqs, bus, functions = (client_of(server, name) for name in ("sqs", "events", "lambda"))
    function = make_function(server)
    _, orders = open_queue(sqs, "orders")
    _, done = open_queue(sqs, "done")
    dead_url, dead = open_queue(sqs, "dead")
    functions.create_event_source_mapping(FunctionName="f", EventSourceArn=orders)
    functions.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": done}, "OnFailure": {"Destination": dead}})
    bus.put_rule(Name="r", EventPattern=json.dumps({"source": ["app"]}))
    functions.add_permission(FunctionName="f", StatementId="r", Action="lambda:InvokeFunction",
                             Principal="events.amazonaws.com")
    bus.put_targets(Rule="r", Targets=[{"Id": "queue", "Arn": orders},
                                       {"Id": "function", "Arn": function}])
    return bus, dead_url


def put(bus, detail):
    answer = bus.put_events(Entries=[{"Source": "app", "DetailType": "t",
                                      "Detail": json.dumps(detail)}])
    return answer["Entries"][0]["EventId"]


def steps(server, id):
    return [(step["step"], step["at"].split(":")[-1])
            for step in ask(server, f"/_lapwing/events/trace/{id}")["steps"]]


def test_one_story_over_bus_queue_mapping_function_and_destination(server):
    bus, _ = make_chain(server)
    id = put(bus, {"order": 1})
    wanted = [("accepted", "event-bus/default"), ("matched", "event-bus/default"),
              ("accepted", "orders"), ("delivered", "rule/r"), ("accepted", "f"),
              ("delivered", "f"), ("accepted", "done")]
    assert eventually(lambda: set(wanted) <= set(steps(server, id)) and
               steps(server, id).count(("delivered", "f")) >= 2)
    story = ask(server, f"/_lapwing/events/trace/{id}")["steps"]
    times = [step["time"] for step in story]
    assert times == sorted(times)
    mapped = [step for step in story if ":event-source-mapping:" in step["at"]]
    assert mapped and mapped[0]["step"] == "delivered"
    # The message alone: where it came from, and the run that it became.
    message = next(step["event"] for step in story if step["at"].endswith(":orders"))
    assert ("accepted", "event-bus/default") in steps(server, message)
    text = events(server, "trace", id)
    assert text.splitlines()[0].split()[2:] == ["accepted", "events:event-bus/default", id]
    assert "rule/r -> sqs:orders" in text


def test_what_has_died_is_listed_and_sent_again(server):
    bus, dead_url = make_chain(server)
    sqs, functions = client_of(server, "sqs"), client_of(server, "lambda")
    id = put(bus, {"fail": True})
    buried = eventually(lambda: sqs.receive_message(QueueUrl=dead_url).get("Messages"))
    record = json.loads(buried[0]["Body"])
    run = record["requestContext"]["requestId"]
    rows = ask(server, "/_lapwing/events?list=dead-letters&function=f")["dead-letters"]["rows"]
    assert [row["id"] for row in rows] == [run] and rows[0]["replayable"]
    assert rows[0]["reason"].startswith("RetriesExhausted")
    assert run in events(server, "--list", "dead-letters")
    functions.update_function_code(FunctionName="f", ZipFile=package(
        {"app.py": "def handler(event, context): return 1\n"}))
    functions.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig=SOON)
    # By what it was at first.
    assert events(server, "replay", id) == "sent again to 1 target\n"

    def succeeded():
        story = steps(server, id)
        return ("replayed", "f") in story and \
            ("delivered", "f") in story[story.index(("replayed", "f")):]
    assert eventually(succeeded), steps(server, id)
    assert "nothing to send again" in events(server, "replay", put(bus, {"order": 2}), status=1)
    assert "Nothing is known of" in events(server, "replay", "nothing", status=1)
    assert "Nothing is known of" in events(server, "trace", "nothing", status=1)


def test_the_command_shows_lists_and_says_what_to_do(server):
    make_chain(server)
    assert eventually(lambda: "Enabled" in events(server))
    text = events(server)
    for line in ("queues:", "mappings:", "schedules: none", "retries: none", "dead-letters: none",
                 "sqs:orders"):
        assert line in text, text
    raw = json.loads(events(server, "--json", "--list", "mappings"))
    assert raw["mappings"]["rows"][0]["to"].endswith(":function:f")
    assert "There is no list" in events(server, "--list", "nothing", status=1)
    page = json.loads(events(server, "--json", "--list", "queues", "--service", "sqs",
                             "--limit", "1"))["queues"]
    assert len(page["rows"]) == 1
    rest = events(server, "--list", "queues", "--service", "sqs", "--limit", "1", "--after",
                  page["next"])
    assert "there are more" in rest
    assert "say --listen" in lapwing("events", "--listen", "127.0.0.1:1", status=1)


def test_with_signatures_it_is_the_operators(tmp_path):
    config = tmp_path / "lapwing.toml"
    config.write_text('[[credentials]]\naccess_key_id = "OPERATOR"\nsecret_access_key = "secret"\n')
    server = Server(tmp_path / "data", "--auth", "verify", "--config", config).start()
    try:
        ask(server, "/_lapwing/events", status=403)
        where = server.endpoint.removeprefix("http://")
        keys = {**os.environ, "AWS_ACCESS_KEY_ID": "OPERATOR", "AWS_SECRET_ACCESS_KEY": "secret"}
        assert "queues:" in lapwing("events", "--listen", where, env=keys)
        said = lapwing("events", "replay", "x", "--listen", where, env=keys, status=1)
        assert "Nothing is known of x" in said
        keys["AWS_SECRET_ACCESS_KEY"] = "wrong"
        lapwing("events", "--listen", where, env=keys, status=1)
    finally:
        server.stop()


def subscribe(sns, protocol, endpoint):
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint,
                        ReturnSubscriptionArn=True)["SubscriptionArn"]
    return topic, arn


def token_in(text):
    return text.split("Token=")[1].split("&")[0].split()[0]


def test_what_goes_to_people_is_kept(server):
    sns = client_of(server, "sns")
    topic, _ = subscribe(sns, "email", "a@b.test")
    mails = ask(server, "/_lapwing/outbox?protocol=email")["messages"]
    assert [mail["to"] for mail in mails] == ["a@b.test"]
    sns.confirm_subscription(TopicArn=topic, Token=token_in(mails[0]["body"]))
    id = sns.publish(TopicArn=topic, Subject="news", Message="text")["MessageId"]
    newest = ask(server, "/_lapwing/outbox?to=a%40b.test&limit=1")
    assert newest["messages"][0]["subject"] == "news" and newest["next"]
    older = ask(server, "/_lapwing/outbox?to=a%40b.test&limit=1&after=" + newest["next"])
    assert older["messages"][0]["body"] == mails[0]["body"]
    assert ("accepted", "t") in steps(server, id)


def test_mail_is_sent_tried_again_and_its_failure_is_seen(tmp_path):
    with PostOffice() as office:
        server = Server(tmp_path / "data", "--set", "smtp.host=127.0.0.1", "--set",
                        f"smtp.port={office.port}", "--set", "smtp.from=us@here.test", "--set",
                        "clock=manual").start()
        try:
            sns = client_of(server, "sns")
            topic, _ = subscribe(sns, "email", "a@b.test")
            assert eventually(lambda: len(office.mails) == 1)
            asked = email.message_from_string(office.mails[0]["text"],
                                              policy=email.policy.default)
            sns.confirm_subscription(TopicArn=topic, Token=token_in(asked.get_content()))
            office.answers["RCPT"] = "451 later"
            id = sns.publish(TopicArn=topic, Subject="Grüße", Message="täxt\n.\nend")["MessageId"]
            assert eventually(lambda: ("attempted", "t") in steps(server, id))
            # Once what came of the attempt is written.
            assert eventually(lambda: any(
                "451" in row.get("reason", "") and "due" in row for row in
                ask(server, "/_lapwing/events?list=retries")["retries"]["rows"]))
            del office.answers["RCPT"]
            ask(server, "/_lapwing/clock", {"advance_seconds": 11})
            assert eventually(lambda: len(office.mails) == 2)
            mail = office.mails[1]
            assert (mail["from"], mail["to"]) == ("us@here.test", ["a@b.test"])
            parsed = email.message_from_string(mail["text"], policy=email.policy.default)
            assert parsed["subject"] == "Grüße"
            assert parsed.get_content().replace("\r", "").startswith("täxt\n.\nend\n")
            assert ask(server, "/_lapwing/outbox?limit=1")["messages"][0]["subject"] == "Grüße"
            office.answers["RCPT"] = "550 no such user"
            id = sns.publish(TopicArn=topic, Message="lost")["MessageId"]
            assert eventually(lambda: ("dropped", "t") in steps(server, id))
            rows = lambda: ask(server, "/_lapwing/events?list=dead-letters")["dead-letters"]["rows"]
            assert eventually(rows)  # once its end is written
            row = rows()[0]
            assert row["id"] == id and row["to"] == "mailto:a@b.test" and "550" in row["reason"]
            del office.answers["RCPT"]
            assert ask(server, "/_lapwing/events/replay", {"id": id})["replayed"] == 1
            assert eventually(lambda: len(office.mails) == 3)
        finally:
            server.stop()

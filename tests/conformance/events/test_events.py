"""Amazon EventBridge by boto3."""
import datetime
import http.server
import json
import threading

import pytest
from botocore.exceptions import ClientError

PATTERN = json.dumps({"source": ["conformance"]})


def refused(call, code, text=None):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    assert text is None or text in answer["Error"]["Message"], answer["Error"]


def entry(bus, detail="{}", source="conformance", **more):
    return {"EventBusName": bus, "Source": source, "DetailType": "t", "Detail": detail, **more}


def route(events, bus, arn, rule="r", **target):
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=PATTERN)
    put = events.put_targets(Rule=rule, EventBusName=bus,
                             Targets=[{"Id": "t", "Arn": arn, **target}])
    assert put["FailedEntryCount"] == 0 and put["FailedEntries"] == []


def test_the_default_bus_is_there(events):
    bus = events.describe_event_bus()
    assert bus["Name"] == "default" and bus["Arn"].endswith(":event-bus/default")
    assert "default" in [each["Name"] for each in events.list_event_buses()["EventBuses"]]
    refused(lambda: events.delete_event_bus(Name="default"), "ValidationException",
            "Cannot delete event bus default.")


def test_a_rule_is_replaced_and_read_back(events, bus):
    made = events.put_rule(Name="r", EventBusName=bus, EventPattern=PATTERN, Description="d",
                           Tags=[{"Key": "k", "Value": "v"}])
    assert made["RuleArn"].endswith(f":rule/{bus}/r")
    assert events.list_tags_for_resource(ResourceARN=made["RuleArn"])["Tags"] == [
        {"Key": "k", "Value": "v"}]
    events.put_rule(Name="r", EventBusName=bus, EventPattern=PATTERN)
    rule = events.describe_rule(Name="r", EventBusName=bus)
    assert "Description" not in rule and rule["State"] == "ENABLED"
    assert rule["EventPattern"] == PATTERN and rule["EventBusName"] == bus
    events.disable_rule(Name="r", EventBusName=bus)
    assert events.list_rules(EventBusName=bus)["Rules"][0]["State"] == "DISABLED"
    refused(lambda: events.describe_rule(Name="no", EventBusName=bus),
            "ResourceNotFoundException", f"Rule no does not exist on EventBus {bus}.")
    refused(lambda: events.put_rule(Name="x", EventBusName=bus, EventPattern='{"a":"x"}'),
            "InvalidEventPatternException", '"a" must be an object or an array')
    refused(lambda: events.put_rule(Name="x", EventBusName=bus,
                                    ScheduleExpression="rate(1 minute)"), "ValidationException",
            "ScheduleExpression is supported only on the default event bus.")
    events.delete_rule(Name="no", EventBusName=bus)


def test_targets_come_back_as_they_were_put(events, bus, queue):
    _, arn = queue()
    target = {"Id": "t", "Arn": arn, "InputTransformer": {
        "InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '{"x": <a>}'},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": arn}}
    events.put_rule(Name="r", EventBusName=bus, EventPattern=PATTERN)
    events.put_targets(Rule="r", EventBusName=bus, Targets=[target])
    assert events.list_targets_by_rule(Rule="r", EventBusName=bus)["Targets"] == [target]
    assert events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"] == ["r"]
    refused(lambda: events.delete_rule(Name="r", EventBusName=bus), "ValidationException",
            "Rule can't be deleted since it has targets.")
    more = [{"Id": str(number), "Arn": arn} for number in range(5)]
    refused(lambda: events.put_targets(Rule="r", EventBusName=bus, Targets=more),
            "LimitExceededException", "exceeds the maximum number allowed")


def test_an_event_reaches_a_queue(events, bus, queue, received):
    url, arn = queue()
    route(events, bus, arn)
    time = datetime.datetime(2023, 1, 1, 12, 30, 15, 999000, tzinfo=datetime.timezone.utc)
    put = events.put_events(Entries=[
        entry(bus, '{"n": [1, 2.50]}', Resources=["arn:x"], Time=time),
        entry(bus, source="other"), entry(bus, detail="[]"), entry("no-" + bus)])
    assert put["FailedEntryCount"] == 1
    assert put["Entries"][2] == {"ErrorCode": "MalformedDetail",
                                 "ErrorMessage": "Detail is malformed."}
    [message] = received(url)
    event = json.loads(message["Body"])
    assert list(event) == ["version", "id", "detail-type", "source", "account", "time", "region",
                           "resources", "detail"]
    assert event["id"] == put["Entries"][0]["EventId"] and event["time"] == "2023-01-01T12:30:15Z"
    assert event["resources"] == ["arn:x"] and event["detail"] == {"n": [1, 2.5]}


def test_eleven_entries_are_too_many(events, bus):
    refused(lambda: events.put_events(Entries=[entry(bus)] * 11), "ValidationException",
            "at 'entries' failed to satisfy constraint: Member must have length less than or "
            "equal to 10")


def test_a_transformer_makes_the_body(events, bus, queue, received):
    url, arn = queue()
    route(events, bus, arn, InputTransformer={
        "InputPathsMap": {"who": "$.detail.who", "all": "$.detail"},
        "InputTemplate": '{"text": "hello <who>", "all": <all>, "rule": "<aws.events.rule-name>"}'})
    events.put_events(Entries=[entry(bus, '{"who": "you"}')])
    [message] = received(url)
    assert json.loads(message["Body"]) == {"text": "hello you", "all": {"who": "you"}, "rule": "r"}


def test_what_may_not_go_there_is_a_dead_letter(events, bus, queue, received):
    _, arn = queue(allowed=False)
    dead_url, dead_arn = queue()
    route(events, bus, arn, DeadLetterConfig={"Arn": dead_arn})
    events.put_events(Entries=[entry(bus, '{"n": 1}')])
    [message] = received(dead_url)
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS" and attributes["TARGET_ARN"] == arn
    assert attributes["RULE_ARN"].endswith(f":rule/{bus}/r")
    assert json.loads(message["Body"])["detail"] == {"n": 1}


def test_a_bus_sends_to_another(events, bus, queue, received, name):
    url, arn = queue()
    second = name + "-2"
    second_arn = events.create_event_bus(Name=second)["EventBusArn"]
    try:
        route(events, second, arn)
        route(events, bus, second_arn)
        put = events.put_events(Entries=[entry(bus)])
        [message] = received(url)
        assert json.loads(message["Body"])["id"] == put["Entries"][0]["EventId"]
        events.remove_targets(Rule="r", EventBusName=second, Ids=["t"])
        events.delete_rule(Name="r", EventBusName=second)
    finally:
        events.delete_event_bus(Name=second)


def test_permissions(events, bus):
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="111111111111",
                          StatementId="one")
    policy = json.loads(events.describe_event_bus(Name=bus)["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    refused(lambda: events.remove_permission(EventBusName=bus, StatementId="no"),
            "ResourceNotFoundException", "Statement with the provided id does not exist.")
    events.remove_permission(EventBusName=bus, RemoveAllPermissions=True)
    assert "Policy" not in events.describe_event_bus(Name=bus)


def test_a_pattern_is_tried_out(events):
    event = {"id": "1", "detail-type": "t", "source": "s", "account": "1", "region": "r",
             "time": "2023-01-01T00:00:00Z", "resources": [], "detail": {"n": 300.0}}
    for pattern, result in (({"detail": {"n": [300]}}, True), ({"source": ["x"]}, False),
                            ({"source": [{"wildcard": "s*"}]}, True)):
        assert events.test_event_pattern(EventPattern=json.dumps(pattern),
                                         Event=json.dumps(event))["Result"] is result


def test_an_archive_is_replayed(events, bus, queue, received, name):
    url, arn = queue()
    route(events, bus, arn)
    bus_arn = events.describe_event_bus(Name=bus)["Arn"]
    archive = events.create_archive(ArchiveName=name, EventSourceArn=bus_arn, RetentionDays=1)
    try:
        events.put_events(Entries=[entry(bus, '{"n": %d}' % number) for number in range(3)])
        received(url, 3)
        now = datetime.datetime.now(datetime.timezone.utc)
        hour = datetime.timedelta(hours=1)
        events.start_replay(ReplayName=name, EventSourceArn=archive["ArchiveArn"],
                            EventStartTime=now - hour, EventEndTime=now + hour,
                            Destination={"Arn": bus_arn})
        replayed = [json.loads(message["Body"]) for message in received(url, 3)]
        assert sorted(each["detail"]["n"] for each in replayed) == [0, 1, 2]
        assert {each["replay-name"] for each in replayed} == {name}
        refused(lambda: events.start_replay(
            ReplayName=name + "x", EventSourceArn=archive["ArchiveArn"], EventStartTime=now,
            EventEndTime=now, Destination={"Arn": bus_arn}), "ValidationException",
            "EventStartTime must be before EventEndTime.")
    finally:
        events.delete_archive(ArchiveName=name)


@pytest.mark.lapwing
def test_a_function_is_called(events, bus, deploy, lam, log_of):
    function = deploy("def handler(event, context):\n    print('got', event['detail']['n'])\n")
    arn = lam.get_function_configuration(FunctionName=function)["FunctionArn"]
    route(events, bus, arn)
    rule = events.describe_rule(Name="r", EventBusName=bus)["Arn"]
    lam.add_permission(FunctionName=function, StatementId="events", Action="lambda:InvokeFunction",
                       Principal="events.amazonaws.com", SourceArn=rule)
    events.put_events(Entries=[entry(bus, '{"n": 7}')])
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=30)
    while "got 7" not in "".join(log_of(function)):
        assert datetime.datetime.now() < deadline
        threading.Event().wait(0.2)


class Endpoint(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(204)
        self.end_headers()
        self.server.got.set()

    def log_message(self, *_):
        pass


@pytest.mark.lapwing
def test_an_api_destination_is_called(events, bus, name):
    server = http.server.HTTPServer(("127.0.0.1", 0), Endpoint)
    server.got = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = events.create_connection(
        Name=name, AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}})
    try:
        assert connection["ConnectionState"] == "AUTHORIZED"
        shown = events.describe_connection(Name=name)["AuthParameters"]
        assert shown == {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}
        destination = events.create_api_destination(
            Name=name, ConnectionArn=connection["ConnectionArn"], HttpMethod="POST",
            InvocationEndpoint=f"http://127.0.0.1:{server.server_port}/hook/*")
        assert destination["ApiDestinationState"] == "ACTIVE"
        route(events, bus, destination["ApiDestinationArn"], InputPath="$.detail",
              HttpParameters={"PathParameterValues": ["a"]},
              RoleArn="arn:aws:iam::000000000000:role/r")
        events.put_events(Entries=[entry(bus, '{"n": 1}')])
        assert server.got.wait(10)
        path, headers, body = Endpoint.asked[-1]
        assert path == "/hook/a" and body == {"n": 1} and headers["X-Key"] == "secret"
    finally:
        events.delete_api_destination(Name=name)
        events.delete_connection(Name=name)
        server.shutdown()

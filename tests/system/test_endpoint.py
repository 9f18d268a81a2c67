"""What a function reaches of this server's own API: all of it, or nothing but its Runtime API,
as its tags and the configuration say."""
import json

import pytest
from api import Api
from serving import Server
from waiting import eventually

TAGS = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3A"
PROBE = '''
import os, urllib.error, urllib.request

SIGNED = {"X-Amz-Date": "20260101T000000Z", "Authorization":
          "AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/sts/aws4_request, "
          "SignedHeaders=host;x-amz-date, Signature=" + 64 * "0"}

def ask(path, data=None, headers={}):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]

def handler(event, context):
    return {"health": ask("/_lapwing/health"), "list": ask("/2015-03-31/functions/"),
            "sts": ask("/", b"Action=GetCallerIdentity&Version=2011-06-15",
                       {"Content-Type": "application/x-www-form-urlencoded", **SIGNED}),
            "invoke": ask("/2015-03-31/functions/nobody/invocations", b"{}"),
            "key": bool(os.environ["AWS_ACCESS_KEY_ID"])}
'''


def asked(api, name):
    answer = api.invoke(name)
    assert answer.status == 200 and "X-Amz-Function-Error" not in answer.headers, answer.body
    found = answer.json()
    assert found.pop("key")  # what it was given to sign with stays its own
    return found


def closed(found):
    statuses = {status for status, _ in found.values()}
    assert len(statuses) == 1 or statuses == {200, 404}, found
    if statuses != {403}:
        return False
    assert all("lapwing:endpoint" in text for _, text in found.values()), found
    assert "<Code>AccessDenied</Code>" in found["sts"][1], found
    assert "essage" in str(list(json.loads(found["list"][1]))), found
    return True


@pytest.fixture
def api(server):
    return Api(server.address)


def test_open_unless_the_network_is_none(api):
    api.deploy("usual", PROBE)
    found = asked(api, "usual")
    assert not closed(found)
    assert found["health"] == [200, '{"status":"ok"}']  # the rest is not for functions
    api.deploy("apart", PROBE, Tags={"lapwing:network": "none"})
    assert closed(asked(api, "apart"))


def test_a_tag_goes_before_it(api):
    api.deploy("apart", PROBE, Tags={"lapwing:network": "none", "lapwing:endpoint": "open"})
    assert not closed(asked(api, "apart"))
    api.deploy("usual", PROBE, Tags={"lapwing:endpoint": "closed"})
    assert closed(asked(api, "usual"))
    # An environment that is there already gives way to one that keeps what the tag says.
    assert api.call("POST", TAGS + "usual", {"Tags": {"lapwing:endpoint": "open"}}).status == 204
    assert eventually(lambda: not closed(asked(api, "usual")))
    refused = api.call("POST", TAGS + "usual", {"Tags": {"lapwing:endpoint": "ajar"}})
    assert refused.status == 400 and "must be one of open closed" in refused.json()["message"]


@pytest.mark.parametrize("settings, is_closed", [
    (["sandbox.network=none"], True),
    (["sandbox.network=none", "sandbox.endpoint=open"], False),
    (["sandbox.endpoint=closed"], True)])
def test_the_configuration_says_what_goes_without_a_tag(data_dir, settings, is_closed):
    server = Server(data_dir, *[word for each in settings for word in ("--set", each)]).start()
    try:
        api = Api(server.address)
        api.deploy("usual", PROBE)
        assert closed(asked(api, "usual")) == is_closed
    finally:
        server.stop()

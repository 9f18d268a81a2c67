"""A server under load that is killed in the middle of it: clients that go on until it is gone, and
what they need to speak to its services, cheaply. Used by the tests that kill."""
import functools
import json
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

from api import Api, Gone

ACCOUNT = "000000000000"


def signed(service):
    """The header that says which service is meant; nobody checks the signature."""
    return {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/" + service +
                             "/aws4_request, SignedHeaders=host, Signature=0"}


class Json:
    """A service that speaks JSON: to("Operation", Member=value), the answer's members."""

    def __init__(self, address, service, prefix, version):
        self.api, self.prefix = Api(address), prefix
        self.headers = {"Content-Type": "application/x-amz-json-" + version, **signed(service)}

    def __call__(self, operation, **members):
        answer = self.api.call("POST", "/", json.dumps(members).encode(),
                               {**self.headers, "X-Amz-Target": self.prefix + operation})
        assert answer.status == 200, (operation, answer.status, answer.body)
        return json.loads(answer.body or b"{}")


class Sqs(Json):
    def __init__(self, address):
        super().__init__(address, "sqs", "AmazonSQS.", "1.0")


class Events(Json):
    def __init__(self, address):
        super().__init__(address, "events", "AWSEvents.", "1.1")


class Logs(Json):
    def __init__(self, address):
        super().__init__(address, "logs", "Logs_20140328.", "1.1")


class Sns:
    """to("Publish", {"TopicArn": ...}): {element: its text}, of whatever depth, the last one's."""

    def __init__(self, address):
        self.api = Api(address)
        self.headers = {"Content-Type": "application/x-www-form-urlencoded", **signed("sns")}

    def __call__(self, operation, members):
        form = {"Action": operation, "Version": "2010-03-31", **members}
        answer = self.api.call("POST", "/", urllib.parse.urlencode(form).encode(), self.headers)
        assert answer.status == 200, (operation, answer.status, answer.body)
        return {element.tag.rpartition("}")[2]: element.text
                for element in ElementTree.fromstring(answer.body).iter()}


class Scheduler:
    def __init__(self, address):
        self.api = Api(address)

    def create(self, name, **members):
        answer = self.api.call("POST", "/schedules/" + name, members, signed("scheduler"))
        assert answer.status == 200, (name, answer.status, answer.body)

    def list(self):
        """The first page."""
        return self.api.call("GET", "/schedules", headers=signed("scheduler")).json()["Schedules"]


class Services:
    """Every service of one server, a connection each, made when it is first used."""

    def __init__(self, address):
        self.address = address

    api = functools.cached_property(lambda self: Api(self.address))
    sqs = functools.cached_property(lambda self: Sqs(self.address))
    sns = functools.cached_property(lambda self: Sns(self.address))
    logs = functools.cached_property(lambda self: Logs(self.address))
    events = functools.cached_property(lambda self: Events(self.address))
    scheduler = functools.cached_property(lambda self: Scheduler(self.address))


def queue_url(name):
    return f"http://any/{ACCOUNT}/{name}"


class Client(threading.Thread):
    """Does its work again and again; each time it comes back something is acknowledged."""

    def __init__(self, work, address, acknowledged):
        super().__init__(daemon=True)
        self.work, self.services = work, Services(address)
        self.acknowledged, self.failure = acknowledged, None

    def run(self):
        try:
            while True:
                self.work(self.services)
                self.acknowledged.release()
        except Gone:
            pass
        except BaseException as error:  # told by the main thread
            self.failure = error


def counter(start=0):
    while True:
        yield start
        start += 1


def storm(server, works, acknowledged_wanted, longer=0):
    """Kills the server when so much is acknowledged, and so many seconds later. Works take Services.
    The time of the kill."""
    acknowledged = threading.Semaphore(0)
    clients = [Client(work, server.address, acknowledged) for work in works]
    for client in clients:
        client.start()

    def wait(seconds):
        came = acknowledged.acquire(timeout=seconds)
        assert not any(client.failure for client in clients), \
            [client.failure for client in clients]
        return came
    for _ in range(acknowledged_wanted):
        while not wait(1):
            pass
    until = time.monotonic() + longer
    while time.monotonic() < until:
        wait(max(0, until - time.monotonic()))
    killed = time.time()
    server.kill()
    for client in clients:
        client.join(60)
        assert not client.is_alive()
        if client.failure:
            raise client.failure
    return killed

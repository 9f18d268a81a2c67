"""SQS over query requests, which the load client can make without headers, and which every other
program that plays SQS takes: what is sent, received and deleted, and what waits."""

import http.client
import os
import select
import socket
import subprocess
import time
import urllib.parse

from harness import BenchError, KEY_ID, SECRET, answered, memory_kb, serve_and_greet

BODY = "x" * 100
VERSION = "&Version=2012-11-05"
SEND = "Action=SendMessage" + VERSION + "&MessageBody=" + BODY
SEND_TEN = "Action=SendMessageBatch" + VERSION + "".join(
    "&SendMessageBatchRequestEntry.{0}.Id={0}&SendMessageBatchRequestEntry.{0}.MessageBody={1}"
    .format(i, BODY) for i in range(1, 11))
RECEIVE_TEN = ("Action=ReceiveMessage" + VERSION +
               "&MaxNumberOfMessages=10&VisibilityTimeout=600")
# About what ten received messages, and the deletion of them, take.
ANSWER_OF_TEN, DELETION_OF_TEN = "x" * 3500, "x" * 1500
FORM = "application/x-www-form-urlencoded"
SETTLE_SECONDS = 60
ANYBODY = ('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",'
           '"Action":"sqs:SendMessage","Resource":"*"}}')


def load(server, body, path, key=KEY_ID, service="sqs", **options):
    """The load client's figures; unsigned where there is no `key`."""
    command = [server.programs.load, "--address", server.address, "--path", path, "--body", body,
               "--type", FORM]
    if key:
        command += ["--key", key, "--secret", SECRET, "--service", service]
    return answered(command, options)


class Target:
    """Who plays SQS at `address`; unsigned where there is no `key`."""
    service, version = "sqs", "2012-11-05"

    def __init__(self, programs, address, key=KEY_ID, account="000000000000"):
        self.programs, self.address, self.key, self.account = programs, address, key, account

    def path(self, queue):
        return "/{}/{}".format(self.account, queue)

    def load(self, body, path, **options):
        return load(self, body, path, key=self.key, service=self.service, **options)

    def ask(self, **fields):
        return Client(self).ask("/", urllib.parse.urlencode({"Version": self.version, **fields}))

    def create(self, queue):
        self.ask(Action="CreateQueue", QueueName=queue)

    def open(self, queue):
        """A queue that anybody may send to."""
        self.create(queue)
        self.set(queue, "Policy", ANYBODY)

    def set(self, queue, attribute, value):
        self.ask(Action="SetQueueAttributes",
                 QueueUrl="http://{}{}".format(self.address, self.path(queue)),
                 **{"Attribute.1.Name": attribute, "Attribute.1.Value": value})

    def send(self, queue, seconds, **options):
        """Messages a second, one a request."""
        return self.load(SEND, self.path(queue), **{"connections": 16, "warm_up": 200,
                                                    "seconds": seconds, **options})["per_second"]

    def send_ten(self, queue, seconds, **options):
        """Messages a second, ten a request."""
        return 10 * self.load(SEND_TEN, self.path(queue), **{
            "connections": 16, "warm_up": 50, "seconds": seconds, **options})["per_second"]

    def fill(self, queue, messages):
        self.load(SEND_TEN, self.path(queue), connections=16, requests=messages // 10)

    def receive_and_delete(self, queue, seconds):
        """Messages a second, of what is there."""
        figures = self.load(RECEIVE_TEN, self.path(queue), connections=16, finish=1,
                            seconds=seconds)
        return figures["messages"] / figures["seconds"]


class Client:
    """A connection of its own."""

    def __init__(self, target, key=None):
        self.target, self.key = target, key or target.key
        self.connection = http.client.HTTPConnection(target.address, timeout=60)

    def ask(self, path, body):
        self.connection.request("POST", path, body, dict(fields(
            self.target.address, path, body.encode(), self.key, self.target.service)))
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise BenchError("{}: {} {}".format(body[:60], answer.status, said[:200]))
        return said


def fields(address, path, body, key, service="sqs"):
    """Headers, signed with that key if there is one."""
    if not key:
        return {"Host": address, "Content-Type": FORM}
    os.environ["AWS_ACCESS_KEY_ID"] = key
    return {**serve_and_greet.sign("POST", path, address, body, service), "Content-Type": FORM}


# -- floors ------------------------------------------------------------------------------------


class Floors:
    """The echo of our own http floor, and appends to a file beside the messages that are synced:
    what sixteen who wait for the disk can have, where they share each sync."""

    def __init__(self, programs, directory):
        self.programs, self.file = programs, directory / "appended"
        self.echo = subprocess.Popen([str(programs.raw_http), "1"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.target = Target(programs, self.echo.stdout.readline().split()[-1], key=None)

    def close(self):
        self.echo.stdin.close()
        self.echo.stdout.close()
        self.echo.wait(10)

    def exchanges(self, body, seconds, connections=16):
        return self.target.load(body, "/", connections=connections, warm_up=200,
                                seconds=seconds)["per_second"]

    def synced(self, size, group, seconds):
        """Pieces of so many bytes a second, `group` of which share a sync."""
        piece, count = b"x" * (size * group), 0
        with open(self.file, "wb", buffering=0) as out:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                out.write(piece)
                os.fdatasync(out.fileno())
                count += group
        self.file.unlink()
        return count / seconds

    def send(self, seconds):
        return min(self.exchanges(SEND, seconds), self.synced(len(BODY), 16, seconds))

    def send_ten(self, seconds):
        return 10 * min(self.exchanges(SEND_TEN, seconds),
                        self.synced(10 * len(BODY), 16, seconds))

    def receive_and_delete(self, seconds):
        """An answer of ten messages and a deletion of ten; each changes something."""
        answers, deletions = (self.exchanges(text, seconds / 2)
                              for text in (ANSWER_OF_TEN, DELETION_OF_TEN))
        synced = self.synced(10 * len(BODY), 16, seconds) / 2
        return 10 * min(1 / (1 / answers + 1 / deletions), synced)


# -- what waits --------------------------------------------------------------------------------


class Waiting:
    """Long polls of a queue, over connections of their own."""

    def __init__(self, server, target, keys):
        self.server, self.target, self.keys = server, target, keys
        self.host, self.port = target.address.split(":")
        self.open, self.early = [], select.poll()

    def ask(self, queue, key=None):
        path = self.target.path(queue)
        body = ("Action=ReceiveMessage" + VERSION + "&WaitTimeSeconds=20").encode()
        head = {**fields(self.target.address, path, body, key or self.keys[0]),
                "Content-Length": len(body)}
        one = socket.create_connection((self.host, int(self.port)))
        one.sendall("".join(["POST {} HTTP/1.1\r\n".format(path),
                             *("{}: {}\r\n".format(*field) for field in head.items()),
                             "\r\n"]).encode() + body)
        return one

    def begin(self, queue, count):
        """So many that wait. They end after twenty seconds."""
        for i in range(count):
            self.open.append(self.ask(queue, self.keys[i % len(self.keys)]))
            self.early.register(self.open[-1], select.POLLIN)
        self.settle(count)

    def settle(self, count):
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.count() < count:
            answered = len(self.early.poll(0))
            if answered or time.monotonic() > deadline:
                raise BenchError("{} of {} polls wait, {} were answered".format(
                    self.count(), count, answered))

    def count(self):
        return int(self.server.metric("long_waits"))

    def memory_kb(self):
        return memory_kb(self.server.process.pid)

    def wake(self, queue, sender):
        """Microseconds from the answer to a sender until a poll has the message."""
        before = self.count()
        poll = self.ask(queue)
        self.settle(before + 1)
        sender.ask(self.target.path(queue), SEND)
        sent = time.monotonic()
        answer = poll.recv(65536)
        took = time.monotonic() - sent
        poll.close()
        if BODY.encode() not in answer:
            raise BenchError("a poll was answered with {!r}".format(answer[:200]))
        return took * 1e6

    def close(self):
        for one in self.open:
            one.close()

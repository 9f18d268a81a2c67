"""SQS over query requests, which the load client can make without headers: what one server takes in
and hands out, with every acknowledgement on disk."""

import select
import socket
import time

from harness import BenchError, KEY_ID, SECRET, memory_kb, run_json, serve_and_greet

BODY = "x" * 100
SEND = "Action=SendMessage&Version=2012-11-05&MessageBody=" + BODY
SEND_TEN = "Action=SendMessageBatch&Version=2012-11-05" + "".join(
    "&SendMessageBatchRequestEntry.{0}.Id={0}&SendMessageBatchRequestEntry.{0}.MessageBody={1}"
    .format(i, BODY) for i in range(1, 11))
RECEIVE_TEN = ("Action=ReceiveMessage&Version=2012-11-05&MaxNumberOfMessages=10"
               "&VisibilityTimeout=600")
ANSWER_SECONDS = 30


def load(server, body, path, service="sqs", **options):
    command = [server.programs.load, "--address", server.address, "--path", path, "--body", body,
               "--key", KEY_ID, "--secret", SECRET, "--service", service]
    for option, value in options.items():
        command += ["--" + option.replace("_", "-"), value]
    figures = run_json(command)
    if figures["errors"]:
        raise BenchError("{} of {} answers were wrong".format(figures["errors"],
                                                              figures["requests"]))
    return figures


def url_path(queue):
    return "/000000000000/" + queue


def create(server, queue):
    load(server, "Action=CreateQueue&Version=2012-11-05&QueueName=" + queue, "/", requests=1)


def send(server, queue, seconds):
    """Messages a second."""
    return load(server, SEND, url_path(queue), connections=16, warm_up=200, seconds=seconds)["per_second"]


def send_ten(server, queue, seconds):
    return 10 * load(server, SEND_TEN, url_path(queue), connections=16, warm_up=50,
                     seconds=seconds)["per_second"]


def receive_and_delete(server, queue, seconds):
    """Of what send_ten() left there."""
    figures = load(server, RECEIVE_TEN, url_path(queue), connections=16, finish=1,
                   seconds=seconds)
    return figures["messages"] / figures["seconds"]


def idle_polls(server, queue, count):
    """(bytes of memory each, processor seconds in two) of long polls that wait."""
    host, port = server.address.split(":")
    body = b"Action=ReceiveMessage&Version=2012-11-05&WaitTimeSeconds=20"
    head = {**serve_and_greet.sign("POST", url_path(queue), server.address, body, "sqs"),
            "Content-Type": "application/x-www-form-urlencoded", "Content-Length": len(body)}
    request = "".join(["POST {} HTTP/1.1\r\n".format(url_path(queue)),
                       *("{}: {}\r\n".format(*field) for field in head.items()),
                       "\r\n"]).encode() + body
    before, polls, waiting = memory_kb(server.process.pid), [], select.poll()
    try:
        for _ in range(count):
            polls.append(socket.create_connection((host, int(port))))
            polls[-1].sendall(request)
            waiting.register(polls[-1], select.POLLIN)
        time.sleep(2)  # until all have come to rest
        early = waiting.poll(0)
        if early:
            raise BenchError("{} of {} polls were answered at once".format(len(early), count))
        cpu = server.cpu_us()
        time.sleep(2)  # the idleness that is measured
        return ((memory_kb(server.process.pid) - before) * 1024 / count,
                (server.cpu_us() - cpu) / 1e6)
    finally:
        for poll in polls:
            poll.close()

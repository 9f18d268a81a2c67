"""Clients of queues that go away, pages of other sites, other accounts."""
import socket
import struct
import urllib.error
import urllib.request

import boto3
import pytest
from serving import Server

KEYS = {"111111111111": "AKIAONE", "222222222222": "AKIATWO"}


def queues(server, key="x", secret="x"):
    return boto3.client("sqs", endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id=key, aws_secret_access_key=secret)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data").start()
    yield server
    server.stop()


def begin_poll(server, url):
    """A long poll on a connection of its own, asked for and not answered."""
    body = f"Action=ReceiveMessage&Version=2012-11-05&WaitTimeSeconds=20&QueueUrl={url}"
    client = socket.create_connection(server.address)
    client.sendall(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/"
                   f"x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return client


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_has_gone_takes_nothing(server, reset):
    sqs = queues(server)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for client in [begin_poll(server, url) for _ in range(5)]:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)  # it waits
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    sqs.send_message(QueueUrl=url, MessageBody="for who is there")
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5,
                              AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert got[0]["Attributes"]["ApproximateReceiveCount"] == "1"


def ask(server, method, path, **headers):
    request = urllib.request.Request(server.endpoint + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_pages_of_other_sites_change_nothing(server):
    create = "/?Action=CreateQueue&Version=2012-11-05&QueueName="
    assert ask(server, "GET", create + "image", **{"Sec-Fetch-Site": "cross-site",
                                                  "Sec-Fetch-Mode": "no-cors"}) == 403
    assert ask(server, "GET", create + "frame", **{"Sec-Fetch-Site": "same-site"}) == 403
    assert ask(server, "GET", create + "old", Referer="http://other.example/page") == 403
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE"):
        assert ask(server, method, create + method) >= 400
    assert ask(server, "GET", create + "typed") == 200
    names = [url.rsplit("/", 1)[1] for url in queues(server).list_queues()["QueueUrls"]]
    assert names == ["typed"]


def test_queues_of_another_account_are_out_of_reach(tmp_path):
    config = tmp_path / "lapwing.toml"
    config.write_text("".join(
        f'[[credentials]]\naccess_key_id = "{key}"\nsecret_access_key = "secret"\n'
        f'account = "{account}"\n' for account, key in KEYS.items()))
    server = Server(tmp_path / "data", "--auth", "verify", "--config", config).start()
    try:
        one, two = (queues(server, key, "secret") for key in KEYS.values())
        dead = one.create_queue(QueueName="dead")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:111111111111:dead"
        own = two.create_queue(QueueName="own")["QueueUrl"]
        assert "/222222222222/" in own
        one.send_message(QueueUrl=dead, MessageBody="a secret")
        for call in (lambda: two.receive_message(QueueUrl=dead),
                     lambda: two.send_message(QueueUrl=dead, MessageBody="x"),
                     lambda: two.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"]),
                     lambda: two.set_queue_attributes(QueueUrl=dead,
                                                      Attributes={"DelaySeconds": "1"}),
                     lambda: two.purge_queue(QueueUrl=dead),
                     lambda: two.delete_queue(QueueUrl=dead),
                     lambda: two.list_queue_tags(QueueUrl=dead),
                     lambda: two.start_message_move_task(SourceArn=arn),
                     lambda: two.list_message_move_tasks(SourceArn=arn)):
            with pytest.raises(two.exceptions.ClientError) as refused:
                call()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert one.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "a secret"
    finally:
        server.stop()

"""A server under load that is killed in the middle of it: clients that go on until it is gone, and
what one of them needs to speak to SQS. Used by the tests that kill."""
import json
import threading

from api import Api, Gone


class Sqs:
    def __init__(self, address):
        self.api = Api(address)

    def __call__(self, operation, **members):
        answer = self.api.call("POST", "/", json.dumps(members).encode(), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS." + operation,
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/"
                             "aws4_request, SignedHeaders=host, Signature=0"})
        assert answer.status == 200, (operation, answer.status, answer.body)
        return json.loads(answer.body or b"{}")


class Client(threading.Thread):
    def __init__(self, work, address, acknowledged):
        super().__init__(daemon=True)
        self.work, self.sqs, self.acknowledged, self.failure = work, Sqs(address), acknowledged, None

    def run(self):
        try:
            while True:
                self.work(self.sqs)
                self.acknowledged.release()
        except Gone:
            pass
        except BaseException as error:  # told by the main thread
            self.failure = error


def counter(start=0):
    while True:
        yield start
        start += 1


def storm(server, works, acknowledged_wanted):
    acknowledged = threading.Semaphore(0)
    clients = [Client(work, server.address, acknowledged) for work in works]
    for client in clients:
        client.start()
    for _ in range(acknowledged_wanted):
        while not acknowledged.acquire(timeout=1):
            assert not any(client.failure for client in clients), \
                [client.failure for client in clients]
    server.kill()
    for client in clients:
        client.join(60)
        assert not client.is_alive()
        if client.failure:
            raise client.failure

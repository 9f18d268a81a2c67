"""A function's child process speaks to the Runtime API, which is the bootstrap's. Whatever it
tries, it reaches its own invocation at most, and the next invocation is served."""
import threading
import uuid

import pytest
from api import Api
from serving import Server

APP = r'''
import http.client, json, os, socket, subprocess, sys

CHILD = """
import http.client, json, socket, sys
order = json.loads(sys.stdin.readline())
WHERE = ("169.254.100.1", 9001)
BASE = "/2018-06-01/runtime/"

def call(method, path, body=None, headers={}):
    try:
        c = http.client.HTTPConnection(*WHERE, timeout=20)
        c.request(method, BASE + path, body=body, headers=headers)
        r = c.getresponse()
        return [r.status, r.read().decode(errors="replace")[:300]]
    except (OSError, http.client.HTTPException) as error:
        return [0, type(error).__name__]

def raw(text):
    try:
        with socket.create_connection(WHERE, timeout=20) as s:
            s.sendall(text.encode("latin-1"))
            if "\\n" not in text:  # a head that nobody could end: the server need not wait for more
                s.shutdown(socket.SHUT_WR)
            return s.recv(4096).decode("latin-1").split("\\r\\n")[0]
    except OSError as error:
        return type(error).__name__

held = []
answers = []
for step in order:
    if "raw" in step:
        answers.append(raw(step["raw"] * step.get("times", 1)))
    elif "hold" in step:
        for n in range(step["hold"]):
            try:
                s = socket.create_connection(WHERE, timeout=5)
                s.sendall(b"POST " + BASE.encode())
                held.append(s)
            except OSError:
                break
        answers.append(len(held))
    else:
        body = step.get("body", "") * step.get("times", 1)
        answers.append(call(step["method"], step["path"], body or None, step.get("headers", {})))
print(json.dumps(answers))
"""

def handler(event, context):
    if "wait" in event:
        import time
        time.sleep(event["wait"])
    steps = json.loads(json.dumps(event.get("steps", [])).replace("MINE", context.aws_request_id))
    if not steps:
        return {"plain": event.get("n"), "id": context.aws_request_id}
    child = subprocess.run([sys.executable, "-c", CHILD], input=json.dumps(steps) + "\n",
                           capture_output=True, text=True)
    return {"child": json.loads(child.stdout or "null"), "errors": child.stderr[-500:]}
'''


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("abuse") / "data").start()
    one = Api(server.address)
    one.deploy("abuser", APP, MemorySize=256)
    yield one
    server.stop()


def tried(api, *steps):
    answer = api.invoke("abuser", {"steps": steps})
    assert "X-Amz-Function-Error" not in answer.headers, answer.body
    assert answer.json()["errors"] == ""
    return answer.json()["child"]


@pytest.fixture(autouse=True)
def served_afterwards(api):
    yield
    for n in range(3):
        answer = api.invoke("abuser", {"n": n})
        assert answer.status == 200 and answer.json()["plain"] == n, answer.body


def test_no_second_event(api):
    (status, body), = tried(api, {"method": "GET", "path": "invocation/next"})
    assert status == 403 and "InvalidStateTransition" in body


@pytest.mark.parametrize("request_id", [str(uuid.UUID(int=7)), "..", "%2e%2e", "x" * 4000, "%00"])
def test_no_answer_for_a_forged_request(api, request_id):
    for what in ("response", "error"):
        (status, body), = tried(api, {"method": "POST", "body": "forged",
                                      "path": f"invocation/{request_id}/{what}"})
        assert 400 <= status < 500, body


def test_no_answer_for_another_environment(api):
    """Both run at once; one tries to answer for the other, whose caller must not notice."""
    api.deploy("victim", APP, MemorySize=256)
    victim = Api(api.address)
    known = victim.invoke("victim", {"n": 1}).json()["id"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        Api(api.address).invoke("victim", {"n": 2, "wait": 2})))
    waiting.start()
    (status, body), = tried(api, {"method": "POST", "path": f"invocation/{known}/response",
                                  "body": "forged"})
    waiting.join()
    assert status == 400 and "InvalidRequestID" in body
    assert answers[0].json()["plain"] == 2


def test_its_own_answer_counts_once(api):
    """The first answer is the caller's; the bootstrap's own then comes too late."""
    mine = {"method": "POST", "path": "invocation/MINE/response", "body": '"first"'}
    answer = api.invoke("abuser", {"steps": [mine, mine]})
    assert answer.status == 200 and answer.json() == "first", answer.body


def test_no_initialisation_error_afterwards(api):
    (status, body), = tried(api, {"method": "POST", "path": "init/error", "body": "{}"})
    assert status == 403 and "InvalidStateTransition" in body


def test_a_response_beyond_the_limit(api):
    answer = api.invoke("abuser", {"steps": [
        {"method": "POST", "path": "invocation/MINE/response", "body": "x" * 1024, "times": 8192}]})
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled", answer.body
    assert answer.json()["errorType"] == "Function.ResponseSizeTooLarge", answer.body


@pytest.mark.parametrize("text,times", [
    ("\x00\xff\x16\x03\x01", 100),
    ("GET / HTTP/9.9\r\n\r\n", 1),
    ("POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 1),
    ("POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
     "Transfer-Encoding: chunked\r\n\r\n", 1),
    ("POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n"
     "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 1),
    ("GET /" + "x" * 1000, 1000),
    ("X: " + "y" * 1000 + "\r\n", 1000),
])
def test_malformed_requests(api, text, times):
    answer, = tried(api, {"raw": text, "times": times})
    assert not answer.startswith("HTTP/") or answer.split(" ")[1][0] == "4" or \
        answer.startswith("HTTP/1.1 505 "), answer


def test_unknown_paths_and_methods(api):
    for status, body in tried(api, {"method": "GET", "path": "../../etc/passwd"},
                              {"method": "DELETE", "path": "invocation/next"},
                              {"method": "GET", "path": "invocation/MINE/response"}):
        assert 400 <= status < 500, body


def test_connections_held_open(api):
    """More than are served at once: the bootstrap has a way of its own."""
    assert tried(api, {"hold": 200})[0] >= 1

"""SIGTERM, a second server, a slow start of a function: the server's own life."""
import json
import re
import subprocess
import threading

from api import FUNCTIONS, Api, Gone
from holdings import holdings, nothing_held
from serving import Server, binary
from waiting import eventually

STOP_SECONDS = 5


def busy(api, count):
    line = b"lapwing_environments_busy %d\n" % count
    return line in api.call("GET", "/_lapwing/metrics").body


def in_background(call):
    """Starts it; the returned function waits and gives its result, or what it raised."""
    result = []

    def run():
        try:
            result.append(call())
        except Gone as error:
            result.append(error)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join():
        thread.join(60)
        assert not thread.is_alive()
        return result[0]
    return join


def test_idle_server_stops(server, data_dir):
    api = Api(server.address)
    api.deploy("one", "def handler(e, c): return 1")
    assert api.invoke("one").json() == 1
    assert server.stop() < STOP_SECONDS
    assert eventually(lambda: nothing_held(data_dir)), holdings(data_dir)


def test_running_invocations_end_well(server):
    """The caller of an invocation that ends in time gets its answer."""
    api = Api(server.address)
    api.deploy("short", "import time\ndef handler(e, c):\n    time.sleep(1.5)\n    return 'done'\n")
    answer = in_background(lambda: Api(server.address).invoke("short"))
    assert eventually(lambda: busy(api, 1))
    assert server.stop() < STOP_SECONDS
    assert answer().json() == "done"


def test_large_requests_at_work_end_well(data_dir):
    """Those at work on a thread, and those that wait for their turn. One thread: some wait."""
    server = Server(data_dir, "--set", "server.workers=1").start()
    body = b'{"FunctionName": "f", "Code": {"ZipFile": "' + b"A" * 12_000_000 + b'"}}'
    answers = [in_background(lambda: Api(server.address).call("POST", FUNCTIONS, body))
               for _ in range(8)]
    api = Api(server.address)
    assert eventually(lambda: b"lapwing_request_body_bytes 0\n" not in
                      api.call("GET", "/_lapwing/metrics").body)
    assert server.stop() < STOP_SECONDS
    for answer in answers:  # each has one, or learns that there will be none
        assert isinstance(answer(), Gone) or answer().status in (400, 429, 500, 503)


def test_endless_invocations_do_not_hold_it(server, data_dir):
    api = Api(server.address)
    api.deploy("endless", "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
               "def handler(e, c): time.sleep(60)")
    answers = [in_background(lambda: Api(server.address).invoke("endless")) for _ in range(3)]
    assert eventually(lambda: busy(api, 3))
    assert server.stop() < STOP_SECONDS
    for answer in answers:  # cut off or told; never taken for a success
        got = answer()
        assert isinstance(got, Gone) or got.status >= 500, (got.status, got.body)
    assert eventually(lambda: nothing_held(data_dir)), holdings(data_dir)


def test_everything_is_there_after_a_restart(server):
    api = Api(server.address)
    api.deploy("kept", "def handler(e, c):\n    print('before')\n    return 'kept'\n",
               Tags={"a": "b"})
    assert api.invoke("kept").json() == "kept"
    before = api.get("kept").json()["Configuration"]
    server.stop()
    server.start()
    api = Api(server.address)
    after = api.get("kept").json()
    assert after["Configuration"] == before and after["Tags"] == {"a": "b"}
    assert api.invoke("kept").json() == "kept"
    log = api.call("POST", "/", {"logGroupName": "/aws/lambda/kept"}, {
        "X-Amz-Target": "Logs_20140328.FilterLogEvents",
        "Content-Type": "application/x-amz-json-1.1"}).json()["events"]
    assert [e["message"] for e in log].count("before\n") == 2


def test_second_server_is_refused(server, data_dir):
    second = subprocess.run([binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir",
                             str(data_dir)], capture_output=True, text=True, timeout=30)
    assert second.returncode not in (0, -6, -11)
    assert "another Lapwing is running with data directory" in second.stderr or \
        "in use" in second.stderr, second.stderr
    assert str(data_dir) in second.stderr and "listening on" not in second.stderr
    api = Api(server.address)  # and does the first one no harm
    api.deploy("one", "def handler(e, c): return 1")
    assert api.invoke("one").json() == 1


def test_taken_port_is_told(server, tmp_path):
    second = subprocess.run([binary(), "serve", "--listen", "127.0.0.1:%d" % server.address[1],
                             "--data-dir", str(tmp_path / "other")],
                            capture_output=True, text=True, timeout=30)
    assert second.returncode not in (0, -6, -11)
    assert "in use" in second.stderr, second.stderr


def test_init_that_takes_too_long(data_dir):
    """The initialisation is ended at its limit and done again in the invocation's time."""
    server = Server(data_dir, "--set", "engine.init_timeout_ms=500").start()
    try:
        api = Api(server.address)
        api.deploy("slow", "import time\ntime.sleep(60)\ndef handler(e, c): pass\n", Timeout=1)
        answer = api.invoke("slow")
        said = answer.json()
        assert said["errorType"] == "Sandbox.Timedout"
        assert said["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")

        def lines():
            read = api.call("POST", "/", {"logGroupName": "/aws/lambda/slow"}, {
                "X-Amz-Target": "Logs_20140328.FilterLogEvents",
                "Content-Type": "application/x-amz-json-1.1"})
            return json.dumps(read.json())
        wanted = re.compile(r"INIT_REPORT Init Duration: 5\d\d\.\d\d ms\\tPhase: init\\t"
                            r"Status: timeout")
        assert eventually(lambda: wanted.search(lines())), lines()

        # Where the invocation has more time than the phase, it is all there.
        api.deploy("late", "import time\ntime.sleep(2)\ndef handler(e, c): return 'up'\n")
        assert api.invoke("late").json() == "up"
    finally:
        server.stop()

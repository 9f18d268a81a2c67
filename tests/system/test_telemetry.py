"""The Telemetry and the Logs API, delivered into the sandbox."""
import json
import time

from api import Api
from extension_agent import deploy
from test_extensions import TRACE, log_of
from test_external_extensions import lines
from waiting import eventually

FUNCTION = '''
import json
print("loaded")

def handler(event, context):
    if event.get("flood"):
        for n in range(event["flood"]):
            print("x" * 999)
    if event.get("fail"):
        raise ValueError("no")
    if event.get("read"):
        try:
            return [json.loads(line) for line in open("/tmp/telemetry")]
        except FileNotFoundError:
            return []
    print("hello", event.get("n"))
    return "y" * 100
'''
EVERYTHING = ["platform", "function", "extension"]
SOON = {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25}


def http(version, types=EVERYTHING, **more):
    return {"schemaVersion": version, "types": types, "buffering": SOON,
            "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4999/in", **more}}


def tcp(version, types=EVERYTHING):
    return {"schemaVersion": version, "types": types, "buffering": SOON,
            "destination": {"protocol": "TCP", "port": 4998}}


def read(api, name):
    return api.invoke(name, {"read": True}, **{"X-Amz-Log-Type": "Tail"}).json()


def stream(api, name, last, **event):
    """Everything delivered, once an event of type `last` of the first invocation is there."""
    answer = api.invoke(name, {"n": 1, **event}, **{"X-Amzn-Trace-Id": TRACE,
                                                    "X-Amz-Log-Type": "Tail"})
    found = []

    def there():
        found[:] = read(api, name)
        return last in [e["type"] for e in found]
    assert eventually(there), found
    return answer, found


def records(events, kind):
    return [e["record"] for e in events if e["type"] == kind]


def test_the_stream_of_an_environment(server):
    api = Api(server.address)
    deploy(api, "told", FUNCTION, {"events": ["INVOKE"], "telemetry": http("2022-12-13")},
           MemorySize=256)
    answer, events = stream(api, "told", "platform.report")
    types = [e["type"] for e in events]
    order = ["platform.initStart", "platform.telemetrySubscription", "platform.initRuntimeDone",
             "platform.extension", "platform.initReport", "platform.start",
             "platform.runtimeDone", "platform.report"]
    places = [types.index(t) for t in order]
    assert places == sorted(places), types

    start = records(events, "platform.initStart")[0]
    assert start["initializationType"] == "on-demand" and start["phase"] == "init"
    assert start["functionName"] == "told" and start["functionVersion"] == "$LATEST"
    assert start["instanceMaxMemory"] == 256 * 1024 * 1024
    assert "[$LATEST]" in start["instanceId"] and start["runtimeVersion"].startswith("python:")
    done = records(events, "platform.initRuntimeDone")[0]
    assert done == {"initializationType": "on-demand", "phase": "init", "status": "success"}
    report = records(events, "platform.initReport")[0]
    assert report["status"] == "success" and report["metrics"]["durationMs"] > 0
    assert records(events, "platform.extension")[0] == {
        "name": "agent", "state": "Ready", "events": ["INVOKE"]}
    assert records(events, "platform.telemetrySubscription")[0] == {
        "name": "agent", "state": "Subscribed", "types": EVERYTHING}

    tracing = {"spanId": "9a9197af755a6419", "type": "X-Amzn-Trace-Id", "value": TRACE}
    begun = records(events, "platform.start")[0]
    request = begun["requestId"]
    assert begun == {"requestId": request, "version": "$LATEST", "tracing": tracing}
    done = records(events, "platform.runtimeDone")[0]
    assert done["requestId"] == request and done["status"] == "success"
    assert done["metrics"]["producedBytes"] == 102 and done["tracing"] == tracing
    assert [s["name"] for s in done["spans"]] == ["responseLatency", "responseDuration",
                                                  "runtimeOverhead"]
    assert all(s["durationMs"] >= 0 and s["start"].endswith("Z") for s in done["spans"])
    report = records(events, "platform.report")[0]
    assert report["requestId"] == request and report["status"] == "success"
    metrics = report["metrics"]
    assert metrics["memorySizeMB"] == 256 and metrics["initDurationMs"] > 0
    assert metrics["billedDurationMs"] >= metrics["durationMs"]
    assert [s["name"] for s in report["spans"]] == ["extensionOverhead"]

    assert "hello 1" in records(events, "function") and "loaded" in records(events, "function")
    assert any(r.startswith("agent up") for r in records(events, "extension"))
    log = log_of(api, "told")
    assert "TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform, Function, Extension]" \
        in log
    assert [m.split("agent subscribed ")[1] for m in lines(log, "agent subscribed")] == \
        ['200 "OK"', '200 "AlreadySubscribed"']
    assert "agent other 400" in log


def test_json_lines_are_objects(server):
    api = Api(server.address)
    deploy(api, "objects", "import logging\n" + FUNCTION +
           "logging.getLogger().setLevel('INFO')\n"
           "inner = handler\n"
           "def handler(event, context):\n"
           "    logging.info('said so')\n"
           "    return inner(event, context)\n",
           {"events": [], "telemetry": tcp("2022-12-13", ["platform", "function"])},
           LoggingConfig={"LogFormat": "JSON"})
    _, events = stream(api, "objects", "platform.report")
    objects = [r for r in records(events, "function") if isinstance(r, dict)]
    assert any(r["message"] == "said so" and r["level"] == "INFO" for r in objects), events
    assert "extension" not in {e["type"] for e in events}


def test_logs_api(server):
    api = Api(server.address)
    deploy(api, "logs", FUNCTION, {"events": [], "logs": True,
                                   "telemetry": http("2021-03-18", method="PUT")})
    answer, events = stream(api, "logs", "platform.end", fail=True)
    types = [e["type"] for e in events]
    assert "platform.initStart" not in types and "platform.telemetrySubscription" not in types
    assert records(events, "platform.logsSubscription")[0] == {
        "name": "agent", "state": "Subscribed", "types": EVERYTHING}
    request = records(events, "platform.start")[0]["requestId"]
    assert records(events, "platform.end")[0] == {"requestId": request}
    assert records(events, "platform.runtimeDone")[0] == {"requestId": request, "status": "error"}
    assert "LOGS\tName: agent\tState: Subscribed\tTypes: [Platform, Function, Extension]" in \
        log_of(api, "logs")


def test_a_consumer_that_never_answers_holds_up_nothing(server):
    """20 MB of output, far more than is kept for it."""
    api = Api(server.address, timeout=120)
    deploy(api, "deaf", FUNCTION, {"events": [], "deaf": True, "telemetry": http("2022-12-13")},
           MemorySize=256, Timeout=100)
    assert api.invoke("deaf").status == 200

    def resident_mb():
        with open(f"/proc/{server.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) // 1024
    before = resident_mb()
    for _ in range(4):
        assert api.invoke("deaf", {"flood": 5000}).json() == "y" * 100
    assert resident_mb() - before < 64
    begun = time.monotonic()
    assert api.invoke("deaf").status == 200
    assert time.monotonic() - begun < 5

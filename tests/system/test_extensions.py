"""Extensions: who registers how, what they are sent and when, and what becomes of an environment
whose extension fails. Times and payloads as in AWS's manual."""
from api import Api
from serving import Server
from test_flood import events
from waiting import eventually

TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"

# An extension inside the runtime's process: it registers while the function is loaded and
# writes down every event it is sent.
INTERNAL = '''
import http.client, json, os, threading, time

PREFIX = "/2020-01-01/extension/"
seen = []
answers = []


class Extension:
    def __init__(self):
        self.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        self.id = None

    def call(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.id:
            headers.setdefault("Lambda-Extension-Identifier", self.id)
        self.connection.request(method, PREFIX + path, body=body, headers=headers)
        response = self.connection.getresponse()
        return response.status, response.headers, json.loads(response.read() or b"null")

    def register(self, name="inner", events=("INVOKE",), **headers):
        answer = self.call("POST", "register", json.dumps({"events": list(events)}),
                           {"Lambda-Extension-Name": name, **headers})
        self.id = answer[1].get("Lambda-Extension-Identifier")
        return answer

    def next(self):
        return self.call("GET", "event/next")
'''

LISTENING = INTERNAL + '''
extension = Extension()
registered = extension.register(**{"Lambda-Extension-Accept-Feature": "accountId"})

def loop():
    while True:
        status, headers, event = extension.next()
        seen.append(event)
        assert len(headers["Lambda-Extension-Event-Identifier"]) == 36
        time.sleep(0.3)

threading.Thread(target=loop, daemon=True).start()

def handler(event, context):
    while len(seen) <= event["n"]:
        time.sleep(0.001)
    return {"seen": seen, "registered": registered[2], "id": context.aws_request_id,
            "arn": context.invoked_function_arn}
'''


def log_of(api, name):
    return [m.rstrip("\n") for m in events(api, "/aws/lambda/" + name)]


def test_internal_extension_gets_every_invocation_and_prolongs_it(server):
    api = Api(server.address)
    api.deploy("inner", LISTENING, MemorySize=256)
    ids = []
    for n in range(3):
        # With its log the answer comes when the extension is done, too: one environment serves all.
        answer = api.invoke("inner", {"n": n}, **{"X-Amzn-Trace-Id": TRACE,
                                                  "X-Amz-Log-Type": "Tail"}).json()
        ids.append(answer["id"])
        assert answer["registered"] == {"accountId": "000000000000", "functionName": "inner",
                                        "functionVersion": "$LATEST", "handler": "app.handler"}
        assert [e["requestId"] for e in answer["seen"]] == ids
        event = answer["seen"][-1]
        assert event["eventType"] == "INVOKE"
        assert event["invokedFunctionArn"] == answer["arn"]
        assert event["deadlineMs"] > 1_700_000_000_000
        assert event["tracing"]["type"] == "X-Amzn-Trace-Id"
        assert event["tracing"]["value"].startswith(TRACE + ";Lineage=1:")

    assert eventually(lambda: len([m for m in log_of(api, "inner") if "REPORT" in m]) == 3)
    log = log_of(api, "inner")
    assert "EXTENSION\tName: inner\tState: Ready\tEvents: [INVOKE]" in log
    assert log.index("EXTENSION\tName: inner\tState: Ready\tEvents: [INVOKE]") < \
        next(i for i, m in enumerate(log) if m.startswith("START"))
    # Each invocation lasted until the extension was done.
    assert len([m for m in log if m.startswith("INIT_START")]) == 1
    durations = [float(m.split("Duration: ")[1].split(" ")[0]) for m in log
                 if m.startswith("REPORT")]
    assert all(d >= 300 for d in durations), durations


def test_an_extension_that_never_asks_for_an_event_holds_up_the_initialisation(data_dir):
    server = Server(data_dir, "--set", "engine.init_timeout_ms=1000").start()
    try:
        api = Api(server.address)
        api.deploy("silent", INTERNAL + """
Extension().register("one", [])

def handler(event, context):
    return 1
""", Timeout=1)
        answer = api.invoke("silent").json()
        assert answer["errorType"] == "Sandbox.Timedout", answer
    finally:
        server.stop()


def test_refusals_in_the_words_of_the_api(server):
    api = Api(server.address)
    api.deploy("refused", INTERNAL + REFUSED)
    invalid = "Extension.InvalidExtensionState"
    assert api.invoke("refused").json() == [
        [403, "Extension.InvalidExtensionName", "Empty extension name"],
        [403, "Extension.InvalidEventType",
         "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"],
        [403, "Extension.InvalidEventType", "RESUME: ErrorInvalidEventType"],
        [403, "InvalidRequestFormat", "unexpected end of JSON input"],
        [403, "InvalidRequestFormat",
         "configurationKeys are deprecated; use environment variables instead"],
        [403, "Extension.MissingExtensionIdentifier",
         "Missing Lambda-Extension-Identifier header"],
        [403, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"],
        [403, "Extension.UnknownExtensionIdentifier",
         "Unknown extension 11111111-1111-4111-8111-111111111111"],
        [403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"],
        [403, invalid, "Extension with this name already registered"],
        [403, "Extension.RegistrationClosed", "Extension registration closed already"],
    ]


REFUSED = '''
def strict(answer):
    return [answer[0], answer[2].get("errorType"), answer[2].get("errorMessage")]

def calls():
    nobody = Extension()
    yield strict(nobody.register(name=""))
    yield strict(nobody.register(events=["SHUTDOWN"]))
    yield strict(nobody.register(events=["RESUME"]))
    yield strict(nobody.call("POST", "register", "", {"Lambda-Extension-Name": "n"}))
    yield strict(nobody.call("POST", "register", '{"configurationKeys":["A"]}',
                             {"Lambda-Extension-Name": "n"}))
    yield strict(nobody.next())
    nobody.id = "no-uuid"
    yield strict(nobody.next())
    nobody.id = "11111111-1111-4111-8111-111111111111"
    yield strict(nobody.next())
    one = Extension()
    one.register("one", [])
    yield strict(one.call("POST", "init/error"))
    yield strict(Extension().register("one"))
    threading.Thread(target=one.next, daemon=True).start()

answers = list(calls())

def handler(event, context):
    return answers + [strict(Extension().register("late"))]
'''


def test_an_internal_extension_that_gives_up_names_the_failure(server):
    api = Api(server.address)
    api.deploy("gives-up", INTERNAL + '''
extension = Extension()
extension.register()
status, _, body = extension.call("POST", "init/error", "{}", {
    "Lambda-Extension-Function-Error-Type": "Extension.NoConfig"})
assert (status, body) == (202, {"status": "OK"})
os._exit(3)
''')
    answer = api.invoke("gives-up")
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled"
    assert answer.json()["errorType"] == "Extension.InitError"
    assert answer.json()["errorMessage"].endswith(
        "Error: Runtime exited with error: exit status 3")
    assert any("Error Type: Extension.InitError" in m for m in log_of(api, "gives-up"))

"""An external extension for the tests of extensions, as the files of a layer. It does what the
variable AGENT (JSON) says and prints what it is sent; lines of its own begin with "agent".

    events      what it subscribes to
    init        "error": posts init/error and exits; "exit": exits before it registers
    telemetry   the body of a subscription; `logs`: true for the Logs API
    deaf        its HTTP server takes connections and never answers
    on_invoke   seconds it is busy after each INVOKE; "exit": exits; "error": posts exit/error
    on_shutdown seconds it is busy after SHUTDOWN
"""
import base64
import json

from functions import package

# A shell script, so that it finds the interpreter of whatever version serves the function.
START = '''#!/bin/sh
exec "$AGENT_PYTHON" /opt/agent.py
'''

AGENT = '''
import http.client, http.server, json, os, signal, socketserver, sys, threading, time

plan = json.loads(os.environ.get("AGENT", "{}"))
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def say(*what):
    print("agent", *what, flush=True)


def call(method, path, body=None, **headers):
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read().decode()


class Consumer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if plan.get("deaf"):
            time.sleep(3600)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/tmp/telemetry", "a") as file:
            for event in json.loads(body):
                file.write(json.dumps(event) + "\\\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            with open("/tmp/telemetry", "ab") as file:
                file.write(line)


def consume(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


say("up", time.time())
say("sees", *sorted(os.environ))
if plan.get("init") == "exit":
    sys.exit(7)
status, headers, body = call(
    "POST", "/2020-01-01/extension/register", json.dumps({"events": plan.get("events", [])}),
    **{"Lambda-Extension-Name": "agent"})
say("registered", status, body)
me = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
if plan.get("init") == "error":
    say("refused", *call("POST", "/2020-01-01/extension/init/error", "{}", **me)[::2])
    say("posted", *call("POST", "/2020-01-01/extension/init/error", "{}", **me,
                        **{"Lambda-Extension-Function-Error-Type": "Extension.NoConfig"})[::2])
    sys.exit(3)
if "telemetry" in plan:
    consume(http.server.ThreadingHTTPServer(("sandbox.localdomain", 4999), Consumer))
    consume(socketserver.ThreadingTCPServer(("sandbox.localdomain", 4998), Lines))
    path = "/2020-08-15/logs" if plan.get("logs") else "/2022-07-01/telemetry"
    say("subscribed", *call("PUT", path, json.dumps(plan["telemetry"]), **me)[::2])
    say("subscribed", *call("PUT", path, json.dumps(plan["telemetry"]), **me)[::2])
    other = "/2020-08-15/logs" if not plan.get("logs") else "/2022-07-01/telemetry"
    say("other", call("PUT", other, json.dumps(dict(plan["telemetry"], schemaVersion=
                      "2021-03-18" if not plan.get("logs") else "2022-07-01")), **me)[0])
while True:
    event = json.loads(call("GET", "/2020-01-01/extension/event/next", **me)[2])
    say("event", json.dumps(event))
    if event["eventType"] == "SHUTDOWN":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(plan.get("on_shutdown", 0))
        say("bye", time.time())
        sys.exit(0)
    busy = plan.get("on_invoke", 0)
    if busy == "exit":
        sys.exit(9)
    if busy == "error":
        say("posted", *call("POST", "/2020-01-01/extension/exit/error", "{}", **me,
                            **{"Lambda-Extension-Function-Error-Type": "Extension.Lost"})[::2])
        sys.exit(0)
    time.sleep(busy)
'''.replace("\\\\n", "\\n")


def publish(api, name, files, modes=None):
    """The ARN of a new layer version."""
    answer = api.call("POST", f"/2018-10-31/layers/{name}/versions", {
        "Content": {"ZipFile": base64.b64encode(package(files, modes)).decode()}})
    assert answer.status == 201, answer.body
    return answer.json()["LayerVersionArn"]


def deploy(api, name, source, plan, variables=None, **settings):
    """A function with the agent beside it."""
    api.deploy("where", "import sys\ndef handler(e, c): return sys.executable")
    python = api.invoke("where").json()
    api.delete("where")
    layer = publish(api, name, {"extensions/agent": START, "agent.py": AGENT})
    return api.deploy(name, source, Layers=[layer], Environment={"Variables": {
        "AGENT_PYTHON": python, "AGENT": json.dumps(plan), **(variables or {})}}, **settings)

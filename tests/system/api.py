"""Lambda's API over plain HTTP, a connection a client: cheap enough that tests load the server
and not themselves. `Gone` means that the server went away before it answered: the request's
effect is then unknown."""
import base64
import http.client
import json

from functions import ROLE, package
from waiting import eventually

FUNCTIONS = "/2015-03-31/functions"


class Gone(Exception):
    pass


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Api:
    def __init__(self, address, timeout=60):
        self.address, self.timeout = address, timeout
        self.connection = None

    def call(self, method, path, body=None, headers=None):
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*self.address, timeout=self.timeout)
            self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Gone(str(error)) from error

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def create(self, name, code, runtime="python3.11", **settings):
        return self.call("POST", FUNCTIONS, {
            "FunctionName": name, "Runtime": runtime, "Role": ROLE, "Handler": "app.handler",
            "Timeout": 60, "Code": {"ZipFile": base64.b64encode(code).decode()}, **settings})

    def get(self, name):
        return self.call("GET", f"{FUNCTIONS}/{name}")

    def update_code(self, name, code, publish=False):
        return self.call("PUT", f"{FUNCTIONS}/{name}/code",
                         {"ZipFile": base64.b64encode(code).decode(), "Publish": publish})

    def update_configuration(self, name, **settings):
        return self.call("PUT", f"{FUNCTIONS}/{name}/configuration", settings)

    def publish(self, name):
        return self.call("POST", f"{FUNCTIONS}/{name}/versions", {})

    def versions(self, name):
        """{number: configuration} of what was published."""
        found, marker = {}, ""
        while True:
            page = self.call("GET", f"{FUNCTIONS}/{name}/versions?MaxItems=50{marker}").json()
            found.update({int(v["Version"]): v for v in page["Versions"]
                          if v["Version"] != "$LATEST"})
            if not page.get("NextMarker"):
                return found
            marker = "&Marker=" + page["NextMarker"]

    def create_alias(self, name, alias, version):
        return self.call("POST", f"{FUNCTIONS}/{name}/aliases",
                         {"Name": alias, "FunctionVersion": str(version)})

    def update_alias(self, name, alias, version):
        return self.call("PUT", f"{FUNCTIONS}/{name}/aliases/{alias}",
                         {"FunctionVersion": str(version)})

    def alias(self, name, alias):
        return self.call("GET", f"{FUNCTIONS}/{name}/aliases/{alias}")

    def delete(self, name):
        return self.call("DELETE", f"{FUNCTIONS}/{name}")

    def invoke(self, name, event=b"{}", **headers):
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.call("POST", f"{FUNCTIONS}/{name}/invocations", body, headers)

    def deploy(self, name, source, runtime="python3.11", **settings):
        files = source if isinstance(source, dict) else {"app.py": source}
        made = self.create(name, package(files), runtime, **settings)
        assert made.status == 201, made.body
        self.active(name)
        return name

    def active(self, name):
        def ready():
            about = self.get(name).json()["Configuration"]
            return about["State"] == "Active" and about["LastUpdateStatus"] == "Successful"
        assert eventually(ready), self.get(name).body

    def names(self):
        found, marker = [], ""
        while True:
            page = self.call("GET", f"{FUNCTIONS}?MaxItems=50{marker}").json()
            found += [f["FunctionName"] for f in page["Functions"]]
            if not page.get("NextMarker"):
                return found
            marker = "&Marker=" + page["NextMarker"]

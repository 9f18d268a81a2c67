"""Registries for tests: Debian's docker-registry, a token service of the kind it asks for, and a
front that stands before one and does to answers what networks and attackers do."""
import base64
import contextlib
import http.client
import http.server
import json
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.parse


def own_address():
    """An address of this machine other than loopback, or nothing. No packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def certificate(directory, address):
    """A certificate of the address's own making: (certificate, key)."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    files = directory / "tls.pem", directory / "tls-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=registry", "-addext", f"subjectAltName=IP:{address}",
                    "-out", str(files[0]), "-keyout", str(files[1])],
                   check=True, capture_output=True)
    return files


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """One docker-registry on loopback, its images in a directory."""

    def __init__(self, directory, auth="", address="127.0.0.1", tls=None):
        """`tls`: (certificate, key), PEM files."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.host = f"{address}:{free_port()}"
        secure = "tls: {{certificate: '{}', key: '{}'}}, ".format(*tls) if tls else ""
        configuration = self.directory / "registry.yml"
        configuration.write_text(
            f"version: 0.1\nlog: {{level: error}}\n"
            f"storage:\n  filesystem: {{rootdirectory: {self.directory}/data}}\n"
            f"  delete: {{enabled: true}}\nhttp: {{{secure}addr: '{self.host}'}}\n{auth}")
        self.log = open(self.directory / "registry.log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", str(configuration)],
                                        stdout=self.log, stderr=self.log)
        host, port = self.host.split(":")
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                return
            assert self.process.poll() is None, (self.directory / "registry.log").read_text()
            time.sleep(0.02)  # between two looks at a condition
        raise AssertionError("docker-registry does not listen")

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Service:
    """An HTTP server of the test's own on a thread."""

    def __init__(self, handler):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.host = "127.0.0.1:{}".format(self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(30)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenService(Service):
    """Signs tokens for docker-registry: to anybody for public/..., to alice for the rest."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = self.directory / "key.pem", self.directory / "ca.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=tokens", "-keyout", str(self.key), "-out",
                        str(self.certificate)], check=True, capture_output=True)
        der = subprocess.run(["openssl", "x509", "-in", str(self.certificate), "-outform", "DER"],
                             check=True, capture_output=True).stdout
        self.chain = [base64.b64encode(der).decode()]
        self.asked = []  # (scope, user or None)
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.answer(self)

            def log_message(self, *_):
                pass

        super().__init__(Handler)

    def auth(self):
        return ("auth:\n  token:\n"
                f"    realm: http://{self.host}/token\n    service: tests\n    issuer: tests\n"
                f"    rootcertbundle: {self.certificate}\n")

    def answer(self, request):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        scopes = [scope.split(":") for scope in query.get("scope", [])]
        header = request.headers.get("Authorization", "")
        user = base64.b64decode(header[6:]).decode() if header.startswith("Basic ") else None
        self.asked.append((query.get("scope"), user))
        access = [{"type": kind, "name": name, "actions": actions.split(",")}
                  for kind, name, actions in scopes
                  if name.startswith("public/") or user == "alice:secret"]
        now = int(time.time())
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (
            {"typ": "JWT", "alg": "RS256", "x5c": self.chain},
            {"iss": "tests", "sub": user or "", "aud": "tests", "exp": now + 300, "nbf": now - 10,
             "iat": now, "jti": str(now), "access": access}))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.key)],
                                   input=signed.encode(), check=True, capture_output=True).stdout
        body = json.dumps({"token": f"{signed}.{base64url(signature)}"}).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


class Front(Service):
    """Hands requests on to a registry, but for those `trick` answers: a function of the handler
    and the path that returns true when it has said everything."""

    def __init__(self, behind):
        self.trick = None
        self.seen = []  # (path, headers)
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                front.seen.append((self.path, dict(self.headers)))
                if front.trick and front.trick(self, self.path):
                    return
                self.hand_on()

            def hand_on(self, change=None):
                connection = http.client.HTTPConnection(*behind.split(":"), timeout=30)
                headers = {key: value for key, value in self.headers.items()
                           if key in ("Accept", "Authorization")}
                connection.request("GET", self.path, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                if change:
                    body = change(body)
                self.say(answer.status, body, **{
                    key.replace("-", "_"): value for key, value in answer.headers.items()
                    if key in ("Content-Type", "WWW-Authenticate", "Location")})

            def say(self, status, body=b"", **headers):
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(Handler)


def is_blob(path):
    return re.match(r"/v2/.+/blobs/", path) is not None

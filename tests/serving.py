"""A running Lapwing for tests, and the unmodified AWS CLI pointed at it.

The server is the one LAPWING_ENDPOINT names, else a fresh one of LAPWING_BINARY.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
READY = re.compile(rb"listening on (http://\S+)")
STOP_SECONDS = 30
CLI_SECONDS = 180
ROLE = "arn:aws:iam::000000000000:role/lambda-ex"
# For boto3's waiters: they look once a second by themselves, and things are ready in milliseconds.
SOON = {"Delay": 0.05, "MaxAttempts": 1200}


def binary():
    """The server to test: LAPWING_BINARY, or what the tree's last release build left."""
    path = os.environ.get("LAPWING_BINARY", "") or str(ROOT / "build/release/lapwing")
    if os.environ.get("LAPWING_BINARY"):
        assert os.path.exists(path), f"LAPWING_BINARY: there is no {path}"
    elif not os.path.exists(path):
        pytest.skip("no server: set LAPWING_BINARY or LAPWING_ENDPOINT")
    return path


class Server:
    """One `lapwing serve` on a port of its own choosing. What it says is in `said`."""

    def __init__(self, data_dir, *arguments):
        self.data_dir = data_dir
        self.arguments = [binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir",
                          str(data_dir), *map(str, arguments)]
        self.process = None
        self.endpoint = None
        self.said = []

    def start(self):
        self.said = []
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        ready = threading.Event()
        self.listener = threading.Thread(target=self._listen, args=(ready,), daemon=True)
        self.listener.start()
        ready.wait(STOP_SECONDS)
        found = READY.search(b"".join(self.said))
        if not found:
            self.kill()
            raise AssertionError("the server did not start: " + self.log())
        self.endpoint = found.group(1).decode()
        return self

    def _listen(self, ready):
        for line in self.process.stderr:
            self.said.append(line)
            if READY.search(line):
                ready.set()
        ready.set()

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        """(host, port)"""
        host, port = self.endpoint.split("//", 1)[1].rsplit(":", 1)
        return host, int(port)

    def log(self):
        return b"".join(self.said).decode(errors="replace")

    def kill(self):
        self.process.kill()
        self._ended(STOP_SECONDS)

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM; how long it took. It must end well."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self._ended(seconds)
        taken = time.monotonic() - begun
        assert status == 0, f"ended with {status}: {self.log()}"
        return taken

    def _ended(self, seconds):
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.listener.join(seconds)
        self.process.stderr.close()
        return status


@contextlib.contextmanager
def serving(data_dir, *arguments):
    """The endpoint's address."""
    if os.environ.get("LAPWING_ENDPOINT"):
        yield os.environ["LAPWING_ENDPOINT"]
        return
    server = Server(data_dir, *arguments).start()
    try:
        yield server.endpoint
    finally:
        try:
            server.stop()
        finally:
            sys.stderr.write(server.log())  # shown by pytest when something failed


class Cli:
    """`aws` with any credentials; answers parsed."""

    def __init__(self, endpoint):
        self.path = shutil.which("aws", path=os.path.dirname(sys.executable) + os.pathsep
                                 + os.environ["PATH"])
        if not self.path:
            pytest.skip("the AWS CLI is not installed")
        self.environment = {
            **os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": "/dev/null",
        }

    def __call__(self, *arguments):
        run = subprocess.run([self.path, *map(str, arguments), "--output", "json"],
                             env=self.environment, capture_output=True, timeout=CLI_SECONDS)
        assert run.returncode == 0, run.stderr.decode()
        return json.loads(run.stdout) if run.stdout.strip() else None

    def deploy(self, name, package, runtime, handler, memory=256, timeout=30, variables=None):
        about = ["--environment", json.dumps({"Variables": variables})] if variables else []
        self("lambda", "create-function", "--function-name", name, "--runtime", runtime,
             "--handler", handler, "--memory-size", memory, "--timeout", timeout, "--role", ROLE,
             "--zip-file", "fileb://{}".format(package), *about)
        self("lambda", "wait", "function-active-v2", "--function-name", name)

    def invoke(self, name, event_file, answer_file):
        """The response's metadata; the payload is in `answer_file`."""
        return self("lambda", "invoke", "--function-name", name, "--log-type", "Tail",
                    "--payload", "fileb://{}".format(event_file), answer_file)

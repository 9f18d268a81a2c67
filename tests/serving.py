"""A running Lapwing for tests, and the unmodified AWS CLI pointed at it.

The server is the one LAPWING_ENDPOINT names, else a fresh one of LAPWING_BINARY.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

READY = re.compile(rb"listening on (http://\S+)")
STOP_SECONDS = 30
CLI_SECONDS = 180
ROLE = "arn:aws:iam::000000000000:role/lambda-ex"


@contextlib.contextmanager
def serving(data_dir):
    """The endpoint's address."""
    if os.environ.get("LAPWING_ENDPOINT"):
        yield os.environ["LAPWING_ENDPOINT"]
        return
    binary = os.environ.get("LAPWING_BINARY", "")
    if not os.path.exists(binary):
        pytest.skip("no server: set LAPWING_BINARY or LAPWING_ENDPOINT")
    server = subprocess.Popen(
        [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = []
    ready = threading.Event()

    def listen():
        for line in server.stderr:
            said.append(line)
            if READY.search(line):
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        ready.wait(STOP_SECONDS)
        found = READY.search(b"".join(said))
        assert found, "the server did not start: " + b"".join(said).decode(errors="replace")
        yield found.group(1).decode()
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(STOP_SECONDS)
        listener.join(STOP_SECONDS)
        sys.stderr.write(b"".join(said).decode(errors="replace"))
    assert status == 0


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

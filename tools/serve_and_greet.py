#!/usr/bin/env python3
"""Starts `lapwing serve` in the foreground, and once it is ready deploys examples/hello
and invokes it. Standard library only; signs its requests, so it works in every auth mode
for which AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name known credentials.

    serve_and_greet.py BINARY [serve arguments...]
"""
import base64
import datetime
import hashlib
import hmac
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTION = "hello"
ROLE = "arn:aws:iam::000000000000:role/lambda-ex"
READY_WAIT_S = 60
REGION = "us-east-1"


def sign(method, path, host, body, service="lambda"):
    """SigV4 headers for a request."""
    key_id = os.environ.get("AWS_ACCESS_KEY_ID", "test")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "test")
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{REGION}/{service}/aws4_request"
    canonical = "\n".join([method, path, "", f"host:{host}", f"x-amz-date:{now}", "",
                           "host;x-amz-date", hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in (now[:8], REGION, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return {"Host": host, "X-Amz-Date": now, "Content-Type": "application/json",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, "
                             f"SignedHeaders=host;x-amz-date, Signature={signature}"}


def call(base, method, path, payload=None):
    body = payload if isinstance(payload, bytes) else (
        json.dumps(payload).encode() if payload is not None else b"")
    host = base.split("//", 1)[1]
    request = urllib.request.Request(base + path, data=body or None, method=method,
                                     headers=sign(method, path, host, body))
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def package():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("lambda_function.py", date_time=(2024, 1, 1, 0, 0, 0))
        info.external_attr = 0o644 << 16
        archive.writestr(info, (ROOT / "examples/hello/lambda_function.py").read_text())
    return out.getvalue()


def deploy(base):
    code = package()
    sha = base64.b64encode(hashlib.sha256(code).digest()).decode()
    status, body = call(base, "GET", f"/2015-03-31/functions/{FUNCTION}/configuration")
    if status == 404:
        status, body = call(base, "POST", "/2015-03-31/functions", {
            "FunctionName": FUNCTION, "Runtime": "python3.12", "Role": ROLE,
            "Handler": "lambda_function.lambda_handler",
            "Code": {"ZipFile": base64.b64encode(code).decode()}})
        if status != 201:
            raise RuntimeError(f"CreateFunction answered {status}: {body.decode()}")
    elif status == 200 and json.loads(body).get("CodeSha256") != sha:
        status, body = call(base, "PUT", f"/2015-03-31/functions/{FUNCTION}/code",
                            {"ZipFile": base64.b64encode(code).decode()})
        if status != 200:
            raise RuntimeError(f"UpdateFunctionCode answered {status}: {body.decode()}")
    elif status != 200:
        raise RuntimeError(f"GetFunctionConfiguration answered {status}: {body.decode()}")
    deadline = time.monotonic() + READY_WAIT_S
    while True:
        status, body = call(base, "GET", f"/2015-03-31/functions/{FUNCTION}/configuration")
        about = json.loads(body)
        if about.get("State") == "Active" and about.get("LastUpdateStatus") == "Successful":
            return
        if about.get("State") == "Failed" or time.monotonic() > deadline:
            raise RuntimeError(f"the function did not become active: {body.decode()}")
        threading.Event().wait(0.02)


def greet(base):
    try:
        deploy(base)
        status, body = call(base, "POST", f"/2015-03-31/functions/{FUNCTION}/invocations",
                            b'{"name": "World"}')
        if status != 200:
            raise RuntimeError(f"Invoke answered {status}: {body.decode()}")
    except (RuntimeError, OSError, ValueError) as error:
        print(f"examples/hello: {error}", flush=True)
        return
    print(f"\nexamples/hello answered: {body.decode()}\n"
          f"API:     {base}   (export AWS_ENDPOINT_URL={base})\n"
          f"Health:  {base}/_lapwing/health\n"
          f"Console: not built yet\n"
          f"Stop with Ctrl-C.", flush=True)


def main() -> int:
    # A process group of its own: Ctrl-C reaches it once, by us, and not by the terminal too
    # (a second signal ends it without draining).
    server = subprocess.Popen([sys.argv[1], "serve", *sys.argv[2:]], stderr=subprocess.PIPE,
                              text=True, errors="replace", preexec_fn=os.setpgrp)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, _: server.send_signal(n))
    for line in server.stderr:
        sys.stderr.write(line)
        sys.stderr.flush()
        if line.startswith("listening on "):
            base = line.split()[-1].strip()
            threading.Thread(target=greet, args=(base,), daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main())

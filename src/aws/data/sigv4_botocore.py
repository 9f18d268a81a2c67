#!/usr/bin/env python3
"""Writes sigv4_botocore.json: requests signed by botocore, which Lapwing must accept.

Needs botocore (any recent version); run by hand when cases are added. The output is
committed, so that tests need neither botocore nor this file.
"""
import datetime
import json
import pathlib
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 20, 10, 0, 0, tzinfo=datetime.timezone.utc)
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2lu/+=="
HOST = "http://localhost:4566"
ARN = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af"

HEADER_CASES = [
    ("lambda-create", "lambda", "POST", "/2015-03-31/functions", b'{"FunctionName":"f"}', {}),
    ("lambda-list", "lambda", "GET", "/2015-03-31/functions/?MaxItems=50&Marker=a%2Fb%3D", b"", {}),
    ("lambda-arn-label", "lambda", "POST", f"/2015-03-31/functions/{ARN}/invocations",
     b'{"name": "World"}', {"X-Amz-Log-Type": "Tail", "X-Amz-Invocation-Type": "RequestResponse"}),
    ("lambda-tag-keys", "lambda", "DELETE", f"/2017-03-31/tags/{ARN}?tagKeys=a&tagKeys=B&tagKeys=",
     b"", {}),
    ("logs-json", "logs", "POST", "/", b"{}", {"X-Amz-Target": "Logs_20140328.DescribeLogGroups",
                                               "Content-Type": "application/x-amz-json-1.1"}),
    ("sts-query", "sts", "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15",
     {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
    ("spaces-in-header", "sqs", "POST", "/", b"", {"X-Spaced": "  a    b  "}),
    ("empty-header", "sqs", "POST", "/", b"", {"X-Empty": ""}),
    ("utf8-body", "events", "POST", "/", "{\"é\":\"€😀\"}".encode(), {}),
]
S3_CASES = [
    ("s3-key-specials", "GET", "/bucket/a%20b/%2B%26%3D%40%3A%2C%C3%A9~._-", b"", {}),
    ("s3-dots", "GET", "/bucket//a/../b/./c", b"", {}),
    ("s3-put", "PUT", "/bucket/key?partNumber=1&uploadId=x%2By", b"content", {}),
    ("s3-list", "GET", "/bucket?list-type=2&prefix=a%20b%2F&delimiter=%2F", b"", {}),
    ("s3-acl", "GET", "/bucket/key?acl", b"", {}),
]
PRESIGNED = [
    ("presigned-sts", botocore.auth.SigV4QueryAuth, "sts", "GET",
     "/?Action=GetCallerIdentity&Version=2011-06-15"),
    ("presigned-s3", botocore.auth.S3SigV4QueryAuth, "s3", "GET", "/bucket/a%20b%2Bc"),
    ("presigned-s3-put", botocore.auth.S3SigV4QueryAuth, "s3", "PUT", "/bucket/key"),
]


def signed(name, auth, service, method, target, body, headers, token):
    credentials = Credentials(KEY, SECRET, token)
    request = AWSRequest(method=method, url=HOST + target, data=body,
                         headers={"Host": "localhost:4566", **headers})
    auth(credentials, service, "eu-central-1").add_auth(request)
    parts = urlsplit(request.url)
    return {"name": name + ("-token" if token else ""), "service": service, "method": method,
            "path": parts.path, "query": parts.query,
            "headers": [[k, str(v)] for k, v in request.headers.items()],
            "body": body.decode(), "token": token or ""}


def cases():
    for token in (None, TOKEN):
        for name, service, method, target, body, headers in HEADER_CASES:
            yield signed(name, botocore.auth.SigV4Auth, service, method, target, body, headers,
                         token)
        for name, method, target, body, headers in S3_CASES:
            yield signed(name, botocore.auth.S3SigV4Auth, "s3", method, target, body, headers,
                         token)
        for name, auth, service, method, target in PRESIGNED:
            yield signed(name, auth, service, method, target, b"", {}, token)


def main():
    with mock.patch("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: NOW):
        lines = [json.dumps(case) for case in cases()]
    out = pathlib.Path(__file__).with_name("sigv4_botocore.json")
    out.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()

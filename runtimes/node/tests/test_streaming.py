"""Streamed responses of Node.js functions against the mock Runtime API."""

import base64
import json

import pytest


def test_streamed_response(start):
    source = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType('text/plain');
  stream.write('one ');
  await new Promise((r) => setTimeout(r, 10));
  stream.write(Buffer.from('two '));
  stream.write({ three: event });
  stream.end(' end');
});
"""
    with start(source) as env:
        for n in range(2):
            answer = env.invoke(n)
            assert answer.body.decode() == 'one two {"three":%d} end' % n
            assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
            assert answer.headers["content-type"] == "text/plain"
            assert answer.trailers == {}


@pytest.mark.parametrize("finish", ["stream.write('body'); stream.end()", "stream.end('body')"])
def test_streamed_http_response(start, finish):
    source = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  %s;
});
""" % finish
    with start(source) as env:
        answer = env.invoke(1)
        assert answer.body == b'{"statusCode":201}' + bytes(8) + b"body"
        assert answer.headers["content-type"] == (
            "application/vnd.awslambda.http-integration-response")


def test_streamed_pipeline(start):
    source = """
const { pipeline } = require('stream/promises');
const { Readable } = require('stream');
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  await pipeline(Readable.from(Array(1000).fill('0123456789'.repeat(100))), stream);
});
"""
    with start(source) as env:
        assert len(env.invoke(1).body) == 1000000


def test_streamed_response_that_fails_midway(start):
    source = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('begun');
  await new Promise((r) => setTimeout(r, 10));
  throw new RangeError('midway');
});
"""
    with start(source) as env:
        for _ in range(2):
            answer = env.invoke(1)
            assert answer.kind == "response" and answer.body == b"begun"
            assert answer.trailers["lambda-runtime-function-error-type"] == "RangeError"
            body = json.loads(base64.b64decode(
                answer.trailers["lambda-runtime-function-error-body"]))
            assert body["errorMessage"] == "midway"


@pytest.mark.parametrize("body, message", [
    ("throw new RangeError('early')", "early"),
    ("return 1", "Response stream is not finished."),
])
def test_streamed_response_that_never_starts(start, body, message):
    source = "exports.handler = awslambda.streamifyResponse(async () => { %s });" % body
    with start(source) as env:
        for _ in range(2):
            answer = env.invoke(1)
            assert answer.kind == "error"
            assert answer.json()["errorMessage"] == message

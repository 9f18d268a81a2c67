"""The example bootstrap against the mock Runtime API."""

import pathlib
import shutil

import pytest
from mock_runtime_api import Environment

EXAMPLE = pathlib.Path(__file__).parents[1] / "example"

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


def start(handler):
    return Environment([str(EXAMPLE / "bootstrap")], EXAMPLE, handler, over="tcp",
                       runtime="provided.al2023")


def test_answers_and_fails():
    with start("function.handler") as env:
        answer = env.invoke({"a": 1})
        assert (answer.kind, answer.json()) == ("response", {"bytes": 8})
        assert answer.printed == "counting\n"
        answer = env.invoke({})
        assert answer.kind == "error"
        assert answer.json()["errorMessage"] == "handler ended with status 3"
        assert env.invoke({"a": 12}).json() == {"bytes": 9}


def test_missing_handler():
    with start("absent.handler") as env:
        assert env.invoke({}).kind == "init_error"
        assert env.wait() == 1

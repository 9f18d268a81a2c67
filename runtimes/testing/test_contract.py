"""What every bootstrap of ours keeps to, against a mock Runtime API, with every interpreter of
this machine. What is of one language alone is in that language's tests."""

import os
import re

import pytest
from languages import LANGUAGES

INTERPRETERS = [(language, version) for language in LANGUAGES for version in language.interpreters]


def name_of(interpreter):
    language, version = interpreter
    return "{}{}.{}".format(language.name, *version)


class Bootstrap:
    """A language in one version, to be started."""

    def __init__(self, language, version, task_root):
        self.language, self.version, self.task_root = language, version, task_root

    def start(self, source=None, **options):
        return self.language.start(self.version, self.task_root, source or self.language.echo,
                                   **options)


@pytest.fixture(params=INTERPRETERS, ids=name_of)
def bootstrap(request, tmp_path):
    return Bootstrap(*request.param, tmp_path)


def each(*parts):
    """Parametrises with one more thing of the language: each("over") or each("ends")."""
    cases, ids = [], []
    for language, version in INTERPRETERS:
        for case in getattr(language, parts[0]):
            cases.append(((language, version), case))
            ids.append(f"{name_of((language, version))}-{case}")
    return pytest.mark.parametrize("bootstrap, case", cases, indirect=["bootstrap"], ids=ids)


@each("over")
def test_events_one_after_the_other(bootstrap, case):
    with bootstrap.start(over=case) as env:
        for n in range(5):
            answer = env.invoke({"n": n, "text": "grüß\u2028dich"})
            assert answer.kind == "response", env.printed()
            assert answer.json() == {"got": {"n": n, "text": "grüß\u2028dich"}}
            assert answer.headers["content-type"] == "application/json"


@each("over")
@pytest.mark.parametrize("chunked", [False, True])
def test_large_event_and_result(bootstrap, case, chunked):
    event = {"data": "x" * (6 * 1024 * 1024 - 100)}
    with bootstrap.start(over=case, chunked=chunked) as env:
        assert env.invoke(event).json() == {"got": event}
        assert env.invoke({}).json() == {"got": {}}


def test_connection_closed_after_each_answer(bootstrap):
    with bootstrap.start(over="tcp", close_after_each=True) as env:
        assert [env.invoke(n).json()["got"] for n in range(3)] == [0, 1, 2]


def test_empty_event(bootstrap):
    with bootstrap.start() as env:
        assert env.invoke(raw=b"").json() == {"got": {}}


def test_broken_event(bootstrap):
    kind, message = bootstrap.language.broken_event
    with bootstrap.start() as env:
        answer = env.invoke(raw=b"{")
        assert answer.kind == "error"
        assert answer.json()["errorType"] == kind
        assert answer.json()["errorMessage"].startswith(message)
        assert env.invoke(1).json() == {"got": 1}


def test_an_error_is_told_and_the_next_event_served(bootstrap):
    with bootstrap.start(bootstrap.language.fails) as env:
        for _ in range(2):
            answer = env.invoke(1)
            assert answer.kind == "error"
            assert {"errorMessage", "errorType"} <= set(answer.json())
            assert answer.headers["lambda-runtime-function-error-type"]


@each("over")
def test_a_module_that_is_not_there_fails_the_initialisation(bootstrap, case):
    with bootstrap.start(handler="nowhere.handler", over=case) as env:
        answer = env.invoke(1)
        assert answer.kind == "init_error", env.printed()
        assert {"errorMessage", "errorType"} <= set(answer.json())
        assert answer.printed
        assert env.wait() > 0


@each("ends")
def test_process_ends(bootstrap, case):
    source, status, printed = bootstrap.language.ends[case]
    with bootstrap.start(source) as env:
        answer = env.invoke(1)
        assert (answer.kind, answer.exit_status) == ("exit", status)
        # An interpreter may have something to say of it.
        more = answer.printed[len(printed):]
        assert answer.printed.startswith(printed) and (not more or case == "raised"), more


def test_server_goes_away(bootstrap):
    with bootstrap.start() as env:
        env.invoke(1)
        env._peer.close()
        env._peer = None
        assert env.process.wait(60) == 1


@pytest.mark.parametrize("status", [400, 403, 413])
def test_answer_not_wanted_keeps_the_environment(bootstrap, status):
    with bootstrap.start() as env:
        env.invoke(1, answer_status=status)
        assert env.invoke(2).json() == {"got": 2}


def test_server_error_ends_the_runtime(bootstrap):
    with bootstrap.start() as env:
        env.invoke(1, answer_status=500)
        assert env.invoke(2).kind == "exit"
        assert env.wait() == 1


@pytest.mark.parametrize("what", ["echo", "fails"])
def test_attempt_id_goes_back(bootstrap, what):
    with bootstrap.start(getattr(bootstrap.language, what)) as env:
        answer = env.invoke(1, headers={"Lambda-Runtime-Invocation-Id": "attempt-7"})
        assert answer.headers["lambda-runtime-invocation-id"] == "attempt-7"


def test_nobody_comes(bootstrap):
    environment = bootstrap.start(over="standby")
    environment.becomes_something = False
    with environment as env:
        assert env.wait() == 0


def test_printed_is_there_before_the_answer(bootstrap):
    source, printed = bootstrap.language.prints
    with bootstrap.start(source) as env:
        assert env.invoke(1).printed == printed


def test_children_do_not_inherit_what_is_ours(bootstrap):
    with bootstrap.start(bootstrap.language.child, frames=True) as env:
        seen = env.invoke(1).json()
        ours = [env.variables["_LAPWING_RUNTIME_FD"], env.variables["_LAMBDA_TELEMETRY_LOG_FD"]]
        names = {os.readlink(f"/proc/{env.process.pid}/fd/{number}") for number in ours}
        assert len(names) == 2
        assert re.search(r"\d -> ", seen)
        assert not any(name in seen for name in names), seen

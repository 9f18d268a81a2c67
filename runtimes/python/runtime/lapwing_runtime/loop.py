"""The life of a runtime process: prepare, load the handler, serve events until the end.

`prepare` and `preload` depend on nothing but the interpreter: a template process does them once,
ahead of time. `run` takes this function's environment and never returns to the caller's work.
"""

import os
import sys

from . import codec, faults, handler, logs, standby
from .api import ApiError, RuntimeApi
from .context import LambdaContext

# Of `snapshot`, which most functions never need.
_SNAPSHOT_VARIABLES = {"_LAPWING_SNAPSHOT_FDS", "_LAPWING_SNAPSHOT_HOOKS"}
_HOOK_FAILED = 64  # status to exit with, as AWS's client


def main(runtime_dir):
    prepare(runtime_dir)
    if standby.wanted():
        preload()
        standby.wait()
    sys.exit(run())


def prepare(runtime_dir):
    """Interpreter state every function finds: import path, unbuffered output, builtins."""
    _order_import_path(runtime_dir)
    _unbuffer_output()
    if sys.flags.no_site:
        _add_site_builtins()


def preload():
    """Imports what most functions and every error path use."""
    import base64  # noqa: F401
    import datetime  # noqa: F401
    import decimal  # noqa: F401
    import hashlib  # noqa: F401
    import importlib  # noqa: F401
    import json  # noqa: F401
    import logging  # noqa: F401
    import random  # noqa: F401
    import socket  # noqa: F401
    import traceback  # noqa: F401
    import urllib.parse  # noqa: F401

    from . import log_records  # noqa: F401


def run():
    """Serves the function that the environment describes; the status to exit with."""
    api = _connect()
    try:
        _extend_for_wrapper()
        function = _load(api)
        if function is None:
            return 1
        if _SNAPSHOT_VARIABLES & os.environ.keys() and not _snapshot(api):
            return _HOOK_FAILED
        while True:
            _serve_one(api, function)
    except ApiError as e:
        # The server went away or gave us up: the environment is over.
        sys.stderr.write("{}\n".format(e))
        return 1


def _snapshot(api):
    """Goes on in a process restored from the snapshot, or in this one where there is to be none;
    False when a hook has failed."""
    from . import snapshot

    tell = api.fail_init
    try:
        if os.environ.pop(snapshot.HOOKS_VARIABLE, ""):
            snapshot.run_before_snapshot()
        else:
            snapshot.take(api.descriptors())
            tell = api.fail_restore
        snapshot.run_after_restore()
        return True
    except snapshot.HookFailed as e:
        report = faults.of_exception(e.__cause__)
    logs.report(report)
    _flush()
    tell(codec.encode(report.payload), report.error_type)
    return False


# -- interpreter -----------------------------------------------------------------------------------


def _order_import_path(runtime_dir):
    """Function code, layers, runtime, then the interpreter's own, as on AWS.

    The managed runtime's SDK folder, where one is installed, comes last: whatever the function or
    a layer brings wins over it.
    """
    task_root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    version = "python{}.{}".format(*sys.version_info[:2])
    layer = "/opt/python/lib/{}/site-packages".format(version)
    first = [task_root, layer, "/opt/python", runtime_dir]
    rest = [p for p in sys.path if p and p not in first]
    sys.path[:] = first + rest + [os.path.join(runtime_dir, "sdk")]


def _unbuffer_output():
    """What was printed must be in the pipe even if the process is killed in the next instant."""
    import io

    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = open(fd, "wb", 0, closefd=False)
        errors = "strict" if name == "stdout" else "backslashreplace"
        stream = io.TextIOWrapper(raw, encoding="utf-8", errors=errors, write_through=True)
        setattr(sys, name, stream)
        setattr(sys, "__{}__".format(name), stream)


def _add_site_builtins():
    """`exit`, `quit`, `help` and their like: what is missed of `site` when it is skipped."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def _extend_for_wrapper():
    """Wrapper scripts (AWS_LAMBDA_EXEC_WRAPPER) instrument through `sitecustomize`."""
    if sys.flags.no_site and os.environ.get("AWS_LAMBDA_EXEC_WRAPPER"):
        import site

        site.execsitecustomize()


# -- function --------------------------------------------------------------------------------------


def _connect():
    parts = os.environ.pop("_LAPWING_RUNTIME_FD", "").split(":")
    inherited = None
    if all(part.isdigit() for part in parts):
        inherited = int(parts[0]), int(parts[-1])
        for fd in inherited:
            os.set_inheritable(fd, False)
    agent = "lapwing-python/{}.{}.{}".format(*sys.version_info[:3])
    return RuntimeApi(os.environ.get("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"), inherited, agent)


def _load(api):
    """The handler, or None after telling the server why there is none."""
    logs.set_up()
    try:
        return handler.load(os.environ.get("_HANDLER", ""))
    except faults.Fault as e:
        report = faults.of_fault(e)
    except Exception as e:
        report = faults.of_exception(e)
    logs.report(report)
    _flush()
    api.fail_init(codec.encode(report.payload), report.error_type)
    return None


def _serve_one(api, function):
    invocation = api.next()
    headers = invocation.headers
    logs.request_id = invocation.request_id
    logs.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    trace = headers.get("lambda-runtime-trace-id")
    _set_trace(trace)
    try:
        context = LambdaContext(headers)
        event = codec.decode_event(invocation.body, headers.get("content-type"))
        returned = function(event, context)
        result, content_type = codec.encode_result(returned)
    except faults.Fault as e:
        report = faults.of_fault(e, invocation.request_id)
    except Exception as e:
        report = faults.of_exception(e, invocation.request_id)
    else:
        # The next event is asked for together with this answer: what these print when they are
        # freed belongs to this one.
        returned = event = context = None
        _flush()
        api.respond(invocation, result, content_type)
        return
    logs.report(report)
    _flush()
    api.fail(invocation, codec.encode(report.payload), report.error_type, report.cause())


_traced = True  # as far as is known before the first event


def _set_trace(trace):
    global _traced
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    elif _traced:  # taking away what is not there raises an exception inside, each time
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    _traced = bool(trace)


def _flush():
    """Function code may have put buffered streams of its own in place of ours."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass

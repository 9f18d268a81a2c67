"""The life of a runtime process until its function is loaded, which `awslambdaric` does.

`prepare` and `preload` depend on nothing but the interpreter: a template process does them once,
ahead of time. `run` takes this function's environment and never returns to the caller's work.
"""

import os
import sys

from . import codec, standby

_LAYERS = "/opt/python"
# Names of the files that `site` reads; `.start` since Python 3.15.
_SITE_FILES = (".pth", ".start")
_LOCALE_VARIABLE = "LC_CTYPE"
_FIRST_WITH_LOCALE = 12  # AWS's interpreters from 3.12 on find no locale, and set one


def main(runtime_dir, client):
    """`client`: the module that serves, `awslambdaric.__main__`."""
    prepare(runtime_dir)
    if standby.wanted():
        preload()
        standby.wait()
    run(client)


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

    from . import log_records, trace_variable  # noqa: F401

    trace_variable.prepare()


def run(client):
    """Serves the function that the environment describes; leaves with a status."""
    _settle_variables()
    _extend_for_wrapper()
    _add_site_directories()
    client.main([_task_root(), os.environ.get("_HANDLER", "")])


# -- interpreter -----------------------------------------------------------------------------------


def _task_root():
    return os.environ.get("LAMBDA_TASK_ROOT", "/var/task")


def _layer_folders():
    version = "python{}.{}".format(*sys.version_info[:2])
    return ["{}/lib/{}/site-packages".format(_LAYERS, version), _LAYERS]


def _has_own_path(runtime_dir):
    """A PYTHONPATH of the function's, in place of which AWS has no folders of layers."""
    return os.environ.get("PYTHONPATH", runtime_dir) not in (runtime_dir, "/var/runtime")


def _order_import_path(runtime_dir):
    """Function code, layers, runtime, then the interpreter's own, as on AWS.

    The managed runtime's SDK folder, where one is installed, comes last: whatever the function or
    a layer brings wins over it.
    """
    layers = [] if _has_own_path(runtime_dir) else _layer_folders()
    first = [_task_root()] + layers + [runtime_dir]
    outside = set(first)
    if not sys.flags.no_site:  # packages of the host
        import site

        outside.update(site.getsitepackages())
    rest = [p for p in sys.path if p and p not in outside]
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


# -- function --------------------------------------------------------------------------------------


def _settle_variables():
    if codec.asked_minor() < _FIRST_WITH_LOCALE and os.environ.get(_LOCALE_VARIABLE) == "C.UTF-8":
        del os.environ[_LOCALE_VARIABLE]


def _extend_for_wrapper():
    """Wrapper scripts (AWS_LAMBDA_EXEC_WRAPPER) instrument through `sitecustomize`."""
    if sys.flags.no_site and os.environ.get("AWS_LAMBDA_EXEC_WRAPPER"):
        import site

        site.execsitecustomize()


def _add_site_directories():
    """`*.pth` in the folders of the function and its layers: paths, and code of agents."""
    for folder in [_task_root()] + [f for f in _layer_folders() if f in sys.path]:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if any(name.endswith(_SITE_FILES) for name in names):
            import site

            site.addsitedir(folder)

"""Waiting for a function: a process that was started before anybody knew which one it would serve.

What to become comes over a descriptor: the environment, as `KEY=value` parts that end in a zero
byte, until the end of the stream. Nothing at all means that the server has gone.
"""

import os
import sys

FD_VARIABLE = "_LAPWING_STANDBY_FD"
FORKS_VARIABLE = "_LAPWING_FORKS"  # this process is a template: fork() returns in its children

FORK_NOW_VARIABLE = "_LAPWING_FORK_NOW"  # what was forked before it was set, was for ourselves

# What AWS's runtime has loaded before a function as well; others give way to a module of the
# function's own that has the same name.
_OF_AWS = {"awslambdaric", "json", "logging", "os", "sys", "time", "traceback", "types", "importlib", "re"}


def wanted():
    return FD_VARIABLE in os.environ


def wait():
    """Returns when this process has a function: its environment, folder and import path."""
    fd = int(os.environ.pop(FD_VARIABLE))
    # Before the fork: each object looked at is written to (its reference count), and a page with it
    # is no longer shared.
    loaded = {module.partition(".")[0] for module in sys.modules}
    if os.environ.pop(FORKS_VARIABLE, ""):
        _become_template()
    content = read_all(fd)
    if not content:
        sys.exit(0)
    _take_environment(content)
    os.chdir(os.environ.get("LAMBDA_TASK_ROOT", "/var/task"))
    # Folders that were empty or not there a moment ago are the function's now. The others are still
    # what they were, and freeing what is known of them would touch dozens of pages.
    for folder in sys.path[:3] + sys.path[-1:]:
        sys.path_importer_cache.pop(folder, None)
    _give_way(loaded)


def _become_template():
    import gc

    gc.collect()
    gc.freeze()  # the collector does not write to what the children share
    os.environ[FORK_NOW_VARIABLE] = "1"
    os.fork()


def read_all(fd):
    parts = []
    while True:
        part = os.read(fd, 65536)
        if not part:
            break
        parts.append(part)
    os.close(fd)
    return b"".join(parts)


def _take_environment(content):
    import time

    os.environb.clear()
    for entry in content.split(b"\0"):
        key, equals, value = entry.partition(b"=")
        if equals:
            os.environb[key] = value
    time.tzset()


def _give_way(loaded):
    """Forgets modules loaded ahead that the function or a layer brings itself; `loaded` are their
    first names."""
    own = set()
    for folder in sys.path[:3]:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        own.update(name.partition(".")[0] for name in names)
    own.difference_update(_OF_AWS)
    own.difference_update(sys.builtin_module_names)
    own.discard(__name__.partition(".")[0])
    for name in own & loaded:
        for module in list(sys.modules):
            if module == name or module.startswith(name + "."):
                del sys.modules[module]

"""SnapStart: this process, with its function loaded, becomes a snapshot that others go on from.

`take` does what comes before (hooks, /tmp, a list of what is open), then calls the fork() that
`src/sandbox/checkpoint` has replaced: it returns only in restored processes, each in a sandbox of
its own, where files, descriptors and environment are put back and the hooks after a restore run.

What cannot be kept is refused with a reason, and then every start of the function is an ordinary
one. Sockets are kept as new ones, not connected: using them fails as a broken connection does.
"""

import os
import sys

from . import descriptors, scratch_files

FDS_VARIABLE = "_LAPWING_SNAPSHOT_FDS"  # "control:files"
HOOKS_VARIABLE = "_LAPWING_SNAPSHOT_HOOKS"  # a start without a snapshot of a function that has one
_NOW_VARIABLE = "_LAPWING_CHECKPOINT_NOW"
_STANDBY_FD = 5  # in a restored process: what differs in its environment
_REFUSED = 2
_REASON_BYTES = 120


class HookFailed(Exception):
    """The exception of a hook is its cause."""


def take(ours):
    """Returns in restored processes alone. `ours`: the runtime's descriptors, which a restored
    process makes again. HookFailed: before the snapshot or after a restore."""
    control, files = (int(fd) for fd in os.environ.pop(FDS_VARIABLE).split(":"))
    run_before_snapshot()
    _flush()
    try:
        kept = descriptors.look(control, files, *ours)
    except descriptors.Unfit as e:
        _refuse(control, str(e))
    folder = os.getcwd()
    scratch_files.save(files)
    os.close(files)
    _write_down(control)
    _come_back(files, kept, folder)


def _write_down(control):
    import gc
    import stat

    gc.collect()
    os.environ[_NOW_VARIABLE] = "1"
    child = os.fork()
    if child != 0 or stat.S_ISSOCK(os.fstat(_STANDBY_FD).st_mode):
        # An interpreter into which nothing can be preloaded has really forked.
        if child == 0:
            os._exit(1)
        _refuse(control, "this interpreter cannot be checkpointed")
    del os.environ[_NOW_VARIABLE]


def _come_back(files, kept, folder):
    _take_environment()
    scratch_files.load(files)
    os.close(files)
    os.chdir(folder)
    descriptors.put_back(kept)
    ssl = sys.modules.get("ssl")
    if ssl:  # `random` has been seeded again by fork() itself
        ssl.RAND_add(os.urandom(48), 48.0)


def _take_environment():
    from . import standby

    for entry in standby.read_all(_STANDBY_FD).split(b"\0"):
        key, equals, value = entry.partition(b"=")
        if equals:
            os.environb[key] = value


def _refuse(control, reason):
    text = reason.encode("ascii", "replace")[: _REASON_BYTES - 1].ljust(_REASON_BYTES, b"\0")
    os.write(control, _REFUSED.to_bytes(4, "little") + (0).to_bytes(4, "little") + text)
    os._exit(1)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


# -- hooks -----------------------------------------------------------------------------------------


def _hooks():
    return sys.modules.get("snapshot_restore_py")


def run_before_snapshot():
    module = _hooks()
    hooks = module.get_before_snapshot() if module else []
    try:
        while hooks:
            function, args, kwargs = hooks.pop()
            function(*args, **kwargs)
    except Exception as e:
        raise HookFailed from e


def run_after_restore():
    module = _hooks()
    try:
        for function, args, kwargs in module.get_after_restore() if module else []:
            function(*args, **kwargs)
    except Exception as e:
        raise HookFailed from e

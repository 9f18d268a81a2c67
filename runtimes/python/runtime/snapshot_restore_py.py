"""Hooks around a SnapStart snapshot, under the names of AWS's module `snapshot_restore_py`.

    from snapshot_restore_py import register_before_snapshot, register_after_restore

Both work as decorators and as calls, with arguments for the hook after it. Hooks before the
snapshot run in the reverse order of their registration, those after a restore in its order. A
package that brings AWS's own module uses that one.
"""

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    return _before_snapshot


def get_after_restore():
    return _after_restore

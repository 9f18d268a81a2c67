"""_X_AMZN_TRACE_ID, another value at every invocation.

The C library keeps each value that setenv() was ever given: 150 bytes and some microseconds an
invocation. Its putenv() takes a buffer that stays ours, which is what this uses where it can: it
stands in the environment once, and is rewritten, until something else is put in its place.
"""

import os

_NAME = b"_X_AMZN_TRACE_ID"
_ROOM = 2048
_AFTER = 200  # invocations of a process that has not prepared ahead of time

_environ = os.environ  # a function may put another mapping in its place
_buffer = None
_putenv = None
_last = None  # of `os.environ`, while the environment holds the buffer
_calls = 0


def prepare():
    global _buffer, _putenv
    try:
        import ctypes

        _putenv = ctypes.CDLL(None).putenv
        _buffer = ctypes.create_string_buffer(_ROOM)
    except Exception:
        _buffer = None  # an interpreter without it, or another C library


def put(value):
    global _calls, _last
    _calls += 1
    if _calls == _AFTER and _buffer is None:
        prepare()
    data = value.encode("utf-8", "surrogateescape")
    if _buffer is None or os.environ is not _environ or len(_NAME) + len(data) + 2 > _ROOM:
        os.environ["_X_AMZN_TRACE_ID"] = value
        return
    ours = _last is not None and _environ._data.get(_NAME) is _last
    _environ._data[_NAME] = _last = data
    _buffer.value = _NAME + b"=" + data
    if not ours:
        _putenv(_buffer)

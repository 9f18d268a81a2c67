"""Events and results, from and to JSON, with the habits of AWS's Python runtime.

Those are: Decimal is written as a number, named tuples as objects, bytes inside a result as UTF-8
text, a result that is bytes as it is; and from Python 3.12 on text is not escaped to ASCII.
"""

import os
import sys

from . import faults

_JSON = "application/json"


def decode_event(body, content_type):
    if content_type and content_type != _JSON:
        return body
    if not body:
        return {}
    import json

    try:
        return json.loads(body.decode("utf-8"))
    except Exception as e:
        raise faults.Fault(
            "Runtime.UnmarshalError", "Unable to unmarshal input: {}".format(e)
        )


def encode_result(result):
    """(bytes, content type) of what a handler returned."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return encode(result), _JSON
    except Exception as e:
        raise faults.Fault("Runtime.MarshalError", "Unable to marshal response: {}".format(e))


def encode(value):
    return dumps(value, escapes_to_ascii()).encode("utf-8")


def asked_minor():
    """Of the runtime the function asked for, which may not be the interpreter's version."""
    name = os.environ.get("AWS_EXECUTION_ENV", "")
    minor = name.rpartition("python3.")[2]
    return int(minor) if minor.isdigit() else sys.version_info[1]


_escapes = None  # looked up once


def escapes_to_ascii():
    global _escapes
    if _escapes is None:
        _escapes = asked_minor() < 12
    return _escapes


class _NeedsMarks(TypeError):
    """Something that json cannot write by itself."""


_quick = {}  # ascii_only -> writes results without any; None once there was one


def _make_quick(ascii_only):
    """Kept: `json.dumps` with arguments makes a new encoder each time, which takes longer than a
    small result. So does an encoder, of the part of it written in C; that is kept where there is
    one, and nobody has put something in the place of what would have called it."""
    import json

    class Encoder(json.JSONEncoder):
        def default(self, value):
            raise _NeedsMarks()

    whole = Encoder(ensure_ascii=ascii_only)
    own = "json.encoder"
    if any(f.__module__ != own for f in (Encoder.encode, Encoder.iterencode, Encoder.__init__)):
        return whole.encode
    seen = {}  # containers that are being written
    try:
        write = json.encoder.c_make_encoder(
            seen,
            whole.default,
            json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring,
            whole.indent,
            whole.key_separator,
            whole.item_separator,
            whole.sort_keys,
            whole.skipkeys,
            whole.allow_nan,
        )
        write({}, 0)
    except Exception:
        return whole.encode

    def encode(value):
        if isinstance(value, str):
            return whole.encode(value)
        try:
            return "".join(write(value, 0))
        except BaseException:
            seen.clear()
            raise

    return encode


def _quick_encoder(ascii_only):
    if ascii_only not in _quick:
        _quick[ascii_only] = _make_quick(ascii_only)
    return _quick[ascii_only]


def dumps(value, ascii_only):
    if _holds_named_tuple(value):
        value = _plain(value)
    quick = _quick_encoder(ascii_only)
    if quick:
        try:
            return quick(value)
        except _NeedsMarks:
            _quick[ascii_only] = None  # the next result will be of the same kind
    import json

    marks = _Marks()
    text = json.dumps(value, ensure_ascii=ascii_only, default=marks.default)
    return marks.resolve(text)


class _Marks:
    """Puts numbers json cannot write through it: as unguessable text, replaced afterwards."""

    def __init__(self):
        self._key = ""
        self._numbers = []

    def default(self, value):
        if isinstance(value, bytes):
            return value.decode("utf-8")
        decimal = sys.modules.get("decimal")  # no Decimal can exist without it
        if decimal and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            if not self._key:
                self._key = os.urandom(16).hex()
            self._numbers.append(str(value))
            return "{}-{}".format(self._key, len(self._numbers) - 1)
        raise TypeError(
            "Object of type {} is not JSON serializable".format(type(value).__name__)
        )

    def resolve(self, text):
        if not self._numbers:
            return text
        import re

        mark = re.compile('"' + self._key + '-([0-9]+)"')
        return mark.sub(lambda m: self._numbers[int(m.group(1))], text)


def _is_named(value):
    return isinstance(value, tuple) and callable(getattr(value, "_asdict", None))


def _holds_named_tuple(value):
    """Whether the slow copy of `_plain` is needed. Walks containers only; each is seen once."""
    if not isinstance(value, (dict, list, tuple)):
        return False
    if type(value) is dict:
        for item in value.values():
            if isinstance(item, (dict, list, tuple)):
                break
        else:
            return False  # as most are
    seen = set()
    waiting = [value]
    while waiting:
        container = waiting.pop()
        if id(container) in seen:
            continue  # a cycle is json's to refuse
        seen.add(id(container))
        if _is_named(container):
            return True
        items = container.values() if isinstance(container, dict) else container
        for item in items:
            if isinstance(item, (dict, list, tuple)):
                waiting.append(item)
    return False


def _plain(value):
    if _is_named(value):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value

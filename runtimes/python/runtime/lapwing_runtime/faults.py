"""What goes wrong in a function, as AWS's Python runtime tells it.

A fault of the runtime (`Fault`) has a fixed type and message; an exception of the function gives
its class name, its text and the frames of the function's own code.
"""

import os
import time

_RUNTIME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = tuple(os.path.join(_RUNTIME, name, "") for name in ("lapwing_runtime", "awslambdaric"))
_NO_BREAK_SPACE = "\u00a0"


class Fault(Exception):
    def __init__(self, error_type, message, stack=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.stack = stack or []


class Report:
    """An error told three ways: to the caller, to X-Ray, in the log."""

    def __init__(self, error_type, message, stack, frames, request_id):
        self.error_type = error_type
        self.payload = {
            "errorMessage": message,
            "errorType": error_type,
            "requestId": request_id,
            "stackTrace": stack,
        }
        self._frames = frames

    def cause(self):
        """X-Ray's view, for a header: JSON in ASCII, so it has no line ends."""
        from . import codec

        kind = "LambdaValidationError" if not self._frames else self.error_type
        paths = []
        for path, _, _ in self._frames:
            if path not in paths:
                paths.append(path)
        return codec.dumps(
            {
                "working_directory": _working_directory(),
                "exceptions": [
                    {
                        "message": self.payload["errorMessage"],
                        "type": kind,
                        "stack": [
                            {"label": label, "path": path, "line": line}
                            for path, line, label in self._frames
                        ],
                    }
                ],
                "paths": paths,
            },
            ascii_only=True,
        )

    def text_lines(self):
        """`[ERROR] Type: message`, then the stack indented with no-break spaces."""
        head = "[ERROR]"
        message = self.payload["errorMessage"]
        if self.error_type:
            head += " " + self.error_type + (":" if message else "")
        if message:
            head += " " + message
        lines = [head, "Traceback (most recent call last):"]
        for entry in self.payload["stackTrace"]:
            for line in entry.splitlines() or [""]:
                body = line.lstrip(" ")
                lines.append(_NO_BREAK_SPACE * (len(line) - len(body)) + body)
        return lines

    def json_line(self):
        from . import codec

        record = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "level": "ERROR",
        }
        record.update(self.payload)
        return codec.dumps(record, codec.escapes_to_ascii())


def of_fault(fault, request_id=""):
    return Report(fault.error_type, fault.message, fault.stack, [], request_id)


def of_exception(exception, request_id=""):
    import traceback

    entries = list(traceback.extract_tb(exception.__traceback__))
    while entries and entries[0].filename.startswith(_OURS):
        entries.pop(0)
    # Formatted from bare tuples: AWS's client does so, which leaves out the `~~^~~` marker lines.
    plain = [(e.filename, e.lineno, e.name, e.line) for e in entries]
    try:
        message = str(exception)
    except Exception:
        message = "<exception str() failed>"
    return Report(
        type(exception).__name__,
        message,
        traceback.format_list(plain),
        [(path, line, name) for path, line, name, _ in plain],
        request_id,
    )


def _working_directory():
    try:
        return os.getcwd()
    except OSError:
        return ""

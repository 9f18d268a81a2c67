"""Where log records go, and setting up `logging` the moment function code first imports it."""

import os
import sys
import time

# Low bits of a frame's type: 3 text, 2 JSON; the level (Python's, in tens) in the bits above.
_FRAME_TEXT = 0xA55A0003
_FRAME_JSON = 0xA55A0002
_LEVEL_BITS = {10: 2, 20: 3, 30: 4, 40: 5, 50: 6}
ERROR_LEVEL = 40

# Set by `loop` for the invocation that runs; read by every log record.
request_id = ""
tenant_id = None
sink = None


class StdoutSink:
    """Records as text on stdout. A reported error is one line: its inner line ends are `\\r`."""

    def write(self, message, level=None):
        sys.stdout.write(message)

    log = write

    def write_lines(self, lines, level=None):
        self.write("\r".join(lines) + "\n")


class FrameSink:
    """Records as frames on a descriptor of their own: a record stays one log event."""

    def __init__(self, fd, json_format):
        os.set_inheritable(fd, False)
        self._fd = fd
        self._base = _FRAME_JSON if json_format else _FRAME_TEXT

    def write(self, message, level=None):
        body = message.encode("utf-8", "backslashreplace")
        base = _FRAME_TEXT if level is None else self._base
        kind = base | _LEVEL_BITS.get(level, 0) << 2
        micros = int(time.time() * 1000000)
        head = kind.to_bytes(4, "big") + len(body).to_bytes(4, "big") + micros.to_bytes(8, "big")
        view = memoryview(head + body)
        while view:
            view = view[os.write(self._fd, view) :]

    log = write

    def write_lines(self, lines, level=None):
        self.write("\n".join(lines), level)


def json_format():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_up():
    """Chooses the sink and sees to it that `logging` is configured before function code uses it."""
    global sink
    fd = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", "")
    sink = FrameSink(int(fd), json_format()) if fd.isdigit() else StdoutSink()
    if "logging" in sys.modules:
        _configure()
    else:
        sys.meta_path.insert(0, _OnImportOfLogging())


def _configure():
    from . import log_records

    log_records.configure()


class _OnImportOfLogging:
    """Import hook that fires once. Importing `logging` for every function would be a third of its
    cold start, and many never use it."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        load = spec.loader.exec_module

        def load_and_configure(module):
            load(module)
            if hasattr(module, "LogRecord"):  # a function may have a `logging` of its own
                _configure()

        spec.loader.exec_module = load_and_configure
        return spec


def report(error):
    """Writes a `faults.Report` to the function's log."""
    lines = [error.json_line()] if json_format() else error.text_lines()
    sink.write_lines(lines, ERROR_LEVEL)

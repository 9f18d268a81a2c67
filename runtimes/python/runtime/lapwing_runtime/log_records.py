"""The root logger's handler, filter and formats as functions find them on AWS."""

import logging
import os
import time

from . import logs

_TEXT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
_TEXT_TIME = "%Y-%m-%dT%H:%M:%S"
_JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"


class LambdaLoggerFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = logs.request_id
        record.tenant_id = logs.tenant_id
        return True


class LambdaLoggerHandler(logging.Handler):
    def __init__(self, log_sink, tell_level):
        super().__init__()
        self.log_sink = log_sink
        self._tell_level = tell_level

    def emit(self, record):
        text = self.format(record)
        if not text.endswith("\n"):  # a formatter puts an exception's text after the final line end
            text += "\n"
        self.log_sink.write(text, _tens(record.levelno) if self._tell_level else None)


class JsonFormatter(logging.Formatter):
    """One object a line; what was passed as `extra` becomes members of it."""

    _own = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
        "aws_request_id",
        "tenant_id",
        "taskName",
        "message",
        "asctime",
    }

    def __init__(self):
        super().__init__(datefmt=_JSON_TIME)

    def format(self, record):
        import json

        bare = isinstance(record.msg, dict) and not record.args
        members = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": logging.getLevelName(_tens(record.levelno)),
            "message": record.msg if bare else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            import traceback

            kind, value, trace = record.exc_info
            members["stackTrace"] = traceback.format_tb(trace)
            members["errorType"] = kind.__name__ if kind else None
            members["errorMessage"] = str(value)
        members["requestId"] = getattr(record, "aws_request_id", None)
        if record.exc_info:
            members["location"] = "{}:{}:{}".format(
                record.pathname, record.funcName, record.lineno
            )
        members["tenantId"] = getattr(record, "tenant_id", None)
        for name, value in vars(record).items():
            if name not in self._own:
                members.setdefault(name, value)
        members = {name: value for name, value in members.items() if value is not None}
        return json.dumps(members, ensure_ascii=False, default=str) + "\n"


def _tens(level):
    return min(50, max(0, level)) // 10 * 10


def _level_from_environment():
    name = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    name = "DEBUG" if name == "TRACE" else name
    level = logging.getLevelName(name)
    return level if isinstance(level, int) else None


def configure():
    as_json = logs.json_format()
    level = _level_from_environment()
    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler(logs.sink, as_json or level is not None)
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(_TEXT, _TEXT_TIME))
    handler.addFilter(LambdaLoggerFilter())
    root = logging.getLogger()
    if level is not None:
        root.setLevel(level)
    root.addHandler(handler)

"""The `context` argument of a handler: the attributes and methods AWS's manual names."""

import os
import sys
import time

_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class _Record:
    """Attributes named in `_fields`, None where the source says nothing."""

    _fields = ()

    def __init__(self, source):
        for name in self._fields:
            setattr(self, name, source.get(name))

    def __repr__(self):
        inside = ",".join("{}={}".format(name, getattr(self, name)) for name in self._fields)
        return "{}([{}])".format(type(self).__name__, inside)


class CognitoIdentity(_Record):
    _fields = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, source):  # one is made for every invocation: without a loop
        self.cognito_identity_id = source.get("cognitoIdentityId")
        self.cognito_identity_pool_id = source.get("cognitoIdentityPoolId")


class Client(_Record):
    _fields = (
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )


class ClientContext(_Record):
    _fields = ("custom", "env", "client")

    def __init__(self, source):
        super().__init__(source)
        if self.client is not None:
            self.client = Client(self.client)


_of_environment = {}  # read once: looking a variable up costs more than all of a small context


def _read_environment():
    env = os.environ
    _of_environment.update(
        log_group_name=env.get("AWS_LAMBDA_LOG_GROUP_NAME"),
        log_stream_name=env.get("AWS_LAMBDA_LOG_STREAM_NAME"),
        function_name=env.get("AWS_LAMBDA_FUNCTION_NAME"),
        memory_limit_in_mb=env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        function_version=env.get("AWS_LAMBDA_FUNCTION_VERSION"),
    )


def _trace_context(client):
    """Taken out of the client context."""
    trace = client.pop("w3c", None) if isinstance(client, dict) else None
    if not isinstance(trace, dict):
        return {}
    fields = ((name, trace.get(name)) for name in _W3C_FIELDS)
    return {name: value for name, value in fields if isinstance(value, str)}


class LambdaContext:
    def __init__(
        self,
        invoke_id,
        client_context,
        cognito_identity,
        epoch_deadline_time_in_ms,
        invoked_function_arn=None,
        tenant_id=None,
    ):
        if not _of_environment:
            _read_environment()
        self.aws_request_id = invoke_id
        self.__dict__.update(_of_environment)
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c = _trace_context(client_context)
        self.client_context = None if client_context is None else ClientContext(client_context)
        self.identity = CognitoIdentity(cognito_identity or {})
        self._epoch_deadline_time_in_ms = int(epoch_deadline_time_in_ms)

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def w3c(self):
        """The W3C trace context sent along in the client context, as a dict."""
        return dict(self._w3c)

    def log(self, message):
        """Writes to the function's log, as it is: no time, no line end added."""
        logs = sys.modules.get("lapwing_runtime.logs")
        if logs and logs.sink:
            logs.sink.write(str(message))
        else:
            sys.stdout.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        inside = ",".join("{}={}".format(name, getattr(self, name)) for name in names)
        return "LambdaContext([{}])".format(inside)

"""The Runtime API by the names of AWS's client; `lapwing_runtime.api` speaks it."""

import os
import sys

from lapwing_runtime import codec
from lapwing_runtime.api import RuntimeApi

_FD_VARIABLE = "_LAPWING_RUNTIME_FD"


class LambdaMarshaller:
    def unmarshal_request(self, request, content_type="application/json"):
        return codec.decode_event(request, content_type)

    def marshal_response(self, response):
        return codec.encode_result(response)


class InvocationRequest:
    def __init__(self, headers, body):
        get = headers.get
        self.invoke_id = get("lambda-runtime-aws-request-id", "")
        self.x_amzn_trace_id = get("lambda-runtime-trace-id")
        self.invoked_function_arn = get("lambda-runtime-invoked-function-arn")
        self.deadline_time_in_ms = int(get("lambda-runtime-deadline-ms") or 0)
        self.client_context = get("lambda-runtime-client-context")
        self.cognito_identity = get("lambda-runtime-cognito-identity")
        self.tenant_id = get("lambda-runtime-aws-tenant-id")
        self.content_type = get("content-type")
        self.event_body = body
        self.invocation_id = get("lambda-runtime-invocation-id")


class LambdaRuntimeClient:
    # Functions may put another in its place.
    marshaller = LambdaMarshaller()
    # Whether nothing more happens for an invocation once its answer is posted: the next one is
    # asked for together with it then.
    ends_with_answer = False

    def __init__(self, lambda_runtime_address, use_thread_for_polling_next=False):
        agent = "lapwing-python/{}.{}.{}".format(*sys.version_info[:3])
        self.api = RuntimeApi(lambda_runtime_address, _inherited(), agent)

    def wait_next_invocation(self):
        return InvocationRequest(*self.api.next())

    def post_invocation_result(
        self, invoke_id, result_data, content_type="application/json", invocation_id=None
    ):
        self.api.respond(
            invoke_id, invocation_id, _bytes(result_data), content_type, self.ends_with_answer
        )

    def post_invocation_error(self, invoke_id, error_response_data, xray_fault, invocation_id=None):
        self.api.fail(
            invoke_id,
            invocation_id,
            _bytes(error_response_data),
            _error_type(error_response_data),
            xray_fault,
        )

    def post_init_error(self, error_response_data, error_type_override=None):
        self.api.fail_init(
            codec.encode(error_response_data),
            error_type_override or error_response_data.get("errorType", ""),
        )

    def report_restore_error(self, restore_error_data):
        self.api.fail_restore(
            codec.encode(restore_error_data), restore_error_data.get("errorType", "")
        )


def _inherited():
    """The descriptors to read from and to write to, for the first client of the process."""
    parts = os.environ.pop(_FD_VARIABLE, "").split(":")
    if not all(part.isdigit() for part in parts):
        return None
    inherited = int(parts[0]), int(parts[-1])
    for fd in inherited:
        os.set_inheritable(fd, False)
    return inherited


def _bytes(data):
    return data if isinstance(data, bytes) else data.encode("utf-8")


def _error_type(data):
    """The server counts errors by it; agents may post some of their own making."""
    import json

    try:
        kind = json.loads(data).get("errorType")
    except Exception:
        kind = None
    return kind if isinstance(kind, str) else ""

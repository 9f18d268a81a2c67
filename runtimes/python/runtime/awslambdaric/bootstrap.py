"""Loading the handler and serving events, one after the other, until the end.

Everything is looked up by its name in this module at the moment it is used, as agents replace it.
"""

import os
import sys

from lapwing_runtime import codec, faults, handler, logs, trace_variable
from lapwing_runtime.api import ApiError, ConnectionLost

from .lambda_context import LambdaContext
from .lambda_runtime_client import LambdaRuntimeClient

FaultException = faults.Fault

# Of `lapwing_runtime.snapshot`, which most functions never need.
_SNAPSHOT_VARIABLES = {"_LAPWING_SNAPSHOT_FDS", "_LAPWING_SNAPSHOT_HOOKS"}
_INIT_FAILED = 1
_HOOK_FAILED = 64  # status to exit with, as AWS's client


def run(handler, lambda_runtime_client):
    """Does not return: leaves with a status."""
    try:
        request_handler = _load(handler, lambda_runtime_client)
        if _SNAPSHOT_VARIABLES & os.environ.keys():
            on_init_complete(lambda_runtime_client, logs.sink)
        while True:
            _serve_one(request_handler, lambda_runtime_client)
    except ConnectionLost:
        # The environment is over, and nobody is left to tell.
        sys.exit(1)
    except ApiError as e:
        # The server gave us up.
        sys.stderr.write("{}\n".format(e))
        sys.exit(1)


def to_json(obj):
    return codec.dumps(obj, codec.escapes_to_ascii())


# -- init ------------------------------------------------------------------------------------------


def _get_handler(handler_name):
    return handler.load(handler_name)


def _load(handler_name, lambda_runtime_client):
    """The handler; leaves after telling the server why there is none."""
    logs.set_up()
    try:
        return _get_handler(handler_name)
    except faults.Fault as e:
        report = faults.of_fault(e)
    except Exception as e:
        report = faults.of_exception(e)
    _log(report)
    lambda_runtime_client.post_init_error(report.payload)
    sys.exit(_INIT_FAILED)


def on_init_complete(lambda_runtime_client, log_sink):
    """Goes on in a process restored from the snapshot, or in this one where there is to be none."""
    from lapwing_runtime import snapshot

    tell = lambda_runtime_client.post_init_error
    try:
        if os.environ.pop(snapshot.HOOKS_VARIABLE, ""):
            snapshot.run_before_snapshot()
        else:
            snapshot.take(lambda_runtime_client.api.descriptors())
            tell = lambda_runtime_client.report_restore_error
        snapshot.run_after_restore()
        return
    except snapshot.HookFailed as e:
        report = faults.of_exception(e.__cause__)
    _log(report)
    tell(report.payload)
    sys.exit(_HOOK_FAILED)


# -- invoke ----------------------------------------------------------------------------------------


def _serve_one(request_handler, lambda_runtime_client):
    request = lambda_runtime_client.wait_next_invocation()
    logs.request_id = request.invoke_id
    logs.tenant_id = request.tenant_id
    update_xray_env_variable(request.x_amzn_trace_id)
    # What an agent does after it has called ours belongs to this invocation, too.
    lambda_runtime_client.ends_with_answer = (
        handle_event_request is _handle_event_request
        and LambdaRuntimeClient.post_invocation_result is _post_invocation_result
        and LambdaRuntimeClient.wait_next_invocation is _wait_next_invocation
    )
    handle_event_request(
        lambda_runtime_client,
        request_handler,
        request.invoke_id,
        request.event_body,
        request.content_type,
        request.client_context,
        request.cognito_identity,
        request.invoked_function_arn,
        request.deadline_time_in_ms,
        request.tenant_id,
        logs.sink,
        request.invocation_id,
    )


def handle_event_request(
    lambda_runtime_client,
    request_handler,
    invoke_id,
    event_body,
    content_type,
    client_context_json,
    cognito_identity_json,
    invoked_function_arn,
    epoch_deadline_time_in_ms,
    tenant_id,
    log_sink,
    invocation_id=None,
):
    try:
        context = create_lambda_context(
            client_context_json,
            cognito_identity_json,
            epoch_deadline_time_in_ms,
            invoke_id,
            invoked_function_arn,
            tenant_id,
        )
        marshaller = lambda_runtime_client.marshaller
        event = marshaller.unmarshal_request(event_body, content_type)
        returned = request_handler(event, context)
        result, result_content_type = marshaller.marshal_response(returned)
    except faults.Fault as e:
        report = faults.of_fault(e, invoke_id)
    except Exception as e:
        report = faults.of_exception(e, invoke_id)
    else:
        # The next event is asked for together with this answer: what these print when they are
        # freed belongs to this one.
        returned = event = context = None
        _flush()
        lambda_runtime_client.post_invocation_result(
            invoke_id, result, result_content_type, invocation_id
        )
        return
    _log(report)
    lambda_runtime_client.post_invocation_error(
        invoke_id, to_json(report.payload), report.cause(), invocation_id
    )


# As they are without an agent.
_handle_event_request = handle_event_request
_post_invocation_result = LambdaRuntimeClient.post_invocation_result
_wait_next_invocation = LambdaRuntimeClient.wait_next_invocation


def create_lambda_context(
    client_context_json,
    cognito_identity_json,
    epoch_deadline_time_in_ms,
    invoke_id,
    invoked_function_arn,
    tenant_id,
):
    return LambdaContext(
        invoke_id,
        parse_json_header(client_context_json, "Client Context") if client_context_json else None,
        parse_json_header(cognito_identity_json, "Cognito Identity")
        if cognito_identity_json
        else None,
        epoch_deadline_time_in_ms,
        invoked_function_arn,
        tenant_id,
    )


def parse_json_header(header, name):
    import json

    try:
        return json.loads(header)
    except Exception as e:
        raise faults.Fault(
            "Runtime.LambdaContextUnmarshalError", "Unable to parse {} JSON: {}".format(name, e)
        )


_traced = True  # as far as is known before the first event


def update_xray_env_variable(xray_trace_id):
    global _traced
    if xray_trace_id:
        trace_variable.put(xray_trace_id)
    elif _traced:  # taking away what is not there raises an exception inside, each time
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    _traced = bool(xray_trace_id)


# -- output ----------------------------------------------------------------------------------------


def _log(report):
    logs.report(report)
    _flush()


def _flush():
    """Function code may have put buffered streams of its own in place of ours."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass

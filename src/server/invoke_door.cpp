#include "server/invoke_door.hpp"

#include <memory>
#include <utility>

#include "net/loop.hpp"
#include "server/admission.hpp"
#include "server/answer.hpp"
#include "server/limits.hpp"
#include "server/request_view.hpp"

namespace lapwing::server {
namespace {

// What a worker looks at. Shared with it, because a connection that is cut while the worker runs
// takes its coroutine along.
struct LargeRequest {
  LargeRequest(const http::Request& request, aws::SignatureHead head, std::string whole)
      : kept(request), view(kept), body(std::move(whole)), signature(std::move(head)) {}

  http::Request kept;
  RequestView view;
  std::string body;
  aws::SignatureHead signature;
  aws::Caller caller;
};

const aws::OperationRow& row_of(const http::Request& request) {
  return lambda::operation_of(
      lambda::invoke_mode(request.target).value_or(lambda::InvokeMode::kBuffered));
}

}  // namespace

bool InvokeDoor::owns(const http::Request& request) {
  return request.method == http::Method::kPost && lambda::invoke_mode(request.target).has_value();
}

net::Task<void> InvokeDoor::handle(http::RequestContext& context, aws::Origin from,
                                   RequestId request_id) {
  const aws::OperationRow& operation = row_of(context.request());
  const aws::Service& api = *parts_.api;
  const Asked asked{api.id(), api.model().name(operation)};
  Result<aws::Response> response = co_await invoke(context, from, request_id);
  if (context.answered()) {  // in pieces
    if (response) {
      record_access(*parts_.logger, context, request_id, *response, asked);
      api.record(operation, response->status);
    } else {
      record_left(*parts_.logger, context, request_id, asked);
      api.record_left(operation);
    }
    co_return;
  }
  if (!response) {
    response =
        aws::error_response(api.model(), aws::Protocol::kRestJson, response.error(), request_id);
  }
  record_access(*parts_.logger, context, request_id, *response, asked);
  api.record(operation, response->status);
  // A client that has gone is no error of ours.
  (void)co_await context.respond(to_http(*std::move(response)));
}

net::Task<Result<aws::Response>> InvokeDoor::invoke(http::RequestContext& context, aws::Origin from,
                                                    const RequestId& request_id) {
  const http::Request& request = context.request();
  RequestView view(request);
  LAPWING_CO_TRY(const aws::SignatureHead signature, parts_.authenticator->read(view.head()));
  LAPWING_CO_CHECK(admit(context, *parts_.authenticator, view.head(), signature, "lambda"));
  Result<std::string> body;
  if (const auto arrived = context.body().take_arrived(kOffloadBytes)) {
    body = std::string(*arrived);
  } else {
    body = co_await read_payload(context, signature);
  }
  if (!body) co_return fail(std::move(body).error());
  aws::Call call;
  if (body->size() > kOffloadBytes) {
    auto large = std::make_shared<LargeRequest>(request, signature, *std::move(body));
    LAPWING_CO_CHECK(co_await parts_.hashers->run(context.loop(), [this, large] {
      return check(large->view.with_body(large->body), large->signature, large->caller);
    }));
    call.caller = std::move(large->caller);
    body = std::move(large->body);
  } else {
    LAPWING_CO_CHECK(check(view.with_body(*body), signature, call.caller));
  }
  LAPWING_CO_CHECK(admit(context, call.caller));
  // Counts on its own once it is whole, for as long as its function runs.
  LAPWING_CO_TRY(http::Charge payload,
                 payload_room(*parts_.memory, context.caller(), body->size()));
  context.take_body_charge();
  call.origin = from;
  const auto lookup = [&](std::string_view name) { return request.headers.get(name); };
  const lambda::InvokeScope scope{call.caller.account, call.caller.region,
                                  call.caller.principal_arn};
  LAPWING_CO_TRY(lambda::InvokeRequest invoke,
                 lambda::parse_invoke_head(request.target, lookup, scope));
  lambda::LookedUp found = lambda::look_up(*parts_.functions, invoke);
  LAPWING_CO_CHECK(parts_.api->authorise(row_of(request), call, found.arn));
  LAPWING_CO_TRY(runtime::FunctionVersionPtr function, std::move(found.function));
  LAPWING_CO_CHECK(lambda::check_tenant(invoke, *function));
  if (invoke.type == lambda::InvocationType::kDryRun) {
    co_return lambda::render_dry_run_answer(request_id);
  }

  runtime::Invocation invocation = lambda::invocation_of(
      invoke, *function, std::move(found.arn),
      {request_id, request.headers.get_or("X-Amzn-Trace-Id"), *std::move(body), context.caller()},
      context.loop().clock().wall(), *parts_.random);
  if (invoke.type == lambda::InvocationType::kEvent) {
    co_return co_await accept(context.loop(), std::move(function), std::move(invocation),
                              request_id);
  }
  lambda::InvokeOutcome answer;
  answer.request_id = request_id;
  answer.executed_version = function->version;
  answer.trace_id = invocation.trace_id;
  context.charge_answer_to(invocation.caller.part);
  if (invoke.mode == lambda::InvokeMode::kStream) {
    co_return co_await stream(context, invoke, answer, std::move(function), std::move(invocation),
                              std::move(payload));
  }
  const runtime::FunctionVersionPtr version = function;
  Result<runtime::Outcome> outcome = co_await parts_.dispatcher->invoke(
      context.loop(), std::move(function), std::move(invocation));
  if (std::optional<Error> failure = failure_of(outcome, *version, request_id)) {
    co_return fail(*std::move(failure));
  }
  answer.payload = std::move(outcome->body);
  if (outcome->kind == runtime::Outcome::Kind::kFunctionError) answer.function_error = "Unhandled";
  answer.log_tail = std::move(outcome->log_tail);
  co_return lambda::render_invoke_answer(invoke, std::move(answer));
}

net::Task<Result<aws::Response>> InvokeDoor::accept(net::Loop& loop,
                                                    runtime::FunctionVersionPtr function,
                                                    runtime::Invocation invocation,
                                                    const RequestId& request_id) {
  LAPWING_CO_CHECK(lambda::check_event_size(invocation.payload.size()));
  std::string trace = invocation.trace_id;
  LAPWING_CO_CHECK(
      co_await parts_.events->accept(loop, std::move(function), std::move(invocation)));
  co_return lambda::render_event_answer(request_id, std::move(trace));
}

// Any thread.
Status InvokeDoor::check(const aws::Request& request, const aws::SignatureHead& signature,
                         aws::Caller& caller) const {
  LAPWING_TRY(caller, parts_.authenticator->authenticate(request, signature, "lambda"));
  return lambda::check_invoke_payload(request.body);
}

std::optional<Error> InvokeDoor::failure_of(const Result<runtime::Outcome>& outcome,
                                            const runtime::FunctionVersion& function,
                                            const RequestId& request_id) const {
  if (outcome && outcome->kind == runtime::Outcome::Kind::kPlatformError) {
    if (const auto assumed = parts_.roles->mint(function); !assumed) return assumed.error();
  }
  return lambda::invoke_failure(outcome, function.runtime, *parts_.catalogue, request_id,
                                *parts_.logger);
}

// Nobody unknown makes the server read megabytes: what the head decides comes first.
net::Task<Result<std::string>> InvokeDoor::read_payload(http::RequestContext& context,
                                                        const aws::SignatureHead& signature) {
  LAPWING_CO_CHECK(parts_.authenticator->check_head(signature, "lambda"));
  Result<std::string> body = co_await context.body().read_all(lambda::invoke_body_max());
  if (body) co_return body;
  if (body.error().kind() == ErrorKind::kTooLarge) {
    co_return fail(lambda::invoke_body_too_large());
  }
  co_return fail(body_error(std::move(body).error()));
}

}  // namespace lapwing::server

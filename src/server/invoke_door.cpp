#include "server/invoke_door.hpp"

#include <functional>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "gen/lambda/invoke.hpp"
#include "gen/lambda/invoke_with_response_stream.hpp"
#include "net/loop.hpp"
#include "server/admission.hpp"
#include "server/answer.hpp"
#include "server/limits.hpp"
#include "server/request_view.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/invoke_failure.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/trace_header.hpp"

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
  namespace gl = gen::lambda;
  const bool streams = lambda::invoke_mode(request.target) == lambda::InvokeMode::kStream;
  const auto id = streams ? gl::InvokeWithResponseStream::kId : gl::Invoke::kId;
  return gl::kModel.operations[static_cast<std::size_t>(id)];
}

// What is invoked, whether it is there or not.
std::string arn_of(const lambda::InvokeRequest& invoke,
                   const Result<runtime::FunctionVersionPtr>& resolved) {
  if (!resolved) {
    return lambda::function_arn({invoke.account, invoke.region, invoke.function}, invoke.qualifier);
  }
  const std::string& arn = (*resolved)->arn;
  return invoke.qualifier.empty() ? arn : fmt::format("{}:{}", arn, invoke.qualifier);
}

}  // namespace

net::Task<void> InvokeDoor::handle(http::RequestContext& context, aws::Origin from,
                                   RequestId request_id) {
  stats_.invokes.fetch_add(1, std::memory_order_relaxed);
  Result<aws::Response> response = co_await invoke(context, from, request_id);
  if (context.answered()) {  // in pieces
    if (response) {
      record_access(*parts_.logger, context, request_id, *response);
      parts_.lambda->api().record(row_of(context.request()), response->status);
    }
    co_return;
  }
  if (!response) {
    response = aws::error_response(parts_.lambda->api().model(), aws::Protocol::kRestJson,
                                   response.error(), request_id);
  }
  record_access(*parts_.logger, context, request_id, *response);
  parts_.lambda->api().record(row_of(context.request()), response->status);
  // A client that has gone is no error of ours.
  (void)co_await context.respond(to_http(*std::move(response)));
}

net::Task<Result<aws::Response>> InvokeDoor::invoke(http::RequestContext& context, aws::Origin from,
                                                    const RequestId& request_id) {
  const http::Request& request = context.request();
  RequestView view(request);
  LAPWING_CO_TRY(const aws::SignatureHead signature, parts_.authenticator->read(view.head()));
  LAPWING_CO_CHECK(admit(context, *parts_.authenticator, signature));
  Result<std::string> body;
  if (const auto arrived = context.body().take_arrived(kOffloadBytes)) {
    body = std::string(*arrived);
  } else {
    body = co_await read_payload(context, signature);
  }
  if (!body) co_return fail(std::move(body).error());
  // Counts on its own once it is whole, for as long as its function runs.
  LAPWING_CO_TRY(http::Charge payload, payload_room(context, body->size()));
  context.take_body_charge();

  aws::Call call;
  if (body->size() > kOffloadBytes) {
    auto large = std::make_shared<LargeRequest>(request, signature, *std::move(body));
    LAPWING_CO_CHECK(co_await parts_.workers->run(context.loop(), [this, large] {
      return check(large->view.with_body(large->body), large->signature, large->caller);
    }));
    call.caller = std::move(large->caller);
    body = std::move(large->body);
  } else {
    LAPWING_CO_CHECK(check(view.with_body(*body), signature, call.caller));
  }
  call.origin = from;
  const auto lookup = [&](std::string_view name) { return request.headers.get(name); };
  const lambda::InvokeScope scope{call.caller.account, call.caller.region,
                                  call.caller.principal_arn};
  LAPWING_CO_TRY(lambda::InvokeRequest invoke,
                 lambda::parse_invoke_head(request.target, lookup, scope));
  auto resolved = parts_.lambda->catalog().resolve(invoke.account, invoke.region,
                                                   invoke.function.view(), invoke.qualifier);
  std::string arn = arn_of(invoke, resolved);
  LAPWING_CO_CHECK(parts_.lambda->api().authorise(row_of(request), call, arn));
  if (!resolved) co_return fail(std::move(resolved).error());
  runtime::FunctionVersionPtr function = *std::move(resolved);
  if (invoke.type == lambda::InvocationType::kDryRun) {
    co_return lambda::render_dry_run_answer(request_id);
  }

  runtime::Invocation invocation;
  invocation.request_id = request_id.str();
  invocation.invoked_arn = std::move(arn);
  invocation.trace_id = lambda::complete_trace_header(
      request.headers.get_or("X-Amzn-Trace-Id"), {function->arn, function->trace_active},
      context.loop().clock().wall(), *parts_.random);
  invocation.client_context = invoke.client_context;
  invocation.payload = lambda::event_of(*std::move(body));
  invocation.caller = context.caller();
  invocation.caller.part = std::hash<std::string_view>()(function->arn);
  invocation.want_tail = invoke.log_type == lambda::LogType::kTail;
  lambda::InvokeOutcome answer;
  answer.request_id = request_id;
  answer.executed_version = function->version;
  answer.trace_id = invocation.trace_id;
  context.charge_answer_to(invocation.caller.part);
  if (invoke.mode == lambda::InvokeMode::kStream) {
    co_return co_await stream(context, invoke, answer, std::move(function), std::move(invocation),
                              std::move(payload));
  }
  const std::string runtime_id = function->runtime;
  Result<runtime::Outcome> outcome = co_await parts_.dispatcher->invoke(
      context.loop(), std::move(function), std::move(invocation));
  if (std::optional<Error> failure = failure_of(outcome, runtime_id, request_id)) {
    co_return fail(*std::move(failure));
  }
  answer.payload = std::move(outcome->body);
  if (outcome->kind == runtime::Outcome::Kind::kFunctionError) answer.function_error = "Unhandled";
  answer.log_tail = std::move(outcome->log_tail);
  co_return lambda::render_invoke_answer(invoke, std::move(answer));
}

// Any thread.
Status InvokeDoor::check(const aws::Request& request, const aws::SignatureHead& signature,
                         aws::Caller& caller) const {
  LAPWING_TRY(caller, parts_.authenticator->authenticate(request, signature, "lambda"));
  return lambda::check_invoke_payload(request.body);
}

std::optional<Error> InvokeDoor::failure_of(const Result<runtime::Outcome>& outcome,
                                            const std::string& runtime_id,
                                            const RequestId& request_id) const {
  return lambda::invoke_failure(outcome, runtime_id, *parts_.catalogue, request_id, *parts_.logger);
}

// Nobody unknown makes the server read megabytes: what the head decides comes first.
net::Task<Result<std::string>> InvokeDoor::read_payload(http::RequestContext& context,
                                                        const aws::SignatureHead& signature) {
  LAPWING_CO_CHECK(parts_.authenticator->check_head(signature, "lambda"));
  Result<std::string> body = co_await context.body().read_all(lambda::kMaxRequestPayloadBytes);
  if (body) co_return body;
  if (body.error().kind() == ErrorKind::kTooLarge) {
    co_return fail(lambda::errors::payload_too_large(lambda::kMaxRequestPayloadBytes));
  }
  co_return fail(body_error(std::move(body).error()));
}

// Of the caller's share; where it is small, without asking whose that is.
Result<http::Charge> InvokeDoor::payload_room(http::RequestContext& context,
                                              std::size_t bytes) const {
  const bool small = bytes <= kSmallPayloadBytes;
  http::Budget& payloads = parts_.memory->payloads;
  http::Charge charge = small ? payloads.charge() : payloads.charge(context.caller());
  if (charge.room(small ? kSmallPayloadsReserve : 0) < bytes) {
    return fail(too_many("Too many payloads in flight. Please retry."));
  }
  charge.add(bytes);
  return charge;
}

}  // namespace lapwing::server

#include "services/lambda/operations/invoke_performed.hpp"

#include <functional>
#include <utility>

#include "services/lambda/invoke_edge.hpp"
#include "services/lambda/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda {
namespace {

constexpr int kRan = 200;
constexpr int kAccepted = 202;
constexpr int kNothingToDo = 204;
// A larger payload is looked at by a worker.
constexpr std::size_t kCheckOnLoopMax = 256 * kKiB;

using Answer = gen::lambda::InvocationResponse;

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

Result<InvokeRequest> read(const aws::Call& call, const gen::lambda::InvocationRequest& in) {
  const aws::Caller& caller = call.caller;
  LAPWING_TRY(InvokeRequest out,
              read_invoke({.mode = InvokeMode::kBuffered,
                           .name = in.function_name,
                           .qualifier = view(in.qualifier),
                           .type = view(in.invocation_type),
                           .log_type = view(in.log_type),
                           .client_context = view(in.client_context),
                           .tenant_id = view(in.tenant_id)},
                          {caller.account, caller.region, caller.principal_arn}));
  return out;
}

// Who is charged: whom the call is made for.
http::CallerId charged(const aws::Call& call) {
  return {.hash = std::hash<std::string_view>()(call.caller.principal_arn)};
}

Answer answer_of(const InvokeRequest& request, std::string version, runtime::Outcome outcome) {
  Answer out;
  out.status_code = kRan;
  out.executed_version = std::move(version);
  if (outcome.kind == runtime::Outcome::Kind::kFunctionError) out.function_error = "Unhandled";
  if (request.log_type == LogType::kTail) out.log_result = text::base64_encode(outcome.log_tail);
  out.payload = std::move(outcome.body);
  return out;
}

}  // namespace

net::Task<Result<Answer>> invoke(Core& core, net::Loop& loop, const aws::Call& call,
                                 gen::lambda::InvocationRequest in) {
  LAPWING_CO_TRY(const InvokeRequest request, read(call, in));
  std::string payload = std::move(in.payload).value_or("");
  if (payload.size() <= kCheckOnLoopMax) {
    LAPWING_CO_CHECK(check_invoke_payload(payload));
  } else {
    const auto shared = std::make_shared<std::string>(std::move(payload));
    LAPWING_CO_CHECK(co_await core.workers.run(
        loop, [shared]() -> Status { return check_invoke_payload(*shared); }));
    payload = std::move(*shared);
  }
  LookedUp found = look_up(core.catalog, request);
  LAPWING_CO_TRY(runtime::FunctionVersionPtr function, std::move(found.function));
  LAPWING_CO_CHECK(check_tenant(request, *function));
  if (request.type == InvocationType::kDryRun) {
    Answer out;
    out.status_code = kNothingToDo;
    co_return out;
  }
  const std::string version = function->version;
  const std::string runtime_id = function->runtime;
  const RequestId request_id = call.caller.request_id;
  runtime::Invocation invocation =
      invocation_of(request, *function, std::move(found.arn),
                    {request_id, call.trace_id, std::move(payload), charged(call)},
                    loop.clock().wall(), core.random);
  if (request.type == InvocationType::kEvent) {
    LAPWING_CO_CHECK(check_event_size(invocation.payload.size()));
    LAPWING_CO_CHECK(co_await core.events.accept(loop, std::move(function), std::move(invocation)));
    Answer out;
    out.status_code = kAccepted;
    co_return out;
  }
  Result<runtime::Outcome> outcome =
      co_await core.invoker.invoke(loop, std::move(function), std::move(invocation));
  const runtime::Catalogue none;
  const runtime::Catalogue* const here = core.options.catalogue;
  if (std::optional<Error> failure =
          invoke_failure(outcome, runtime_id, here ? *here : none, request_id, core.logger)) {
    co_return fail(*std::move(failure));
  }
  co_return answer_of(request, version, *std::move(outcome));
}

net::Task<Result<gen::lambda::InvokeAsyncResponse>> invoke_async(
    Core& core, net::Loop& loop, const aws::Call& call, gen::lambda::InvokeAsyncRequest in) {
  gen::lambda::InvocationRequest as_event;
  as_event.function_name = std::move(in.function_name);
  as_event.invocation_type = "Event";
  as_event.payload = std::move(in.invoke_args);
  LAPWING_CO_TRY(const Answer answer, co_await invoke(core, loop, call, std::move(as_event)));
  co_return gen::lambda::InvokeAsyncResponse{.status = answer.status_code};
}

}  // namespace lapwing::lambda

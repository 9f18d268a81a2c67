#include "services/lambda/invoke_edge.hpp"

#include <functional>
#include <utility>

#include <fmt/core.h>

#include "gen/lambda/invoke.hpp"
#include "gen/lambda/invoke_with_response_stream.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/trace_header.hpp"

namespace lapwing::lambda {

const aws::OperationRow& operation_of(InvokeMode mode) {
  namespace gl = gen::lambda;
  const auto id = mode == InvokeMode::kStream ? gl::InvokeWithResponseStream::kId : gl::Invoke::kId;
  return gl::kModel.operations[static_cast<std::size_t>(id)];
}

std::size_t invoke_body_max() { return kMaxRequestPayloadBytes; }

Error invoke_body_too_large() { return errors::payload_too_large(kMaxRequestPayloadBytes); }

LookedUp look_up(const engine::Functions& functions, const InvokeRequest& request) {
  LookedUp out{{},
               functions.resolve(request.account, request.region, request.function.view(),
                                 request.qualifier)};
  if (!out.function) {
    out.arn = function_arn({request.account, request.region, request.function}, request.qualifier);
  } else if (request.qualifier.empty()) {
    out.arn = (*out.function)->arn;
  } else {
    out.arn = fmt::format("{}:{}", (*out.function)->arn, request.qualifier);
  }
  return out;
}

Status check_tenant(const InvokeRequest& request, const runtime::FunctionVersion& function) {
  if (function.per_tenant == !request.tenant_id.empty()) return {};
  return fail(function.per_tenant ? errors::tenant_needed() : errors::tenant_not_wanted());
}

runtime::Invocation invocation_of(const InvokeRequest& request,
                                  const runtime::FunctionVersion& function, std::string arn,
                                  Sent sent, WallTime now, Random& random) {
  runtime::Invocation out;
  out.request_id = sent.request_id.str();
  out.invoked_arn = std::move(arn);
  out.trace_id =
      complete_trace_header(sent.trace, {function.arn, function.trace_active}, now, random);
  out.client_context = request.client_context;
  out.tenant_id = request.tenant_id;
  out.payload = event_of(std::move(sent.payload));
  out.caller = std::move(sent.caller);
  out.caller.part = std::hash<std::string_view>()(function.arn);
  out.want_tail = request.log_type == LogType::kTail;
  return out;
}

}  // namespace lapwing::lambda

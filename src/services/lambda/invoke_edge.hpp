// Invoke's edge: everything that the fast path of an invocation (server/invoke_door.hpp) asks of
// Lambda. Beside service.hpp the only header of this folder that server/ includes.
//
//   invoke_mode -> parse_invoke_head -> look_up -> (authorise) -> check_tenant -> invocation_of ->
//   engine
//     -> invoke_failure, or render_invoke_answer and invoke_stream.hpp's
//
// Thread-safety: as each says; what stands here is pure but for look_up(), which any thread may
// call.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "aws/model.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "engine/control_plane.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"
#include "services/lambda/invoke_failure.hpp"
#include "services/lambda/operations/invoke.hpp"
#include "services/lambda/operations/invoke_stream.hpp"

namespace lapwing::lambda {

// The operation that a POST to such a target is.
const aws::OperationRow& operation_of(InvokeMode mode);

std::size_t invoke_body_max();
// 413, in Lambda's words.
Error invoke_body_too_large();

struct LookedUp {
  std::string arn;  // as the caller named it, qualifier kept; also of what is not there
  Result<runtime::FunctionVersionPtr> function;
};
LookedUp look_up(const engine::Functions& functions, const InvokeRequest& request);

// A function with tenant isolation is invoked for a tenant, and no other is.
Status check_tenant(const InvokeRequest& request, const runtime::FunctionVersion& function);

// What the caller sent beside what InvokeRequest holds.
struct Sent {
  const RequestId& request_id;
  std::string_view trace;  // X-Amzn-Trace-Id, or empty
  std::string payload;
  http::CallerId caller;
};
runtime::Invocation invocation_of(const InvokeRequest& request,
                                  const runtime::FunctionVersion& function, std::string arn,
                                  Sent sent, WallTime now, Random& random);

}  // namespace lapwing::lambda

// Requests that carry a ClientToken: one that comes again changes nothing more.
//
// Thread-safety: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "base/function_ref.hpp"
#include "services/scheduler/core.hpp"

namespace lapwing::scheduler {

// Runs `body` in a transaction, unless the token was used within store::kIdempotencyWindow: then
// nothing is done where `request` is the same, and anything else is a ConflictException.
Status transact_once(Core& core, const aws::Call& call, std::string_view operation,
                     const std::optional<std::string>& token, std::string_view request,
                     FunctionRef<Status(store::Txn&)> body);

}  // namespace lapwing::scheduler

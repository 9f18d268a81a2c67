// Requests that carry a client's token: one that comes again changes nothing more.
//
// Thread-safety: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace lapwing::resources {

enum class Once {
  kDone,           // now, or by the same request before
  kUsedOtherwise,  // the token came with another request: nothing was done
};

// Runs `body` in a transaction, unless the token was used for this operation of the caller's
// account and region within store::kIdempotencyWindow. `request`: what has to be the same. Errors:
// the body's, those of the store.
Result<Once> transact_once(store::Store& store, const aws::Call& call, std::string_view operation,
                           const std::optional<std::string>& token, std::string_view request,
                           FunctionRef<Status(store::Txn&)> body);

}  // namespace lapwing::resources

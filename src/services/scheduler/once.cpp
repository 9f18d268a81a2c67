#include "services/scheduler/once.hpp"

#include "resources/once.hpp"
#include "services/scheduler/words.hpp"

namespace lapwing::scheduler {

Status transact_once(Core& core, const aws::Call& call, std::string_view operation,
                     const std::optional<std::string>& token, std::string_view request,
                     FunctionRef<Status(store::Txn&)> body) {
  const auto done = resources::transact_once(core.store(), call, operation, token, request, body);
  if (!done) return fail(store_failure(done.error()));
  if (*done == resources::Once::kUsedOtherwise) return fail(token_used_otherwise());
  return {};
}

}  // namespace lapwing::scheduler

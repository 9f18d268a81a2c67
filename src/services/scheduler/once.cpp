#include "services/scheduler/once.hpp"

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "services/scheduler/words.hpp"

namespace lapwing::scheduler {

Status transact_once(Core& core, const aws::Call& call, std::string_view operation,
                     const std::optional<std::string>& token, std::string_view request,
                     FunctionRef<Status(store::Txn&)> body) {
  store::TransactOptions options;
  const std::string digest = crypto::sha256_hex(request);
  if (token) {
    options.idempotency_key = fmt::format("{}/{}/{}/{}", operation, call.caller.account.view(),
                                          call.caller.region.view(), *token);
  }
  const auto done = core.store().transact(
      [&](store::Txn& txn) -> Status {
        LAPWING_CHECK(body(txn));
        if (token) txn.set_outcome(digest);
        return {};
      },
      options);
  if (!done) return fail(store_failure(done.error()));
  if (done->replayed && done->outcome != digest) return fail(token_used_otherwise());
  return {};
}

}  // namespace lapwing::scheduler

#include "resources/once.hpp"

#include <fmt/core.h>

#include "crypto/sha256.hpp"

namespace lapwing::resources {

Result<Once> transact_once(store::Store& store, const aws::Call& call, std::string_view operation,
                           const std::optional<std::string>& token, std::string_view request,
                           FunctionRef<Status(store::Txn&)> body) {
  store::TransactOptions options;
  std::string digest;
  if (token) {
    digest = crypto::sha256_hex(request);
    options.idempotency_key = fmt::format("{}/{}/{}/{}", operation, call.caller.account.view(),
                                          call.caller.region.view(), *token);
  }
  LAPWING_TRY(const store::Committed done, store.transact(
                                               [&](store::Txn& txn) -> Status {
                                                 LAPWING_CHECK(body(txn));
                                                 if (token) txn.set_outcome(digest);
                                                 return {};
                                               },
                                               options));
  return done.replayed && done.outcome != digest ? Once::kUsedOtherwise : Once::kDone;
}

}  // namespace lapwing::resources

// What the operations use, and how they read and change records: each change is one transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aws/call.hpp"
#include "base/clock.hpp"
#include "base/function_ref.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace lapwing::iam {

class KeyRing;
class RoleDirectory;
class Sealer;

struct Core {
  store::Store& store;
  const Clock& clock;
  Random& random;
  const Clock& real_clock;  // what one-time passwords go by
  const Sealer& sealer;
  KeyRing& keys;
  RoleDirectory& roles;

  // Something was written, or may have been (kUnknown): what is kept of it in memory is read again.
  void changed(const Result<store::Committed>& written);

  // IAM tells whole seconds.
  std::int64_t now_ms() const { return unix_ms(clock.wall()) / 1000 * 1000; }
};

inline const std::string& account_of(const aws::Call& call) { return call.caller.account.str(); }

// One snapshot.
template <class T>
Result<T> read(Core& core, FunctionRef<Result<T>(store::Reader&)> body) {
  std::optional<T> out;
  LAPWING_CHECK(core.store.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(out, body(reader));
    return {};
  }));
  return *std::move(out);
}

// One transaction; `body` may run more than once.
template <class T>
Result<T> change(Core& core, FunctionRef<Result<T>(store::Txn&)> body) {
  std::optional<T> out;
  const auto written = core.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(out, body(txn));
    return {};
  });
  core.changed(written);
  LAPWING_CHECK(written);
  return *std::move(out);
}

inline Status change(Core& core, FunctionRef<Status(store::Txn&)> body) {
  const auto written = core.store.transact(body);
  core.changed(written);
  LAPWING_CHECK(written);
  return {};
}

}  // namespace lapwing::iam

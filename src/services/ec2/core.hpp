// What the operations work on, and how they read and change records: each change is one
// transaction, each answer is of one snapshot. The first one who asks about an account's region
// finds its default VPC there.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "aws/call.hpp"
#include "aws/scope.hpp"
#include "base/function_ref.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hosting/ports.hpp"
#include "ports/networks.hpp"
#include "store/store.hpp"

namespace lapwing::ec2 {

using GroupChanged = ports::Networks::Changed;

struct Core {
  store::Store& store;
  Random& random;
  const hosting::Ports& ports;
  GroupChanged group_changed{};

  // "vpc-0a1b2c3d4e5f60718".
  std::string new_id(std::string_view kind) {
    return std::string(kind) + "-0" + random_hex(random, 16);
  }
  bool in_use(const aws::Scope& scope, std::string_view id) const {
    return ports.network_users != nullptr &&
           ports.network_users->uses(scope.account, scope.region, id);
  }
  void tell_changed(const aws::Scope& scope, const std::string& group) {
    if (group_changed) group_changed(scope.account, scope.region, group);
  }
};

// Makes the default VPC of an account's region that nobody has looked at before.
Status open_region(Core& core, const aws::Scope& scope);

template <class T>
Result<T> read(Core& core, const aws::Scope& scope, FunctionRef<Result<T>(store::Reader&)> body) {
  LAPWING_CHECK(open_region(core, scope));
  std::optional<T> out;
  LAPWING_CHECK(core.store.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(out, body(reader));
    return {};
  }));
  return *std::move(out);
}

// `body` may run more than once.
template <class T>
Result<T> change(Core& core, const aws::Scope& scope, FunctionRef<Result<T>(store::Txn&)> body) {
  LAPWING_CHECK(open_region(core, scope));
  std::optional<T> out;
  LAPWING_CHECK(core.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(out, body(txn));
    return {};
  }));
  return *std::move(out);
}

}  // namespace lapwing::ec2

// Reserved and provisioned concurrency of all functions: kept in memory as stored, added up for
// each account and region, and turned into what the engine is to do. Aliases are followed: when
// one is pointed at another version, or a version becomes active, the plan is made again.
//
// Thread-safety: any thread. Changes are made one after another, so that what the account has
// left is right when a change is checked against it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "engine/plan.hpp"
#include "engine/scaling.hpp"
#include "services/lambda/alias_record.hpp"
#include "services/lambda/concurrency_record.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {

class Catalog;
class Repository;

// How far a configuration is, over the versions it leads to.
struct ProvisionedProgress {
  std::uint32_t ready = 0;
  engine::ProvisionState::Trouble trouble = engine::ProvisionState::Trouble::kNone;
};

class Concurrency {
 public:
  // All outlive it.
  Concurrency(Repository& functions, const Catalog& catalog, engine::Scaling& scaling,
              std::uint32_t account_limit);

  // Reads everything and tells the engine. After the catalog was loaded.
  Status load();

  ConcurrencyRecord find(const FunctionKey& key) const;
  // What functions without a reservation share, and what they would if this one had nothing.
  std::uint32_t unreserved(const AccountId& account, const Region& region) const;

  // Changes the settings of a function in one transaction. `change` may run more than once; it
  // gets the record as it is and what the account would have left without it.
  using Change = FunctionRef<Status(RecordTxn& txn, ConcurrencyRecord& record, std::uint64_t left)>;
  Result<ConcurrencyRecord> change(const FunctionKey& key, Change change);

  // The function, a version or an alias of it has changed in the store and in the catalog.
  Status refresh(const FunctionKey& key);

  ProvisionedProgress progress(const FunctionKey& key, const std::string& qualifier) const;

 private:
  using Region2 = std::pair<AccountId, Region>;

  // Both with mutex_ held.
  void take_over(ConcurrencyRecord record);
  void tell(const ConcurrencyRecord& record);

  std::optional<AliasTarget> target_of(const FunctionKey& key, const std::string& qualifier) const;
  std::uint32_t left(std::uint64_t claimed) const;

  Repository& functions_;
  const Catalog& catalog_;
  engine::Scaling& scaling_;
  std::uint32_t account_limit_;
  mutable std::mutex mutex_;
  std::map<FunctionKey, ConcurrencyRecord> records_;  // those with any setting
  std::map<Region2, std::uint64_t> claimed_;
};

}  // namespace lapwing::lambda

#include "services/lambda/concurrency.hpp"

#include <algorithm>
#include <cmath>

#include "services/lambda/catalog.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/repository.hpp"

namespace lapwing::lambda {

namespace {

// The versions a configuration leads to, each with its share. A weighted alias divides its
// environments as it divides invocations.
std::map<std::uint64_t, std::uint32_t> divide(const AliasTarget& target, std::uint32_t count) {
  std::map<std::uint64_t, std::uint32_t> out;
  std::uint32_t additional = 0;
  if (target.additional) {
    additional = static_cast<std::uint32_t>(std::lround(count * target.additional->weight));
    additional = std::min(additional, count);
    if (additional > 0) out[target.additional->version] += additional;
  }
  if (count > additional) out[target.version] += count - additional;
  return out;
}

}  // namespace

Concurrency::Concurrency(Repository& functions, const Catalog& catalog, engine::Scaling& scaling,
                         std::uint32_t account_limit)
    : functions_(functions), catalog_(catalog), scaling_(scaling), account_limit_(account_limit) {}

Status Concurrency::load() {
  const std::lock_guard lock(mutex_);
  records_.clear();
  claimed_.clear();
  return functions_.for_each_concurrency([&](ConcurrencyRecord& record) -> Status {
    take_over(std::move(record));
    return {};
  });
}

ConcurrencyRecord Concurrency::find(const FunctionKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(key);
  if (found != records_.end()) return found->second;
  ConcurrencyRecord none;
  none.key = key;
  return none;
}

std::uint32_t Concurrency::left(std::uint64_t claimed) const {
  return claimed >= account_limit_ ? 0 : static_cast<std::uint32_t>(account_limit_ - claimed);
}

std::uint32_t Concurrency::unreserved(const AccountId& account, const Region& region) const {
  const std::lock_guard lock(mutex_);
  const auto found = claimed_.find({account, region});
  return left(found == claimed_.end() ? 0 : found->second);
}

Result<ConcurrencyRecord> Concurrency::change(const FunctionKey& key, Change change) {
  const std::lock_guard lock(mutex_);
  const auto before = records_.find(key);
  const std::uint64_t own = before == records_.end() ? 0 : before->second.claimed();
  const auto claimed = claimed_.find({key.account, key.region});
  const std::uint64_t without = left(claimed == claimed_.end() ? 0 : claimed->second - own);
  ConcurrencyRecord written;
  LAPWING_CHECK(functions_.transact([&](RecordTxn& txn) -> Status {
    LAPWING_TRY(ConcurrencyRecord record, txn.find_concurrency(key));
    LAPWING_TRY(const std::optional<FunctionRecord> function, txn.find(key));
    if (!function) return fail(errors::function_not_found(function_arn(key)));
    LAPWING_CHECK(change(txn, record, without));
    LAPWING_CHECK(txn.put(record));
    written = std::move(record);
    return {};
  }));
  take_over(written);
  return written;
}

Status Concurrency::refresh(const FunctionKey& key) {
  const std::lock_guard lock(mutex_);
  if (!records_.contains(key)) return {};
  ConcurrencyRecord record;
  LAPWING_CHECK(functions_.read([&](Records& records) -> Status {
    LAPWING_TRY(record, records.find_concurrency(key));
    return {};
  }));
  take_over(std::move(record));
  return {};
}

void Concurrency::take_over(ConcurrencyRecord record) {
  const FunctionKey key = record.key;
  std::uint64_t& claimed = claimed_[{key.account, key.region}];
  if (const auto before = records_.find(key); before != records_.end()) {
    claimed -= before->second.claimed();
  }
  claimed += record.claimed();
  scaling_.set_unreserved(key.account, key.region, left(claimed));
  if (claimed == 0) claimed_.erase({key.account, key.region});
  tell(record);
  if (record.empty()) {
    records_.erase(key);
  } else {
    records_.insert_or_assign(key, std::move(record));
  }
}

void Concurrency::tell(const ConcurrencyRecord& record) {
  engine::FunctionPlan plan;
  plan.account = record.key.account;
  plan.region = record.key.region;
  plan.arn = function_arn(record.key);
  plan.reserved = record.reserved;
  std::map<std::uint64_t, std::uint32_t> counts;
  for (const auto& [qualifier, config] : record.provisioned) {
    const std::optional<AliasTarget> target = target_of(record.key, qualifier);
    if (!target) continue;
    for (const auto& [version, count] : divide(*target, config.requested)) {
      counts[version] += count;
    }
  }
  for (const auto& [version, count] : counts) {
    // Not active yet: the plan is made again when it is.
    if (runtime::FunctionVersionPtr snapshot = catalog_.version(record.key, version)) {
      plan.provisioned.push_back({std::move(snapshot), count});
    }
  }
  scaling_.plan(std::move(plan));
}

std::optional<AliasTarget> Concurrency::target_of(const FunctionKey& key,
                                                  const std::string& qualifier) const {
  if (const std::optional<std::uint64_t> version = parse_version(qualifier)) {
    return AliasTarget{*version, std::nullopt};
  }
  return catalog_.alias(key, qualifier);
}

ProvisionedProgress Concurrency::progress(const FunctionKey& key,
                                          const std::string& qualifier) const {
  ProvisionedProgress out;
  const ConcurrencyRecord record = find(key);
  const auto config = record.provisioned.find(qualifier);
  const std::optional<AliasTarget> target = target_of(key, qualifier);
  if (config == record.provisioned.end() || !target) return out;
  for (const auto& [version, count] : divide(*target, config->second.requested)) {
    const auto state = scaling_.provisioned(function_arn(key), version_name(version));
    if (!state) continue;
    out.ready += std::min(count, state->ready);
    if (out.trouble == engine::ProvisionState::Trouble::kNone) out.trouble = state->trouble;
  }
  return out;
}

}  // namespace lapwing::lambda

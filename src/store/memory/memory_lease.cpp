#include <algorithm>

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"

namespace lapwing::store::memory {
namespace {

class MemoryLease final : public Lease {
 public:
  explicit MemoryLease(Core& core) : core_(&core) {}

  Result<LeaseGrant> acquire(std::string_view name, std::string_view owner, Duration ttl) override {
    LAPWING_CHECK(core_->check_open());
    LAPWING_CHECK(check_lease(name, owner, ttl));
    const std::scoped_lock lock(core_->mutex);
    const std::int64_t now = core_->time.now_ns();
    HeldLease& held = core_->state.leases[std::string(name)];
    const bool current = held.until_ns > now;
    if (current && held.owner != owner) return fail(held_lease_error(name, held.owner));
    if (!current) ++held.epoch;
    held.owner = owner;
    held.until_ns = now + ttl.count();
    return LeaseGrant{held.epoch, ttl};
  }

  Result<LeaseGrant> renew(std::string_view name, std::uint64_t epoch, Duration ttl) override {
    LAPWING_CHECK(core_->check_open());
    LAPWING_CHECK(check_lease(name, "-", ttl));
    const std::scoped_lock lock(core_->mutex);
    LAPWING_TRY(HeldLease* const held, find(name, epoch));
    held->until_ns = core_->time.now_ns() + ttl.count();
    return LeaseGrant{epoch, ttl};
  }

  Status release(std::string_view name, std::uint64_t epoch) override {
    LAPWING_CHECK(core_->check_open());
    const std::scoped_lock lock(core_->mutex);
    LAPWING_TRY(HeldLease* const held, find(name, epoch));
    held->until_ns = 0;
    return {};
  }

  Result<std::vector<LeaseInfo>> list(std::string_view prefix) override {
    const std::scoped_lock lock(core_->mutex);
    const std::int64_t now = core_->time.now_ns();
    std::vector<LeaseInfo> out;
    for (auto at = core_->state.leases.lower_bound(prefix);
         at != core_->state.leases.end() && at->first.starts_with(prefix); ++at) {
      if (at->second.until_ns <= now) continue;
      out.push_back(
          {at->first, at->second.owner, at->second.epoch, Duration(at->second.until_ns - now)});
    }
    return out;
  }

  Result<std::uint64_t> acquire_amount(std::string_view name, std::string_view owner,
                                       std::uint64_t amount, std::uint64_t limit,
                                       Duration ttl) override {
    LAPWING_CHECK(core_->check_open());
    LAPWING_CHECK(check_lease(name, owner, ttl));
    const std::scoped_lock lock(core_->mutex);
    const std::int64_t now = core_->time.now_ns();
    auto& budgets = core_->state.budgets;
    std::uint64_t others = 0;
    for (auto at = budgets.lower_bound({std::string(name), ""});
         at != budgets.end() && at->first.first == name; ++at) {
      if (at->first.second != owner && at->second.until_ns > now) others += at->second.amount;
    }
    const std::uint64_t granted = std::min(amount, limit - std::min(limit, others));
    const std::pair<std::string, std::string> key{name, owner};
    if (granted == 0) {
      budgets.erase(key);
    } else {
      budgets[key] = {granted, now + ttl.count()};
    }
    return granted;
  }

 private:
  Result<HeldLease*> find(std::string_view name, std::uint64_t epoch) {
    const auto found = core_->state.leases.find(name);
    if (found == core_->state.leases.end() || found->second.epoch != epoch ||
        found->second.until_ns <= core_->time.now_ns()) {
      return fail(stale_lease_error(name));
    }
    return &found->second;
  }

  Core* core_;
};

}  // namespace

std::unique_ptr<Lease> make_lease(Core& core) { return std::make_unique<MemoryLease>(core); }

}  // namespace lapwing::store::memory

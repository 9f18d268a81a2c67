#include "engine/admission.hpp"

#include <algorithm>
#include <string>

namespace lapwing::engine {
namespace {

std::string_view reason_of(Throttle reason) {
  switch (reason) {
    case Throttle::kReserved:
      return "ReservedFunctionConcurrentInvocationLimitExceeded";
    case Throttle::kReservedRate:
      return "ReservedFunctionInvocationRateLimitExceeded";
    case Throttle::kScalingRate:
      return "FunctionInvocationRateLimitExceeded";
    case Throttle::kAccount:
    case Throttle::kMachine:
      break;
  }
  return "ConcurrentInvocationLimitExceeded";
}

}  // namespace

Error throttled(Throttle reason) {
  return Error(ErrorKind::kThrottled, "TooManyRequestsException", "Rate Exceeded.")
      .with_status(429)
      .with_field("Reason", std::string(reason_of(reason)));
}

Admission::Entry& Admission::entry(const AccountId& account, const Region& region) {
  const std::pair key(account, region);
  const auto found = accounts_.find(key);
  if (found != accounts_.end()) return found->second;
  if (accounts_.size() >= accounts_max_) {
    std::erase_if(accounts_, [&](const auto& each) { return !each.second.needed(limit_); });
    accounts_max_ = std::max(kAccountsMin, 2 * accounts_.size());
  }
  return accounts_.emplace(key, Entry{{}, limit_}).first->second;
}

std::shared_ptr<Account> Admission::account(const AccountId& account, const Region& region) {
  const std::scoped_lock lock(mutex_);
  Entry& kept = entry(account, region);
  std::shared_ptr<Account> out = kept.running.lock();
  if (out == nullptr) {
    out = std::make_shared<Account>(kept.unreserved);
    kept.running = out;
  }
  return out;
}

void Admission::set_unreserved(const AccountId& account, const Region& region,
                               std::uint32_t limit) {
  const std::scoped_lock lock(mutex_);
  Entry& kept = entry(account, region);
  kept.unreserved = limit;
  if (const auto running = kept.running.lock()) running->set_unreserved(limit);
}

std::size_t Admission::accounts() const {
  const std::scoped_lock lock(mutex_);
  return accounts_.size();
}

Ticket::Ticket(Load& load, Kind kind) : load_(&load), kind_(kind) {
  ++(kind == Kind::kProvisioned ? load.provisioned_in_flight : load.on_demand_in_flight);
  load.stats->in_flight.add();
}

void Ticket::release() {
  if (load_ == nullptr) return;
  Load& load = *std::exchange(load_, nullptr);
  --(kind_ == Kind::kProvisioned ? load.provisioned_in_flight : load.on_demand_in_flight);
  load.stats->in_flight.sub();
  if (kind_ == Kind::kUnreserved) load.account->leave();
}

std::expected<Ticket, Throttle> admit_on_demand(Load& load, std::uint32_t about_to_leave) {
  if (!load.reserved) {
    if (!load.account->enter(about_to_leave)) return std::unexpected(Throttle::kAccount);
    return Ticket(load, Ticket::Kind::kUnreserved);
  }
  const std::uint32_t provisioned = std::min(load.provisioned, *load.reserved);
  const std::uint32_t limit = *load.reserved - provisioned;
  if (limit == 0 || load.on_demand_in_flight >= limit + about_to_leave) {
    return std::unexpected(Throttle::kReserved);
  }
  return Ticket(load, Ticket::Kind::kReserved);
}

bool admit_request(Load& load, const EngineOptions& options, MonoTime now) {
  if (!load.reserved || *load.reserved == 0 || options.requests_per_concurrency == 0) return true;
  const std::uint64_t a_second = std::min<std::uint64_t>(
      std::uint64_t{*load.reserved} * options.requests_per_concurrency, kRequestRateMax);
  return load.requests.take(now, static_cast<std::uint32_t>(a_second), std::chrono::seconds(1));
}

}  // namespace lapwing::engine

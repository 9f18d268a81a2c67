#include "engine/admission.hpp"

namespace lapwing::engine {

Error throttled(std::string_view reason) {
  return Error(ErrorKind::kThrottled, "TooManyRequestsException", "Rate Exceeded.")
      .with_status(429)
      .with_field("Reason", std::string(reason));
}

Result<Admission::Ticket> Admission::enter(const AccountId& account, const Region& region) {
  std::atomic<std::uint32_t>* counter = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    auto& slot = counters_[Key(account, region)];
    if (!slot) slot = std::make_unique<std::atomic<std::uint32_t>>(0);
    counter = slot.get();
  }
  if (counter->fetch_add(1, std::memory_order_relaxed) >= limit_) {
    counter->fetch_sub(1, std::memory_order_relaxed);
    return fail(throttled("ConcurrentInvocationLimitExceeded"));
  }
  return Ticket(counter);
}

std::uint32_t Admission::in_flight(const AccountId& account, const Region& region) const {
  const std::scoped_lock lock(mutex_);
  const auto found = counters_.find(Key(account, region));
  return found == counters_.end() ? 0 : found->second->load();
}

}  // namespace lapwing::engine

#include "http/budget.hpp"

namespace lapwing::http {

Charge Budget::charge(const CallerId& caller) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<ByteBudget> of(std::shared_ptr<void>(), caller.inside ? &inside_ : &whole_);
  // One function leaves something of what all have together.
  const std::uint64_t least = caller.inside ? least_each_ - least_each_ / 8 : least_each_;
  const std::uint64_t key = 2 * caller.hash + (caller.inside ? 1 : 0);
  of = share(key, least, std::move(of));
  if (least_part_ != 0 && caller.part != 0) {
    // A multiplier, so that the same function of two callers has two keys.
    of = share((key + 1) * 0x9e3779b97f4a7c15u ^ caller.part, least_part_, std::move(of));
  }
  if (known_.size() >= forget_at_) {
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    forget_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }
  return Charge(std::move(of));
}

std::shared_ptr<ByteBudget> Budget::share(std::uint64_t key, std::uint64_t least,
                                          std::shared_ptr<ByteBudget> of) {
  std::weak_ptr<ByteBudget>& known = known_[key];
  std::shared_ptr<ByteBudget> found = known.lock();
  if (!found) {
    found = std::make_shared<ByteBudget>(least, std::move(of));
    known = found;
  }
  return found;
}

}  // namespace lapwing::http

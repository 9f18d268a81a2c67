#include "http/budget.hpp"

#include <algorithm>

namespace lapwing::http {

std::shared_ptr<ByteBudget> CallerShares::of(CallerId caller) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<ByteBudget>& known = known_[caller];
  std::shared_ptr<ByteBudget> share = known.lock();
  if (!share) {
    share = std::make_shared<ByteBudget>(limit_each_);
    known = share;
  }
  if (known_.size() >= forget_at_) {
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    forget_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }
  return share;
}

}  // namespace lapwing::http

#include "engine/plan.hpp"

namespace lapwing::engine {

void ProvisionBoard::set(const std::string& key, const ProvisionState& state) {
  const std::scoped_lock lock(mutex_);
  states_[key] = state;
}

void ProvisionBoard::erase(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  states_.erase(key);
}

std::optional<ProvisionState> ProvisionBoard::find(const std::string& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = states_.find(key);
  if (found == states_.end()) return std::nullopt;
  return found->second;
}

}  // namespace lapwing::engine

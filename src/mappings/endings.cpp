#include "mappings/endings.hpp"

namespace lapwing::mappings {

void Endings::begin(background::Task& task) {
  const std::scoped_lock lock(mutex_);
  task_ = &task;
}

void Endings::stop() {
  const std::scoped_lock lock(mutex_);
  task_ = nullptr;
}

bool Endings::ended(Pollers& pollers, const std::string& id) {
  {
    const std::scoped_lock lock(mutex_);
    const auto [found, first] = by_id_.emplace(id, false);
    if (!first) return found->second;
  }
  pollers.stop(id, [self = shared_from_this(), id] {
    const std::scoped_lock lock(self->mutex_);
    self->by_id_[id] = true;
    if (self->task_ != nullptr) self->task_->notify();
  });
  return false;
}

bool Endings::waits(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = by_id_.find(id);
  return found != by_id_.end() && !found->second;
}

void Endings::forget(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  by_id_.erase(id);
}

}  // namespace lapwing::mappings

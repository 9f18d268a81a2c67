#include "store/queue_signals.hpp"

#include <algorithm>

namespace lapwing::store {

Subscription QueueSignals::subscribe(std::string_view queue, Listener& listener) {
  const std::scoped_lock lock(waiting_mutex_);
  Entry& entry = waiting_.try_emplace(std::string(queue), *this, queue).first->second;
  entry.listeners.push_back(&listener);
  return {entry, listener};
}

void QueueSignals::remove(Entry& entry, Listener& listener) {
  const std::scoped_lock lock(waiting_mutex_);
  const auto found = std::ranges::find(entry.listeners, &listener);
  if (found != entry.listeners.end()) entry.listeners.erase(found);
  if (!entry.listeners.empty()) return;
  // A queue that nobody waits for costs nothing.
  waiting_.erase(waiting_.find(entry.queue));
}

bool QueueSignals::note_due(std::string_view queue, std::int64_t at_ns) {
  const std::scoped_lock lock(due_mutex_);
  const auto found = due_.find(queue);
  if (found != due_.end()) {
    if (found->second <= at_ns) return false;
    by_time_.erase({found->second, found->first});
    found->second = at_ns;
    by_time_.emplace(at_ns, found->first);
  } else {
    due_.emplace(queue, at_ns);
    by_time_.emplace(at_ns, queue);
  }
  return by_time_.begin()->second == queue;
}

void QueueSignals::apply(const QueueEffects& effects) {
  if (effects.empty()) return;
  bool earlier = false;
  for (const auto& [queue, effect] : effects.queues()) {
    if (effect.due_ns != QueueEffects::kNever) earlier |= note_due(queue, effect.due_ns);
  }
  {
    const std::scoped_lock lock(waiting_mutex_);
    if (!waiting_.empty()) {
      for (const auto& [queue, effect] : effects.queues()) {
        if (!effect.claimable) continue;
        const auto found = waiting_.find(queue);
        if (found == waiting_.end()) continue;
        for (Listener* listener : found->second.listeners) listener->on_signal();
      }
    }
  }
  if (earlier) due_changed_.raise();
  any_.raise();
}

std::optional<std::int64_t> QueueSignals::next_due_ns() const {
  const std::scoped_lock lock(due_mutex_);
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

std::vector<std::string> QueueSignals::take_due(std::int64_t now_ns) {
  const std::scoped_lock lock(due_mutex_);
  std::vector<std::string> out;
  while (!by_time_.empty() && by_time_.begin()->first <= now_ns) {
    out.push_back(by_time_.begin()->second);
    due_.erase(out.back());
    by_time_.erase(by_time_.begin());
  }
  return out;
}

std::size_t QueueSignals::subscribed_queues() const {
  const std::scoped_lock lock(waiting_mutex_);
  return waiting_.size();
}

}  // namespace lapwing::store

// Queue and its due source: what is asked outside a transaction.
#include <algorithm>

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"

namespace lapwing::store::memory {
namespace {

class MemoryQueue final : public Queue {
 public:
  MemoryQueue(Core& core, Store& store) : Queue(store), core_(&core) {}

  using Queue::claim;
  Result<ClaimResult> claim(const ClaimRequest& request) override {
    return change([&](QueueChange& queues) { return queues.claim(request); });
  }
  Result<std::uint64_t> purge(std::string_view queue) override {
    return change([&](QueueChange& queues) -> Result<std::uint64_t> {
      return queues.remove_if(queue, SIZE_MAX, [](const Message&) { return true; });
    });
  }
  Result<std::uint64_t> expire(std::string_view queue, Duration age) override {
    return change([&](QueueChange& queues) -> Result<std::uint64_t> {
      const std::int64_t now = queues.now();
      return queues.remove_if(queue, kQueueRemovalStep, [&](const Message& message) {
        return message.enqueued_ns < now - age.count() &&
               !(message.claimed && message.visible_ns > now);
      });
    });
  }
  Result<Peeked> peek(const Receipt& receipt) override {
    return change([&](QueueChange& queues) -> Result<Peeked> { return queues.peek(receipt); });
  }
  Result<std::vector<std::string>> names(std::string_view prefix, std::string_view after,
                                         std::size_t limit) override;
  Result<std::uint64_t> give_back(std::string_view queue) override;
  Result<QueueStats> stats(std::string_view queue) override;
  Result<QueueSize> size(std::string_view queue) override;
  Result<std::optional<Duration>> next_due(std::span<const std::string> queues) override;

  Subscription subscribe(std::string_view queue, Listener& listener) override {
    return core_->queues.subscribe(queue, listener);
  }
  Subscription subscribe(Listener& listener) override { return core_->queues.subscribe(listener); }
  Subscription watch_due(Listener& listener) override { return core_->queues.watch_due(listener); }

 private:
  template <class Change>
  auto change(Change body) -> decltype(body(std::declval<QueueChange&>())) {
    LAPWING_CHECK(core_->check_open());
    QueueEffects effects;
    auto out = [&] {
      const std::scoped_lock lock(core_->mutex);
      std::vector<Undo> undo;
      QueueChange queues(*core_, core_->state, undo);
      auto made = body(queues);
      effects = std::move(queues.effects);
      return made;
    }();
    if (out) core_->queues.apply(effects);
    return out;
  }
  Core* core_;
};

Result<std::vector<std::string>> MemoryQueue::names(std::string_view prefix, std::string_view after,
                                                    std::size_t limit) {
  LAPWING_CHECK(check_page(limit));
  const std::scoped_lock lock(core_->mutex);
  std::vector<std::string> out;
  const auto& queues = core_->state.queues;
  for (auto it = queues.lower_bound(std::max(prefix, after)); it != queues.end(); ++it) {
    if (!it->first.starts_with(prefix) || out.size() == limit) break;
    if (it->first > after) out.push_back(it->first);
  }
  return out;
}

Result<std::uint64_t> MemoryQueue::give_back(std::string_view queue) {
  return change(
      [&](QueueChange& queues) -> Result<std::uint64_t> { return queues.give_back(queue); });
}

Result<QueueStats> MemoryQueue::stats(std::string_view queue) {
  const std::scoped_lock lock(core_->mutex);
  const std::int64_t now = core_->time.now_ns();
  QueueStats out;
  const auto ids = core_->state.queues.find(queue);
  if (ids == core_->state.queues.end()) return out;
  for (const MessageId id : ids->second) {
    const Message& message = core_->state.messages.at(id);
    const bool visible = message.visible_ns <= now;
    ++(visible ? out.visible : message.claimed ? out.in_flight : out.delayed);
    const Duration age(now - message.enqueued_ns);
    out.oldest_age = std::max(out.oldest_age.value_or(age), age);
  }
  return out;
}

Result<QueueSize> MemoryQueue::size(std::string_view queue) {
  const std::scoped_lock lock(core_->mutex);
  QueueSize out;
  const auto ids = core_->state.queues.find(queue);
  if (ids == core_->state.queues.end()) return out;
  for (const MessageId id : ids->second) {
    ++out.messages;
    out.payload_bytes += core_->state.messages.at(id).request.payload.size();
  }
  return out;
}

Result<std::optional<Duration>> MemoryQueue::next_due(std::span<const std::string> queues) {
  const std::scoped_lock lock(core_->mutex);
  const std::int64_t now = core_->time.now_ns();
  std::optional<Duration> out;
  for (const std::string& queue : queues) {
    const auto ids = core_->state.queues.find(queue);
    if (ids == core_->state.queues.end()) continue;
    std::set<std::string> groups;
    for (const MessageId id : ids->second) {
      const Message& message = core_->state.messages.at(id);
      // An ordered group is due when its first message is.
      if (!message.request.group.empty() && message.request.grouping == Grouping::kOrdered &&
          !groups.insert(message.request.group).second) {
        continue;
      }
      const Duration wait(std::max<std::int64_t>(0, message.visible_ns - now));
      out = std::min(out.value_or(wait), wait);
    }
  }
  return out;
}

class MemoryDue final : public DueSource {
 public:
  explicit MemoryDue(Core& core) : core_(&core) {}

  Result<std::optional<MonoTime>> next_due() override {
    const auto at = core_->queues.next_due_ns();
    if (!at) return std::nullopt;
    return core_->time.mono_of(*at);
  }
  Status run_due() override {
    QueueEffects effects;
    {
      const std::scoped_lock lock(core_->mutex);
      const std::int64_t now = core_->time.now_ns();
      for (const std::string& queue : core_->queues.take_due(now)) {
        effects.claimable(queue);
        const auto ids = core_->state.queues.find(queue);
        if (ids == core_->state.queues.end()) continue;
        for (const MessageId id : ids->second) {
          const std::int64_t at = core_->state.messages.at(id).visible_ns;
          if (at > now) effects.due(queue, at);
        }
      }
    }
    core_->queues.apply(effects);
    return {};
  }

 private:
  Core* core_;
};

}  // namespace

std::unique_ptr<Queue> make_queue(Core& core, Store& store) {
  return std::make_unique<MemoryQueue>(core, store);
}
std::unique_ptr<DueSource> make_due(Core& core) { return std::make_unique<MemoryDue>(core); }

}  // namespace lapwing::store::memory

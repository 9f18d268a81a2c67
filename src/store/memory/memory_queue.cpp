#include <algorithm>

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"

namespace lapwing::store::memory {
namespace {

bool wanted(std::span<const std::string> queues, const std::string& queue) {
  return std::ranges::find(queues, queue) != queues.end();
}

// When the group can next be claimed: 0 when at once. Never before what is claimed of it is
// visible again, nor before its first message is.
std::int64_t group_due(const State& state, const Message& of, std::int64_t now) {
  std::int64_t due = 0;
  bool head = true;
  for (const auto& [id, message] : state.messages) {
    if (message.request.queue != of.request.queue || message.request.group != of.request.group) {
      continue;
    }
    if (head || (message.claimed && message.visible_ns > now)) {
      due = std::max(due, message.visible_ns);
    }
    head = false;
  }
  return due <= now ? 0 : due;
}

class MemoryQueue final : public Queue {
 public:
  explicit MemoryQueue(Core& core) : core_(&core) {}

  Result<Enqueued> enqueue(const EnqueueRequest& request, const TransactOptions& options) override;
  Result<std::vector<Claimed>> claim(std::span<const std::string> queues, std::size_t max,
                                     Duration visibility) override;
  Status extend(const Receipt& receipt, Duration visibility) override;
  Status complete(const Receipt& receipt) override;
  Status release(const Receipt& receipt, Duration delay) override;
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue) override;
  Result<std::uint64_t> purge(std::string_view queue) override;
  Result<QueueStats> stats(std::string_view queue) override;
  Result<std::optional<Duration>> next_due(std::span<const std::string> queues) override;
  Subscription subscribe(Listener& listener) override { return core_->queued.subscribe(listener); }

 private:
  Claimed take(MessageId id, Message& message, std::int64_t now, Duration visibility);
  Core* core_;
};

Result<Enqueued> MemoryQueue::enqueue(const EnqueueRequest& request,
                                      const TransactOptions& options) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_enqueue(request));
  if (core_->clock->mono() > options.deadline) return fail(timed_out_error());
  Enqueued done;
  {
    const std::scoped_lock lock(core_->mutex);
    EnqueueRequest keyed = request;
    // A retried enqueue and a deduplicated one are the same thing here.
    if (keyed.dedup_id.empty() && !options.idempotency_key.empty()) {
      keyed.dedup_id = "\x01" + options.idempotency_key;
    }
    done = enqueue_message(core_->state, keyed, core_->time.now_ns());
  }
  core_->queued.raise();
  return done;
}

Claimed MemoryQueue::take(MessageId id, Message& message, std::int64_t now, Duration visibility) {
  message.claimed = true;
  message.visible_ns = now + visibility.count();
  if (++message.attempts == 1) message.first_claim_ns = now;
  return {{id, message.attempts},
          message.request.queue,
          message.request.payload,
          message.request.group,
          message.attempts,
          Duration(now - message.enqueued_ns),
          Duration(now - message.first_claim_ns)};
}

Result<std::vector<Claimed>> MemoryQueue::claim(std::span<const std::string> queues,
                                                std::size_t max, Duration visibility) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_claim(queues, max, visibility));
  const std::scoped_lock lock(core_->mutex);
  State& state = core_->state;
  const std::int64_t now = core_->time.now_ns();
  std::vector<std::pair<std::int64_t, MessageId>> due;
  for (const auto& [id, message] : state.messages) {
    if (message.visible_ns <= now && wanted(queues, message.request.queue)) {
      due.emplace_back(message.visible_ns, id);
    }
  }
  std::ranges::sort(due);
  std::vector<Claimed> out;
  std::set<std::pair<std::string, std::string>> groups_done;
  for (const auto& [visible, id] : due) {
    if (out.size() == max) break;
    Message& message = state.messages.at(id);
    if (message.request.group.empty()) {
      out.push_back(take(id, message, now, visibility));
      continue;
    }
    if (!groups_done.emplace(message.request.queue, message.request.group).second) continue;
    if (group_due(state, message, now) != 0) continue;
    for (auto& [other_id, other] : state.messages) {
      if (other.request.queue != message.request.queue ||
          other.request.group != message.request.group) {
        continue;
      }
      // One that is not due holds back what stands behind it.
      if (other.visible_ns > now || out.size() == max) break;
      out.push_back(take(other_id, other, now, visibility));
    }
  }
  return out;
}

Status MemoryQueue::extend(const Receipt& receipt, Duration visibility) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_delay(visibility));
  const std::scoped_lock lock(core_->mutex);
  Message* message = find_claimed(core_->state, receipt);
  if (message == nullptr) return fail(late_receipt_error());
  message->visible_ns = core_->time.now_ns() + visibility.count();
  return {};
}

Status MemoryQueue::complete(const Receipt& receipt) {
  LAPWING_CHECK(core_->check_open());
  {
    const std::scoped_lock lock(core_->mutex);
    if (find_claimed(core_->state, receipt) == nullptr) return fail(late_receipt_error());
    core_->state.messages.erase(receipt.id);
  }
  core_->queued.raise();
  return {};
}

Status MemoryQueue::release(const Receipt& receipt, Duration delay) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_delay(delay));
  {
    const std::scoped_lock lock(core_->mutex);
    Message* message = find_claimed(core_->state, receipt);
    if (message == nullptr) return fail(late_receipt_error());
    message->claimed = false;
    message->visible_ns = core_->time.now_ns() + delay.count();
  }
  core_->queued.raise();
  return {};
}

Result<MessageId> MemoryQueue::move(const Receipt& receipt, std::string_view to_queue) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_enqueue({std::string(to_queue), ""}));
  MessageId id = 0;
  {
    const std::scoped_lock lock(core_->mutex);
    State& state = core_->state;
    Message* found = find_claimed(state, receipt);
    if (found == nullptr) return fail(late_receipt_error());
    Message message = std::move(*found);
    state.messages.erase(receipt.id);
    message.request.queue = to_queue;
    message.claimed = false;
    message.attempts = 0;
    message.visible_ns = core_->time.now_ns();
    id = ++state.last_message;
    state.messages.emplace(id, std::move(message));
  }
  core_->queued.raise();
  return id;
}

Result<std::uint64_t> MemoryQueue::purge(std::string_view queue) {
  LAPWING_CHECK(core_->check_open());
  const std::scoped_lock lock(core_->mutex);
  return std::erase_if(core_->state.messages,
                       [&](const auto& item) { return item.second.request.queue == queue; });
}

Result<QueueStats> MemoryQueue::stats(std::string_view queue) {
  const std::scoped_lock lock(core_->mutex);
  const std::int64_t now = core_->time.now_ns();
  QueueStats out;
  for (const auto& [id, message] : core_->state.messages) {
    if (message.request.queue != queue) continue;
    const bool visible = message.visible_ns <= now;
    ++(visible ? out.visible : message.claimed ? out.in_flight : out.delayed);
    const Duration age(now - message.enqueued_ns);
    out.oldest_age = std::max(out.oldest_age.value_or(age), age);
  }
  return out;
}

Result<std::optional<Duration>> MemoryQueue::next_due(std::span<const std::string> queues) {
  const std::scoped_lock lock(core_->mutex);
  const std::int64_t now = core_->time.now_ns();
  std::optional<Duration> out;
  for (const auto& [id, message] : core_->state.messages) {
    if (!wanted(queues, message.request.queue)) continue;
    const std::int64_t due =
        message.request.group.empty() ? message.visible_ns : group_due(core_->state, message, now);
    const Duration wait(std::max<std::int64_t>(0, due - now));
    out = std::min(out.value_or(wait), wait);
  }
  return out;
}

}  // namespace

Enqueued enqueue_message(State& state, const EnqueueRequest& request, std::int64_t now_ns) {
  if (!request.dedup_id.empty()) {
    std::erase_if(state.dedup, [&](const auto& item) { return item.second.until_ns <= now_ns; });
    const auto found = state.dedup.find({request.queue, request.dedup_id});
    if (found != state.dedup.end()) return {found->second.id, true};
  }
  const MessageId id = ++state.last_message;
  Message& message = state.messages[id];
  message.request = request;
  message.enqueued_ns = now_ns;
  message.visible_ns = now_ns + request.delay.count();
  if (!request.dedup_id.empty()) {
    state.dedup[{request.queue, request.dedup_id}] = {id, now_ns + Duration(kDedupWindow).count()};
  }
  return {id, false};
}

Message* find_claimed(State& state, const Receipt& receipt) {
  const auto found = state.messages.find(receipt.id);
  if (found == state.messages.end() || !found->second.claimed ||
      found->second.attempts != receipt.claim) {
    return nullptr;
  }
  return &found->second;
}

std::unique_ptr<Queue> make_queue(Core& core) { return std::make_unique<MemoryQueue>(core); }

}  // namespace lapwing::store::memory

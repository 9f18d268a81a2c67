#include "services/sqs/retention.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/limits.hpp"

namespace lapwing::sqs {

void Retention::begin(background::Runner& runner) {
  task_ = runner.when_due("sqs.retention", *this);
  for (const QueuePtr& queue : catalog_.all()) {
    queue->deleted() ? deleted(*queue) : changed(*queue);
  }
}

void Retention::deleted(const Queue& queue) {
  const auto age = clock_.wall() - wall_from_unix_ms(queue.deleted_ms);
  look(queue, clock_.mono() + std::max<Duration>(kDeletedFor - age, Duration::zero()));
}

void Retention::changed(const Queue& queue) {
  queue.live->aging.store(true);
  look(queue, clock_.mono());
}

void Retention::look(const Queue& queue, MonoTime at) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    const std::string key = queue.key();
    const auto [found, fresh] = due_.try_emplace(key, at);
    if (!fresh) {
      if (found->second <= at) return;
      by_time_.erase({found->second, key});
      found->second = at;
    }
    first = by_time_.emplace(at, key).first == by_time_.begin();
  }
  if (first) task_.notify();
}

Result<std::optional<MonoTime>> Retention::next_due() {
  const std::scoped_lock lock(mutex_);
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

Status Retention::run_due() {
  const MonoTime now = clock_.mono();
  std::vector<std::string> keys;
  {
    const std::scoped_lock lock(mutex_);
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
      keys.push_back(by_time_.begin()->second);
      due_.erase(keys.back());
      by_time_.erase(by_time_.begin());
    }
  }
  Status out;
  for (const std::string& key : keys) {
    const QueuePtr queue = catalog_.find_any(key);
    if (queue == nullptr) continue;
    if (Status done = queue->deleted() ? bury(*queue) : expire(*queue); !done) {
      look(*queue, now + background::kBackgroundRetry);
      out = std::move(done);
    }
  }
  return out;
}

Status Retention::bury(const Queue& queue) {
  if (clock_.wall() - wall_from_unix_ms(queue.deleted_ms) < kDeletedFor) {
    deleted(queue);
    return {};
  }
  LAPWING_CHECK(messages_.purge(queue.place));
  const auto gone = catalog_.change(queue.key(), [&](QueuePtr now) -> Result<QueuePtr> {
    // A queue of the same name may have been made meanwhile.
    const bool same = now != nullptr && now->place == queue.place;
    return same ? QueuePtr() : std::move(now);
  });
  if (!gone) return fail(gone.error());
  return {};
}

Status Retention::expire(const Queue& queue) {
  // A sender from now on is seen by what follows, or asks for another look.
  queue.live->aging.store(false);
  const Duration retention = retention_of(queue);
  while (true) {
    LAPWING_TRY(const store::QueueStats stats, messages_.stats(queue.place));
    if (!stats.oldest_age) return {};
    const bool due = *stats.oldest_age >= retention;
    std::uint64_t removed = 0;
    if (due) {
      LAPWING_TRY(removed, messages_.expire(queue.place, retention - std::chrono::nanoseconds(1)));
    }
    if (removed > 0) continue;
    if (!queue.live->aging.exchange(true)) {
      look(queue, clock_.mono() + (due ? kRetentionRetry : retention - *stats.oldest_age));
    }
    return {};
  }
}

}  // namespace lapwing::sqs

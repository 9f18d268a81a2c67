#include "mappings/pollers.hpp"

#include <functional>
#include <utility>
#include <vector>

#include "mappings/limits.hpp"
#include "mappings/queue_poller.hpp"
#include "mappings/stream_poller.hpp"

namespace lapwing::mappings {

void Alarms::set(MonoTime when, std::weak_ptr<Woken> whom) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = alarms_.emplace(when, std::move(whom)) == alarms_.begin();
  }
  if (first) task_.notify();
}

Result<std::optional<MonoTime>> Alarms::next_due() {
  const std::scoped_lock lock(mutex_);
  if (alarms_.empty()) return std::nullopt;
  return alarms_.begin()->first;
}

Status Alarms::run_due() {
  std::vector<std::weak_ptr<Woken>> due;
  {
    const MonoTime now = clock_.mono();
    const std::scoped_lock lock(mutex_);
    while (!alarms_.empty() && alarms_.begin()->first <= now) {
      due.push_back(std::move(alarms_.begin()->second));
      alarms_.erase(alarms_.begin());
    }
  }
  for (const auto& each : due) {
    if (const auto poller = each.lock()) poller->wake();
  }
  return {};
}

bool PollerShared::has_batches() const {
  return at_work.load(std::memory_order_relaxed) < kBatchesAtWork;
}

bool PollerShared::has_bytes() const {
  return bytes.load(std::memory_order_relaxed) + 2 * kReadBytesLeast <= kBytesAtWork;
}

void PollerShared::leave_batch() {
  --at_work;
  if (has_batches()) batch_line.wake_first();
}

void PollerShared::leave_bytes(std::size_t left) {
  if (left == 0) return;
  bytes -= left;
  if (has_bytes()) bytes_line.wake_first();
}

void PollerShared::pass_on() {
  if (draining) return;
  if (has_batches()) batch_line.wake_first();
  if (has_bytes()) bytes_line.wake_first();
}

Pollers::Pollers(const PollerNeeds& needs) : shared_(std::make_shared<PollerShared>(needs)) {
  shared_->alarms.begin(needs.background);
}

Pollers::~Pollers() { stop_all(); }

template <class OfKind, class Mapping>
void Pollers::start_one(const std::string& id, Mapping mapping,
                        std::shared_ptr<Consumer> consumer) {
  const std::scoped_lock lock(mutex_);
  if (shared_->draining) return;
  std::shared_ptr<Poller>& found = pollers_[id];
  if (found != nullptr) {
    auto& running = static_cast<OfKind&>(*found);
    return running.change(std::move(mapping), std::move(consumer));
  }
  net::LoopGroup& loops = shared_->needs.loops;
  net::Loop& loop = loops.at(std::hash<std::string>()(id) % loops.size());
  auto made = std::make_shared<OfKind>(shared_, loop, id, std::move(mapping), std::move(consumer));
  found = made;
  made->listen();
}

void Pollers::start(const std::string& id, QueueMapping mapping,
                    std::shared_ptr<Consumer> consumer) {
  start_one<QueuePoller>(id, std::move(mapping), std::move(consumer));
}

void Pollers::start(const std::string& id, StreamMapping mapping,
                    std::shared_ptr<Consumer> consumer) {
  start_one<StreamPoller>(id, std::move(mapping), std::move(consumer));
}

void Pollers::stop(const std::string& id, UniqueFunction<void()> done) {
  std::shared_ptr<Poller> found;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = pollers_.find(id);
    if (at != pollers_.end()) {
      found = std::move(at->second);
      pollers_.erase(at);
    }
  }
  if (found == nullptr) return done();
  found->end();
  found->stop(std::move(done));
}

void Pollers::wake(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = pollers_.find(id); at != pollers_.end()) at->second->consumer_changed();
}

std::optional<std::string> Pollers::last_result(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto at = pollers_.find(id);
  if (at == pollers_.end()) return std::nullopt;
  return at->second->last_result();
}

std::optional<PollerFacts> Pollers::facts(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto at = pollers_.find(id);
  if (at == pollers_.end()) return std::nullopt;
  return at->second->facts();
}

std::optional<Error> Pollers::trouble(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto at = pollers_.find(id);
  return at != pollers_.end() ? at->second->trouble() : std::nullopt;
}

void Pollers::drain() { shared_->draining = true; }

void Pollers::stop_all() {
  drain();
  shared_->alarms.stop();
  std::map<std::string, std::shared_ptr<Poller>> all;
  {
    const std::scoped_lock lock(mutex_);
    all.swap(pollers_);
  }
  for (const auto& [id, poller] : all) poller->end();
}

}  // namespace lapwing::mappings

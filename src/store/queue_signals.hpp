// Who waits for messages, and when time makes some of them claimable. Both engines tell it what a
// commit did to queues; it knows no messages itself.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/signal.hpp"

namespace lapwing::store {

// What one transaction did to queues.
class QueueEffects {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  struct Effect {
    bool claimable = false;        // something may have become so
    std::int64_t due_ns = kNever;  // by engine time: something else becomes so then
  };

  void claimable(std::string_view queue) { of(queue).claimable = true; }
  void due(std::string_view queue, std::int64_t at_ns) {
    Effect& effect = of(queue);
    if (at_ns < effect.due_ns) effect.due_ns = at_ns;
  }
  bool empty() const { return queues_.empty(); }
  const std::map<std::string, Effect, std::less<>>& queues() const { return queues_; }

 private:
  Effect& of(std::string_view queue) {
    const auto found = queues_.find(queue);
    return found != queues_.end() ? found->second : queues_[std::string(queue)];
  }
  std::map<std::string, Effect, std::less<>> queues_;
};

class QueueSignals {
 public:
  Subscription subscribe(std::string_view queue, Listener& listener);
  Subscription subscribe(Listener& listener) { return any_.subscribe(listener); }
  Subscription watch_due(Listener& listener) { return due_changed_.subscribe(listener); }

  // After the commit.
  void apply(const QueueEffects& effects);
  // The earliest instant of any queue.
  std::optional<std::int64_t> next_due_ns() const;
  // Takes the queues out whose instant is not after `now_ns`.
  std::vector<std::string> take_due(std::int64_t now_ns);
  void close() { any_.close(); }

  std::size_t subscribed_queues() const;

 private:
  class Entry final : public SignalSource {
   public:
    Entry(QueueSignals& owner, std::string_view name) : queue(name), owner_(&owner) {}
    void remove(Listener& listener) override { owner_->remove(*this, listener); }
    const std::string queue;
    std::vector<Listener*> listeners;

   private:
    QueueSignals* owner_;
  };

  void remove(Entry& entry, Listener& listener);
  // Whether it is now the earliest of all.
  bool note_due(std::string_view queue, std::int64_t at_ns);

  mutable std::mutex waiting_mutex_;  // held while listeners are called
  std::map<std::string, Entry, std::less<>> waiting_;

  mutable std::mutex due_mutex_;
  std::map<std::string, std::int64_t, std::less<>> due_;
  std::set<std::pair<std::int64_t, std::string>> by_time_;

  Signal any_;
  Signal due_changed_;
};

}  // namespace lapwing::store

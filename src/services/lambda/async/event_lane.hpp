// The events of one function that are at work, and how many that may be (event_queue.hpp).
//
// Thread-safety: on_signal() from any thread; everything else on the lane's loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "background/runner.hpp"
#include "base/crowd_limit.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/lambda/async/event_queue.hpp"
#include "services/lambda/async/invocation_record.hpp"
#include "store/queue.hpp"

namespace lapwing::lambda {

class EventLane final : public store::Listener, public std::enable_shared_from_this<EventLane> {
 public:
  EventLane(EventQueue& events, net::Loop& loop, std::string queue);

  // Before the first event: hears of the queue from here on.
  void listen();
  void on_signal() noexcept override;
  // Looks, on its loop, whether there is something to do.
  void wake();
  // Why the last attempt that was to be made again went wrong. Any thread.
  std::string last_reason() const {
    const std::lock_guard lock(reason_mutex_);
    return last_reason_;
  }

 private:
  // How an attempt went.
  struct Ending {
    NextStep next;
    std::uint32_t runs = 0;  // of the function, this one included
    std::optional<LastAnswer> answer;
    std::string reason;
  };

  // Tasks of their own keep the lane, from before their first step on: its function may be deleted.
  net::Task<void> work(std::shared_ptr<EventLane> self);
  net::Task<void> attempt(std::shared_ptr<EventLane> self, store::Claimed claimed);
  net::Task<void> run(const store::Claimed& claimed, Event event);
  net::Task<void> settle(const store::Claimed& claimed, Event event, const EventSettings& settings,
                         Ending ending);
  std::size_t room() const;
  void was_throttled();
  // `told`: somebody is told of its end.
  void note(const Event& event, const Ending& ending, bool told);
  std::optional<delivery::DeadEvent> dead_event(const Event& event, const EventSettings& settings,
                                                const Ending& ending) const;

  EventQueue& events_;
  const EventQueueNeeds& needs_;
  net::Loop& loop_;
  const std::string queue_;
  std::atomic<bool> signalled_{false};
  std::uint32_t at_work_ = 0;
  CrowdLimit crowd_;
  MonoTime paused_until_{};
  bool working_ = false;     // work() runs
  bool look_again_ = false;  // something came while it did
  background::Hold hold_;    // from a signal until it was looked at
  store::Subscription subscription_;
  mutable std::mutex reason_mutex_;
  std::string last_reason_;  // with the mutex
};

}  // namespace lapwing::lambda

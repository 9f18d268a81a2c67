// Wakes those who wait for the queues of a space when a delay or a visibility ends: drives
// Space::due() by the server's clock.
//
// Thread-safety: made and ended by one thread.
#pragma once

#include <string>

#include "background/runner.hpp"
#include "store/engine.hpp"

namespace lapwing::hosting {

class SpaceWaker final : private store::Listener {
 public:
  // `name` is the task's: "sqs.due". Space and runner outlive it.
  SpaceWaker(std::string name, store::Space& space, background::Runner& runner)
      : task_(runner.when_due(std::move(name), space.due())),
        watch_(space.queue().watch_due(*this)) {
    task_.notify();
  }

 private:
  void on_signal() noexcept override { task_.notify(); }

  background::Task task_;
  store::Subscription watch_;  // ends before the task it notifies
};

}  // namespace lapwing::hosting

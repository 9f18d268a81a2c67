// Moves a clock that stands still: what falls due in between happens at its own instant, in order.
//
//   ManualTime time(clock, runner);
//   time.advance(std::chrono::hours(24 * 7));   // answers when everything has settled
//
// Thread-safety: any thread; one advance() at a time, others wait.
#pragma once

#include <mutex>

#include "background/runner.hpp"
#include "base/clock.hpp"

namespace lapwing::hosting {

// A week of a task that runs every second is 604,800 steps; beyond this many the rest of the time
// passes at once.
inline constexpr std::size_t kStepsMax = 1'000'000;

class ManualTime {
 public:
  ManualTime(ManualClock& clock, background::Runner& runner) : clock_(clock), runner_(runner) {}

  WallTime now() const { return clock_.wall(); }

  void advance(Duration by) {
    const std::scoped_lock lock(mutex_);
    const MonoTime end = clock_.mono() + by;
    runner_.settle();
    for (std::size_t steps = 0; steps < kStepsMax; ++steps) {
      const auto due = runner_.next_due();
      if (!due || *due > end) break;
      if (*due > clock_.mono()) clock_.advance(*due - clock_.mono());
      runner_.settle();
    }
    if (end > clock_.mono()) clock_.advance(end - clock_.mono());
    runner_.settle();
  }

 private:
  ManualClock& clock_;
  background::Runner& runner_;
  std::mutex mutex_;
};

}  // namespace lapwing::hosting

// Moves a clock that stands still: what falls due in between happens at its own instant, in order.
//
//   ManualTime time(clock, runner, store);
//   time.advance(std::chrono::hours(24 * 7));   // answers when everything has settled
//
// Where the clock stands is kept in the store, so that it does not go back at a restart.
// Settled are the tasks of the Runner; what they have woken (a long poll, say) may still be on its
// way to its client.
//
// Thread-safety: any thread; one advance() at a time, a second one is kConflict.
#pragma once

#include <atomic>
#include <cstddef>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace lapwing::hosting {

// A week of a task that runs every second is 604,800 steps; beyond this many the rest of the time
// passes at once.
inline constexpr std::size_t kStepsMax = 1'000'000;

class ManualTime {
 public:
  ManualTime(ManualClock& clock, background::Runner& runner, store::Store& store)
      : clock_(clock), runner_(runner), store_(store) {}

  WallTime now() const { return clock_.wall(); }

  // Steps the clock to where it stood, if that is later. Before anything runs.
  Status load();
  Status advance(Duration by);
  // An advance() under way ends soon, and none begins.
  void stop() { stopping_ = true; }

 private:
  Status keep();

  ManualClock& clock_;
  background::Runner& runner_;
  store::Store& store_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
};

}  // namespace lapwing::hosting

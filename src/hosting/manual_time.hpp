// Moves a clock that stands still: what falls due in between happens at its own instant, in order.
//
//   ManualTime time(clock, runner, store);
//   time.advance(std::chrono::hours(24 * 7));   // answers when everything has settled
//
// Where the clock stands is kept in the store, so that it does not go back at a restart.
//
// Settled are the tasks of the Runner and the operations that they have woken (those that keep a
// background::Hold, as long polls do): these have answered or wait again, and what they answered
// was handed to their connections.
//
// It stops at the instants of due sources, in order; periodic tasks that fell due meanwhile run
// once at each stop, so that a year without anything to do is one step.
//
// Thread-safety: any thread, but the loops' own; one advance() at a time, a second one is
// kConflict.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "store/store.hpp"

namespace lapwing::hosting {

// A week of a source that is due every second is 604,800 steps; beyond this many the rest of the
// time passes at once.
inline constexpr std::size_t kStepsMax = 1'000'000;
// Time is counted in nanoseconds, which end in the year 2262; services add up to ten years
// (retention) to the present.
inline constexpr WallTime kClockEnd =
    std::chrono::sys_days(std::chrono::year(2250) / std::chrono::January / 1);

class ManualTime {
 public:
  // Operations run on `loops`, which outlive it, as all does that is given.
  ManualTime(ManualClock& clock, background::Runner& runner, store::Store& store,
             std::vector<net::Loop*> loops = {})
      : clock_(clock), runner_(runner), store_(store), loops_(std::move(loops)) {}

  WallTime now() const { return clock_.wall(); }

  // Steps the clock to where it stood, if that is later. Before anything runs.
  Status load();
  // kInvalid: backwards, or beyond kClockEnd.
  Status advance(Duration by);
  // An advance() under way ends soon, and none begins.
  void stop();

 private:
  // How many loops have still to come to what was posted to them.
  struct Round {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t left = 0;  // guarded by mutex
    bool over = false;     // guarded by mutex: nobody waits for the rest
  };

  Status keep();
  void settle();
  void go_round();

  ManualClock& clock_;
  background::Runner& runner_;
  store::Store& store_;
  std::vector<net::Loop*> loops_;
  std::uint64_t holds_seen_ = 0;  // by the advance() under way
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  std::mutex round_mutex_;
  std::shared_ptr<Round> round_;  // guarded by round_mutex_: while one is waited for
};

}  // namespace lapwing::hosting

// Moves a clock that stands still: what falls due in between happens at its own instant, in order.
//
//   ManualTime time(clock, runner, store);
//   time.advance(std::chrono::hours(24 * 7));   // answers when everything has settled
//
// Where the clock stands is kept in the store, so that it does not go back at a restart.
//
// It ends early where nobody waits for it any longer, and where something settles for too long:
// the clock stays where it came to.
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
#include <stop_token>
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

// Both in real time.
struct ManualTimeOptions {
  Duration settle_max = std::chrono::minutes(2);  // one instant settles
  Duration keep_every = std::chrono::seconds(1);  // while it is moved
};

class ManualTime {
 public:
  // Operations run on `loops`, which outlive it, as all does that is given.
  ManualTime(ManualClock& clock, background::Runner& runner, store::Store& store,
             std::vector<net::Loop*> loops = {}, const ManualTimeOptions& options = {})
      : clock_(clock),
        runner_(runner),
        store_(store),
        loops_(std::move(loops)),
        options_(options) {}

  WallTime now() const { return clock_.wall(); }

  // Steps the clock to where it stood, if that is later. Before anything runs.
  Status load();
  // kInvalid: backwards, or beyond kClockEnd. kCancelled after `stop`, kUnavailable where something
  // does not settle: both say how far it came.
  Status advance(Duration by, const std::stop_token& stop = {});
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
  // Steps to `end`.
  Status walk(MonoTime end, const std::stop_token& stop);
  Status settle(const std::stop_token& stop);
  void go_round(const std::stop_token& stop);
  // Why an advance() goes no further, if so.
  Status going_on(const std::stop_token& stop) const;

  ManualClock& clock_;
  background::Runner& runner_;
  store::Store& store_;
  std::vector<net::Loop*> loops_;
  const ManualTimeOptions options_;
  std::uint64_t holds_seen_ = 0;  // by the advance() under way
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  std::mutex round_mutex_;
  std::shared_ptr<Round> round_;  // guarded by round_mutex_: while one is waited for
};

}  // namespace lapwing::hosting

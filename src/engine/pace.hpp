// Pace: whether more of a function at once would still get more done, and whether an invocation is
// better off with one that is at work than with one more.
//
// Where runs take longer the more of them there are, and hundreds end each second, the processors
// are what they wait for: one more process at work then only takes time from the others, and one
// of those is free in a moment. Runs that wait for something else take as long however many there
// are, and are never crowded. How long a run takes in itself is seen while few are at work: among
// hundreds, all are slow.
//
// Where a run is over long before another environment would have started, and it seldom happens
// that an invocation finds all of them at work, that is chance: to wait for one of them is quicker,
// and spares a start that nobody needs afterwards. Where it happens often, more are needed.
//
// Thread-safety: one thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace lapwing::engine {

class Pace {
 public:
  // A run that ended now, how long it took, and whether no more were at work than the processors
  // can bear.
  void note(Duration run, MonoTime now, bool among_few) {
    runs_ = std::min(runs_ + 1, kMemory);
    interval_ += (std::min<Duration>(now - last_end_, kGapMax) - interval_) / kMemory;
    last_end_ = now;
    usual_ += (run - usual_) / runs_;
    // The shortest, which may have become longer since.
    if (run < best_) {
      best_ = run;
    } else if (among_few) {
      best_ += (run - best_) / kBestMemory;
    }
  }
  // An invocation came, and found all of them at work or not.
  void arrived(bool all_at_work) { met_ += ((all_at_work ? 1.0 : 0.0) - met_) / kMemory; }
  // One more was started, and how long it took.
  void started(Duration took) { start_ += (took - start_) / kStartMemory; }
  // How long one waits for one at work before another is started; zero: not at all.
  Duration patience(Duration most) const {
    const Duration start = std::min(start_, most);
    if (runs_ < kKnown || met_ > kSeldom || kQuicker * usual_ > start) return {};
    return std::min<Duration>(std::max<Duration>(kPatience * usual_, kPatienceMin), start);
  }
  bool crowded() const { return interval_ <= kOften && usual_ > kSlower * best_; }
  // Whether those at work have not all come to a stop.
  bool moves(MonoTime now) const { return now - last_end_ <= kWaitMin; }
  // When the one behind `ahead` others can expect an end of a run at the latest.
  Duration wait_for(std::size_t ahead) const {
    const Duration expected = interval_ * (kPatience * (static_cast<std::int64_t>(ahead) + 1));
    return std::clamp<Duration>(expected, kWaitMin, kWaitMax);
  }

 private:
  static constexpr Duration kGapMax = std::chrono::milliseconds(10);
  static constexpr Duration kOften = std::chrono::milliseconds(2);
  static constexpr Duration kWaitMin = std::chrono::milliseconds(5);
  static constexpr Duration kWaitMax = std::chrono::milliseconds(50);
  static constexpr int kSlower = 2;
  static constexpr std::int64_t kPatience = 4;
  static constexpr Duration kPatienceMin = std::chrono::milliseconds(1);
  static constexpr int kQuicker = 2;
  static constexpr int kKnown = 2;  // runs before anything is known
  static constexpr double kSeldom = 0.25;
  static constexpr int kStartMemory = 4;
  // Runs, about: enough for processes that get the processor in turn, some milliseconds each.
  static constexpr int kMemory = 64;
  static constexpr int kBestMemory = 1'024;

  Duration interval_ = kGapMax;  // between the ends of runs
  Duration usual_{};
  Duration best_ = std::chrono::hours(1);
  MonoTime last_end_{};
  int runs_ = 0;
  double met_ = 0;  // how often an invocation found all at work, of late
  Duration start_ = std::chrono::milliseconds(10);
};

}  // namespace lapwing::engine

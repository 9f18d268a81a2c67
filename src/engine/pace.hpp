// Pace: whether more of a function at once would still get more done.
//
// Where runs take longer the more of them there are, and hundreds end each second, the processors
// are what they wait for: one more process at work then only takes time from the others, and one
// of those is free in a moment. Runs that wait for something else take as long however many there
// are, and are never crowded.
//
// Thread-safety: one thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace lapwing::engine {

class Pace {
 public:
  // A run that ended now, and how long it took.
  void note(Duration run, MonoTime now) {
    interval_ += (std::min<Duration>(now - last_end_, kGapMax) - interval_) / kMemory;
    last_end_ = now;
    usual_ += (run - usual_) / kMemory;
    // The shortest, which may have become longer since.
    best_ = run < best_ ? run : best_ + (run - best_) / kBestMemory;
  }
  bool crowded() const { return interval_ <= kOften && usual_ > kSlower * best_; }
  // When the one behind `ahead` others can expect an end of a run at the latest.
  Duration wait_for(std::size_t ahead) const {
    const Duration expected = interval_ * static_cast<std::int64_t>(kPatience * (ahead + 1));
    return std::clamp<Duration>(expected, kWaitMin, kWaitMax);
  }

 private:
  static constexpr Duration kGapMax = std::chrono::milliseconds(10);
  static constexpr Duration kOften = std::chrono::milliseconds(2);
  static constexpr Duration kWaitMin = std::chrono::milliseconds(5);
  static constexpr Duration kWaitMax = std::chrono::milliseconds(50);
  static constexpr int kSlower = 2;
  static constexpr std::size_t kPatience = 4;
  // Runs, about: enough for processes that get the processor in turn, some milliseconds each.
  static constexpr int kMemory = 64;
  static constexpr int kBestMemory = 16'384;

  Duration interval_ = kGapMax;  // between the ends of runs
  Duration usual_{};
  Duration best_ = std::chrono::hours(1);
  MonoTime last_end_{};
};

}  // namespace lapwing::engine

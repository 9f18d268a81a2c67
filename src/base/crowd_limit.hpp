// How many runs of one function are worth having at once, learned from how long they take.
//
// More as long as runs take no longer for it than they did at best; half of it after a throttle;
// one less after a failure. Never less than one.
//
// Thread-safety: one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace lapwing {

class CrowdLimit {
 public:
  CrowdLimit(std::uint32_t begin, std::uint32_t most)
      : limit_(std::clamp<std::uint32_t>(begin, 1, most)), most_(most) {}

  std::uint32_t limit() const { return limit_; }
  // From now on.
  void set_most(std::uint32_t most) {
    most_ = std::max<std::uint32_t>(most, 1);
    limit_ = std::min(limit_, most_);
  }

  // One ended; `at_work` were, itself included.
  void ran(Duration took, std::uint32_t at_work) {
    const auto ns = static_cast<double>(took.count());
    usual_ns_ = usual_ns_ == 0 || ns < usual_ns_ ? ns : usual_ns_ * 0.99 + ns * 0.01;
    const auto least = static_cast<double>(Duration(kLeast).count());
    if (ns > usual_ns_ * kFactor + least) {
      lower();
    } else if (at_work >= limit_) {
      limit_ = std::min(limit_ + 1, most_);
    }
  }
  void lower() { limit_ = std::max<std::uint32_t>(1, limit_ - 1); }
  void halve() { limit_ = std::max<std::uint32_t>(1, limit_ / 2); }

 private:
  // Runs crowd each other where they take so much longer than they did at best.
  static constexpr double kFactor = 2.0;
  static constexpr auto kLeast = std::chrono::milliseconds(20);

  std::uint32_t limit_;
  std::uint32_t most_;
  double usual_ns_ = 0;  // how long runs take where they do not crowd each other
};

}  // namespace lapwing

// SpinPolicy: whether looking for events for a while before going to sleep pays off here.
//
// It does where answers mostly come back within that while: neither falling asleep nor waking up
// is paid then. Where they do not, it is the same sleep after a while of processor time for
// nothing, which whoever is to answer may have needed. So it is tried again and again, and done
// every time only while most tries succeed.
//
// Thread-safety: one thread.
#pragma once

#include <cstdint>

namespace lapwing::net {

class SpinPolicy {
 public:
  // Before each sleep: whether to look first.
  bool look_first() { return score_ >= kWorthwhile || ++sleeps_ % kTryEvery == 0; }
  // How that went.
  void note(bool came_in_time) {
    const std::int32_t target = came_in_time ? kAlways : 0;
    score_ += (target - score_) / kMemory;
  }

 private:
  static constexpr std::int32_t kAlways = 1024;
  static constexpr std::int32_t kWorthwhile = 640;
  static constexpr std::int32_t kMemory = 8;        // tries, about
  static constexpr std::uint32_t kTryEvery = 32;    // sleeps, while it is not worthwhile

  std::int32_t score_ = kAlways;
  std::uint32_t sleeps_ = 0;
};

}  // namespace lapwing::net

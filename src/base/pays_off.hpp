// PaysOff: whether something that costs a little every time, and gains something only when it
// succeeds, is worth doing here. It is done every time while most tries succeed, and otherwise
// once in a while, to see whether that has changed.
//
// Thread-safety: one thread.
#pragma once

#include <cstdint>

namespace lapwing {

class PaysOff {
 public:
  bool try_now() { return score_ >= kWorthwhile || ++chances_ % kTryEvery == 0; }
  // How a try went.
  void note(bool succeeded) {
    const std::int32_t target = succeeded ? kAlways : 0;
    score_ += (target - score_) / kMemory;
  }

 private:
  static constexpr std::int32_t kAlways = 1024;
  static constexpr std::int32_t kWorthwhile = 640;
  static constexpr std::int32_t kMemory = 8;      // tries, about
  static constexpr std::uint32_t kTryEvery = 32;  // chances, while it is not worthwhile

  std::int32_t score_ = kAlways;
  std::uint32_t chances_ = 0;
};

}  // namespace lapwing

// TokenBucket: at most `capacity` at once, refilled evenly over `period`, nothing saved up
// beyond that. Its whole state is one point in time, so limits may change between calls.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"

namespace lapwing::engine {

class TokenBucket {
 public:
  // False when there is none left, which changes nothing. A capacity of zero never has one.
  bool take(MonoTime now, std::uint32_t capacity, Duration period) {
    if (capacity == 0) return false;
    const MonoTime full_at = std::max(full_at_, now) + period / capacity;
    if (full_at > now + period) return false;
    full_at_ = full_at;
    return true;
  }
  // One that was taken and turned out not to be needed.
  void give_back(std::uint32_t capacity, Duration period) { full_at_ -= period / capacity; }
  bool full(MonoTime now) const { return full_at_ <= now; }

 private:
  MonoTime full_at_{};  // when it will have (or had) all its tokens again
};

}  // namespace lapwing::engine

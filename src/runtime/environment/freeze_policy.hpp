// When an idle environment is frozen: soon, but not one that is called again and again.
//
// Freezing and thawing cost more than a short rest saves. An environment that is thawed before
// its freeze has lasted kFreezeWorthwhile times the wait rests twice as long the next time; one
// that stays frozen starts again.
//
// Thread-safety: one thread.
#pragma once

#include <algorithm>

#include "base/clock.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {

class FreezePolicy {
 public:
  // From the last thing that happened in it.
  Duration wait() const { return wait_; }
  void frozen(MonoTime now) { since_ = now; }
  void thawed(MonoTime now) {
    const bool worthwhile = now - since_ >= kFreezeWorthwhile * wait_;
    wait_ = worthwhile ? kFreezeAfter : std::min<Duration>(2 * wait_, kFreezeAfterMax);
  }

 private:
  Duration wait_ = kFreezeAfter;
  MonoTime since_{};
};

}  // namespace lapwing::runtime

// TmpDebt: bytes that were taken and that a rate has not paid back yet.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/clock.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {

// How much of /tmp, in bytes a second, a sandbox may use, and all together; 0: as they like. What
// either may take at once besides.
struct TmpRates {
  std::uint64_t each = 0;
  std::uint64_t all = 0;
  std::uint64_t burst = kTmpBurstBytes;
};

// What has come of it.
struct TmpPauses {
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> total_ms{0};
};

class TmpDebt {
 public:
  void take(std::uint64_t bytes, std::uint64_t rate, MonoTime now) {
    bytes_ = left(rate, now) + static_cast<double>(bytes);
    at_ = now;
  }
  double left(std::uint64_t rate, MonoTime now) const {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    return std::max(0.0, bytes_ - seconds * static_cast<double>(rate));
  }
  // How long until no more than `burst` is left.
  Duration wait(std::uint64_t burst, std::uint64_t rate, MonoTime now) const {
    const double beyond = left(rate, now) - static_cast<double>(burst);
    if (rate == 0 || beyond <= 0) return Duration(0);
    const std::chrono::duration<double> wait(beyond / static_cast<double>(rate));
    // Longer than anybody is paused at a time is long enough to know.
    return wait > kTmpPauseMax ? Duration(kTmpPauseMax)
                               : std::chrono::duration_cast<Duration>(wait);
  }

 private:
  double bytes_ = 0;
  MonoTime at_{};
};

}  // namespace lapwing::sandbox

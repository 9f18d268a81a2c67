// The clock by which queues and leases run: it starts at the wall clock and then advances
// with the monotonic one, so a step of the wall clock moves nothing. An engine that lasts
// keeps the greatest time it wrote and starts from there, so time never goes back over a
// restart either.
//
// Thread-safety: any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"

namespace lapwing::store {

class EngineClock {
 public:
  explicit EngineClock(const Clock& clock, std::int64_t not_before_ns = 0)
      : clock_(&clock),
        offset_ns_(std::max(clock.wall().time_since_epoch().count(), not_before_ns) -
                   clock.mono().time_since_epoch().count()) {}

  std::int64_t now_ns() const { return clock_->mono().time_since_epoch().count() + offset_ns_; }
  MonoTime mono_of(std::int64_t ns) const { return MonoTime(Duration(ns - offset_ns_)); }

 private:
  const Clock* clock_;
  std::int64_t offset_ns_;
};

}  // namespace lapwing::store

// Time as a constructor parameter. Two clocks, never mixed: wall time is what users see
// (timestamps, deadlines they are told), monotonic time is what we wait by.
//
// Thread-safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace lapwing {

using Duration = std::chrono::nanoseconds;
// Wall clock, UTC, since the Unix epoch.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
// CLOCK_MONOTONIC.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

constexpr std::int64_t unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
constexpr WallTime wall_from_unix_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  MonoTime mono() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
};

// For tests: stands still until told. advance() moves both clocks; step_wall() moves only
// the wall clock, as an operator or NTP would.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = wall_from_unix_ms(1'700'000'000'000))
      : wall_ns_(start.time_since_epoch().count()), mono_ns_(1'000'000'000) {}
  WallTime wall() const override { return WallTime(Duration(wall_ns_.load())); }
  MonoTime mono() const override { return MonoTime(Duration(mono_ns_.load())); }
  void advance(Duration by) {
    wall_ns_ += by.count();
    mono_ns_ += by.count();
  }
  void step_wall(Duration by) { wall_ns_ += by.count(); }

 private:
  std::atomic<std::int64_t> wall_ns_;
  std::atomic<std::int64_t> mono_ns_;
};

}  // namespace lapwing

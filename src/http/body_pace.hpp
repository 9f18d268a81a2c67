// How slowly a body may come: a least rate, looked at window by window, a longest pause, and a
// whole time. For http/*.cpp only.
//
// Thread-safety: a plain value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"
#include "http/limits.hpp"

namespace lapwing::http {

class BodyPace {
 public:
  void begin() { begun_ = false; }
  // Before the socket is waited for: until when something must have come.
  MonoTime deadline(const Timeouts& timeouts, MonoTime now) {
    if (!begun_) {
      begun_ = true;
      started_ = window_ = now;
      in_window_ = whole_ = 0;
    }
    if (in_window_ >= timeouts.body_window_bytes) {
      window_ = now;
      in_window_ = 0;
    }
    return std::min(
        {now + timeouts.body_idle, window_ + timeouts.body_window, started_ + timeouts.body_whole});
  }
  MonoTime started() const { return started_; }
  void came(std::size_t bytes) {
    in_window_ += bytes;
    whole_ += bytes;
  }
  // So far it has come more slowly than the least rate.
  bool is_slow(const Timeouts& timeouts, MonoTime now) const {
    const double windows = std::chrono::duration<double>(now - started_) / timeouts.body_window;
    return static_cast<double>(whole_) < windows * static_cast<double>(timeouts.body_window_bytes);
  }
  // The time we did not read is not the client's.
  void held_back(Duration by) {
    started_ += by;
    window_ += by;
  }

 private:
  MonoTime started_{};
  MonoTime window_{};
  std::uint64_t in_window_ = 0;
  std::uint64_t whole_ = 0;
  bool begun_ = false;
};

}  // namespace lapwing::http

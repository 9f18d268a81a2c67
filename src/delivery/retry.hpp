// When a delivery that failed is tried again.
//
//   RetryPolicy policy = RetryPolicy::exponential({.first = 1s, .most = 5min, .attempts = 185,
//                                                  .age = 24h});
//   std::optional<Duration> wait = policy.next(failures, age, random);   // none: no more
//
// A policy is phases, one after another, each with a number of attempts and the delay before each:
// SNS's no-delay, min-delay, backoff and max-delay phases are four.
//
// Thread-safety: plain values; pure functions but for the randomness of jitter.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace lapwing::delivery {

// How delays grow from a phase's first to its last attempt. SNS names the four and shows their
// curves, without formulas: these are ours.
enum class Backoff : std::uint8_t {
  kLinear,       // by the same step each time
  kArithmetic,   // by steps that grow evenly: the first few attempts are closer together
  kGeometric,    // by the same factor each time, so that the last delay is `last`
  kExponential,  // doubled each time, and `last` once it is reached
};

struct RetryPhase {
  std::uint32_t attempts = 0;
  Duration first = Duration::zero();  // before its first attempt
  Duration last = Duration::zero();   // before its last; between them by `backoff`
  Backoff backoff = Backoff::kLinear;
};

class RetryPolicy {
 public:
  // Never again.
  RetryPolicy() = default;
  // `age_max` zero: any. `jitter`: up to this part of a delay is taken off (0..1).
  RetryPolicy(std::vector<RetryPhase> phases, Duration age_max, double jitter);

  struct Exponential {
    Duration first;
    Duration most;
    std::uint32_t attempts;  // after the first
    Duration age;
    double jitter = 0.5;
  };
  static RetryPolicy exponential(const Exponential& how);

  // How long to wait after the given number of failed attempts (from 1), `age` after the event was
  // accepted. None when they are used up, or when the next one would come after age_max.
  std::optional<Duration> next(std::uint32_t failures, Duration age, Random& random) const;
  bool too_old(Duration age) const { return age_max_ > Duration::zero() && age > age_max_; }
  std::uint32_t attempts() const;  // after the first

 private:
  std::vector<RetryPhase> phases_;
  Duration age_max_ = Duration::zero();
  double jitter_ = 0;
};

}  // namespace lapwing::delivery

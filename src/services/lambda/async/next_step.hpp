// What follows an attempt at an event: done, another attempt, or the end.
//
// Facts: Lambda developer guide, "How Lambda handles errors and retries with asynchronous
// invocation"; recorded answers. A function that fails is run again after one minute and after two;
// what throttles or is the platform's fault is tried again after 1 s to 5 min, as often as the
// event's age allows, and uses up no retry. Whether an event will be too old is asked before it
// waits.
//
// Thread-safety: pure functions but for the randomness of jitter.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace lapwing::lambda {

inline constexpr std::uint32_t kRetriesMax = 2;
inline constexpr auto kEventAgeMax = std::chrono::seconds(21'600);
inline constexpr auto kEventAgeLeast = std::chrono::seconds(60);
inline constexpr auto kBackoffFirst = std::chrono::seconds(1);
inline constexpr auto kBackoffMost = std::chrono::minutes(5);

// How an event ended, in the words of invocation records.
enum class Condition : std::uint8_t {
  kSuccess,
  kRetriesExhausted,
  kEventAgeExceeded,
  kZeroReservedConcurrency,
  kRecursiveInvocation,  // AWS's word for it in records is not known
};
std::string_view to_string(Condition condition);  // "RetriesExhausted"

// What is set of a function, a version or an alias.
struct RetryLimits {
  std::uint32_t retries = kRetriesMax;
  Duration age = kEventAgeMax;
};

struct NextStep {
  enum class Kind : std::uint8_t {
    kEnd,       // with `condition`
    kTryAgain,  // the function failed: counted, after `delay`
    kTryLater,  // it could not be run: not counted, after `delay`
  };
  Kind kind = Kind::kEnd;
  Condition condition = Condition::kSuccess;
  Duration delay = Duration::zero();
};

// The function ran. `failures`: how often it has failed, this time included.
NextStep after_run(bool failed, std::uint32_t failures, Duration age, const RetryLimits& limits);
// It could not be run. `refusals`: how often in a row, this time included.
NextStep after_refusal(std::uint32_t refusals, Duration age, const RetryLimits& limits,
                       Random& random);

}  // namespace lapwing::lambda

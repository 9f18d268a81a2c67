// Numbers of asynchronous invocation; those of AWS are in next_step.hpp and ../limits.hpp.
// Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::lambda {

// Events of one function at work: from so many on, as far as more get more done.
inline constexpr std::uint32_t kLaneBegin = 8;
inline constexpr std::uint32_t kLaneMost = 500;
// Of all functions. Half of what an account may have in flight: callers who wait come first.
inline constexpr std::uint32_t kEventsAtWork = 500;
// Payloads of events at work.
inline constexpr std::size_t kEventBytesAtWork = 64 * kMiB;
// Claimed at once.
inline constexpr std::size_t kEventClaim = 32;
// How long a claim lasts: longer than any run. A crash does not wait for it (give_back at start).
inline constexpr auto kEventClaimFor = std::chrono::hours(2);
// After a throttle no event of the function is begun for this long.
inline constexpr auto kPauseAfterThrottle = std::chrono::milliseconds(250);

}  // namespace lapwing::lambda

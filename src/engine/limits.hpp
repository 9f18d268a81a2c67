// Named limits of the engine; those in EngineOptions are defaults that the configuration
// changes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace lapwing::engine {

struct EngineOptions {
  // Concurrent executions of one account in one region, as AWS's default.
  std::uint32_t account_concurrency = 1'000;
  // Execution environments alive at once, and the sum of MemorySize of those at work.
  std::uint32_t environments_max = 1'000;
  std::uint64_t memory_mb_max = 16'384;
  // An idle environment goes away after this.
  Duration idle_timeout = std::chrono::minutes(10);
  // Environments being initialised at once.
  std::uint32_t starts_max = 32;
};

// How long an admitted invocation waits for the machine to have room before it is throttled.
inline constexpr Duration kRoomWaitMax = std::chrono::seconds(20);
// An environment whose answer is out is expected to ask for more within this; no other is
// started in its place before.
inline constexpr Duration kFinishExpected = std::chrono::milliseconds(10);
// How often idle environments are looked through.
inline constexpr Duration kSweepEvery = std::chrono::seconds(1);

}  // namespace lapwing::engine

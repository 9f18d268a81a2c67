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
  // Environments that one function may add in kScalingPeriod, as AWS; 0: any number.
  std::uint32_t scaling_rate = 1'000;
  // Requests a second for each reserved concurrent execution, as AWS; 0: any number.
  std::uint32_t requests_per_concurrency = 10;
  // Execution environments alive at once, and the sum of MemorySize of those at work.
  std::uint32_t environments_max = 3'000;
  std::uint64_t memory_mb_max = 16'384;
  // Idle environments go away while the machine has less memory available than this.
  std::uint64_t memory_reserve_mb = 0;
  // An idle environment goes away after this.
  Duration idle_timeout = std::chrono::minutes(10);
  // An environment older than this is not used again.
  Duration recycle_after = std::chrono::hours(4);
  // With as many of a function at work, further quick invocations wait for one of them rather than
  // for the processors (pace.hpp); 0: never.
  std::uint32_t running_enough = 0;
  // An invocation that finds all environments of a quick function at work waits this long at most
  // for one of them before another is started, where that seldom happens (pace.hpp); 0: never.
  Duration start_patience{};
  // Environments of all tenants of one function with tenant isolation.
  std::uint32_t tenant_environments_max = 2'500;
  // Environments being initialised at once.
  std::uint32_t starts_max = 32;
};

// A place that is held and not used is given back after so long.
inline constexpr auto kHoldMax = std::chrono::seconds(5);

// Of each thousand of an account's concurrency so many environments may be tenants', as on AWS; and
// this part of all environments there may be: tenants that come and go leave room for others.
inline constexpr std::uint64_t kTenantEnvironmentsPerThousand = 2'500;
inline constexpr std::uint32_t kTenantEnvironmentsPart = 2;
// How long an admitted invocation waits for the machine to have room before it is throttled.
inline constexpr Duration kRoomWaitMax = std::chrono::seconds(20);
// An environment whose answer is out is expected to ask for more within this; no other is
// started in its place before. About what a start takes: on a busy machine one that is a little
// late would otherwise be answered with another process that makes all of them later.
inline constexpr Duration kFinishExpected = std::chrono::milliseconds(30);
// How often idle environments are looked through, and how often while memory is short.
inline constexpr Duration kSweepEvery = std::chrono::seconds(1);
inline constexpr Duration kSweepUnderPressure = std::chrono::milliseconds(100);
// What an idle environment is taken to give back: an interpreter with little loaded.
inline constexpr std::uint64_t kIdleMemoryMb = 16;
// A function without any environment waits this long for room before one that has some
// gives one up.
inline constexpr Duration kFairPatience = std::chrono::seconds(1);
// How often it is seen whether something waits for the processors, where that matters.
inline constexpr Duration kProcessorsLookEvery = std::chrono::milliseconds(20);
// While more of a function are at work than the processors bear, every so many-th that ends rests.
inline constexpr std::uint32_t kFewerEvery = 4;
// While they bear all that are at work, with every so many-th run that ends one more is.
inline constexpr std::uint32_t kMoreEvery = 16;
// Of those who have waited long enough for one at work, so many get another at once, and the next
// after this: hundreds that start together are not quicker.
inline constexpr std::size_t kMoreAtOnce = 8;
inline constexpr Duration kMoreAgain = std::chrono::milliseconds(5);
// How long an invocation is content to wait for one at work, though they end one after the other.
inline constexpr Duration kContentMax = std::chrono::milliseconds(500);
inline constexpr Duration kScalingPeriod = std::chrono::seconds(10);
// Who waits for an environment at work, and has waited long enough for another one that its
// function may not add, asks again after this.
inline constexpr Duration kScalingRetry = std::chrono::milliseconds(50);
// Requests a second beyond which a function's rate is not limited: no machine serves them.
inline constexpr std::uint64_t kRequestRateMax = 10'000'000;
// A provisioned environment that did not come up is tried again after this, doubled each time.
inline constexpr Duration kProvisionRetryMin = std::chrono::seconds(1);
inline constexpr Duration kProvisionRetryMax = std::chrono::minutes(5);

}  // namespace lapwing::engine

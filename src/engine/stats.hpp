// What the engine counts. A Counter is written by its loop's thread only and read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lapwing::engine {

class Counter {
 public:
  void add(std::uint64_t n = 1) { set(get() + n); }
  void sub(std::uint64_t n = 1) { set(get() - n); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Why an invocation was refused.
enum class Throttle {
  kAccount,       // what functions without a reservation share is in use
  kReserved,      // the function's reserved concurrency is in use, or zero
  kReservedRate,  // more requests a second than its reserved concurrency allows
  kScalingRate,   // more new environments in ten seconds than a function may have
  kMachine,       // no room for another environment came free in time
};
inline constexpr std::size_t kThrottles = 5;

// Why an environment ended before its time.
enum class Eviction {
  kIdle,      // not used for long
  kRoom,      // another function needed its place
  kPressure,  // the machine's memory was running out
  kFairness,  // gave way to a function that had fewer
  kAge,       // recycled
};
inline constexpr std::size_t kEvictions = 5;

inline constexpr std::size_t index(Throttle reason) { return static_cast<std::size_t>(reason); }
inline constexpr std::size_t index(Eviction reason) { return static_cast<std::size_t>(reason); }

template <class Number>
struct Figures {
  Number invocations{};
  Number function_errors{};
  Number platform_errors{};
  std::array<Number, kThrottles> throttles{};
  Number cold_starts{};         // on demand
  Number provisioned_starts{};  // provisioned, replacements included
  std::array<Number, kEvictions> evictions{};
  Number spillovers{};        // ran on demand, though the version has provisioned concurrency
  Number provisioned_runs{};  // ran on a provisioned environment
  // Now:
  Number environments{};
  Number busy{};
  Number waiting{};             // invocations that wait for an environment
  Number in_flight{};           // concurrent executions, those waiting included
  Number provisioned_ready{};   // provisioned environments initialised
  Number provisioned_in_use{};  // and of those at work
};

using ShardStats = Figures<Counter>;
using EngineTotals = Figures<std::uint64_t>;

// Adds what one shard counted.
void add_to(EngineTotals& totals, const ShardStats& stats);

// One function, for the bounded list of the busiest.
struct FunctionUsage {
  std::string arn;
  std::uint64_t in_flight = 0;
  std::uint64_t environments = 0;
  std::uint64_t provisioned_ready = 0;
  std::uint64_t invocations = 0;  // since it was last quite idle
  std::uint64_t throttles = 0;
};

// Keeps the `count` with the most in flight, busiest first.
void keep_busiest(std::vector<FunctionUsage>& usages, std::size_t count);

}  // namespace lapwing::engine

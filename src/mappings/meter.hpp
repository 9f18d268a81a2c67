// What a mapping has done, counted: among all, and, where its MetricsConfig says EventCount, as
// metrics of its own.
//
// Facts: Lambda developer guide, "Types of metrics for Lambda functions", "Event source mapping
// metrics".
//
// Thread-safety: PollerCounts any; Meter its mapping's loop.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "ports/metric_sink.hpp"

namespace lapwing::mappings {

// Of all mappings together.
struct PollerCounts {
  std::atomic<std::uint64_t> polled{0};  // records
  std::atomic<std::uint64_t> filtered_out{0};
  std::atomic<std::uint64_t> invoked{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> deleted{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> told{0};  // of those dropped, whose destination is told
  std::atomic<std::uint64_t> batches{0};
  std::atomic<std::uint64_t> throttles{0};
};

enum class Counted : std::uint8_t {
  kPolled = 0,
  kFilteredOut = 1,
  kInvoked = 2,
  kFailedInvoke = 3,
  kDeleted = 4,
  kDropped = 5,
  kOnFailureDelivered = 6,
};

// Whose metrics they are.
struct Measured {
  AccountId account;
  Region region;
  std::string uuid;
};

class Meter {
 public:
  explicit Meter(PollerCounts& all) : all_(all) {}

  // None: they are counted among all only.
  void measure(std::optional<Measured> whose) { whose_ = std::move(whose); }
  void add(Counted what, std::uint64_t count);
  // What was counted since the last time. `sink` may be null.
  void put(ports::MetricSink* sink, WallTime now);

 private:
  static constexpr std::size_t kKinds = 7;

  PollerCounts& all_;
  std::optional<Measured> whose_;
  std::array<std::uint64_t, kKinds> counts_{};
};

}  // namespace lapwing::mappings

// Numbers of services/pipes. Those of AWS: EventBridge user guide, "Batching and concurrency",
// "Event enrichment". Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::pipes {

inline constexpr std::size_t kPageMax = 100;
inline constexpr std::size_t kFiltersMax = 5;
inline constexpr std::int32_t kBatchDefault = 10;
inline constexpr std::int32_t kBatchMost = 10'000;
// Without a window; also the most of a FIFO queue.
inline constexpr std::int32_t kBatchWithoutWindow = 10;
// Of targets that take several in one request: queues, topics, buses.
inline constexpr std::int32_t kBatchOfEntries = 10;
// What a function is sent, and what an enrichment answers.
inline constexpr std::size_t kPayloadBytesMax = 6 * kMiB;
// Items of a batch that a template is filled in for before others have their turn.
inline constexpr std::size_t kRenderedAtOnce = 8;
// How long a destination that keeps things here, and an HTTP one, may take. Where a queue's
// visibility is shorter, what was received stays invisible for longer.
inline constexpr auto kQuickTime = std::chrono::seconds(5);
inline constexpr auto kHttpTime = std::chrono::seconds(15);
// Of a log record's payload, request and answer, each.
inline constexpr std::size_t kLoggedBytesMax = 32 * kKiB;
// Pipes on their way from one state to another that are looked at together.
inline constexpr std::size_t kStepMax = 100;
// A number that says a time: from here on it counts milliseconds, below it seconds.
inline constexpr std::int64_t kMillisecondsFrom = 100'000'000'000;

}  // namespace lapwing::pipes

// Numbers of mappings. Those of AWS: developer guide, "Event source mappings", "Lambda quotas".
// Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::mappings {

// Of a batch's event, its records' metadata included.
inline constexpr std::size_t kEventBytesMax = 6 * kMiB;
// Of an event of a stream, what stands around its records, without a window's state.
inline constexpr std::size_t kAroundRecords = 512;
inline constexpr std::size_t kFiltersMax = 10;
// A function that answers more than this about its batch has failed it.
inline constexpr std::size_t kAnswerBytesMax = 6 * kMiB;

// Batches of one mapping at work: from so many on, as far as more get more done.
inline constexpr std::uint32_t kBatchesBegin = 5;
inline constexpr std::uint32_t kBatchesMost = 1000;
// Of all mappings. Half of what an account may have in flight: callers who wait come first.
inline constexpr std::uint32_t kBatchesAtWork = 500;
// Of records that were taken and are not done, of all mappings.
inline constexpr std::size_t kBytesAtWork = 64 * kMiB;
// Taken at once.
inline constexpr std::size_t kTakeBytes = 8 * kMiB;

// Of a FIFO queue's batch, as stored: escaped and with the last, it is within an event.
inline constexpr std::size_t kOrderedTakeBytes = 1536 * kKiB;

// Where window and function may take longer than messages are invisible, they are so for this
// longer than both.
inline constexpr auto kVisibilityMargin = std::chrono::seconds(30);
// After a throttle nothing is taken for so long; twice as long after each further one of a batch.
inline constexpr auto kPauseAfterThrottle = std::chrono::milliseconds(100);
inline constexpr auto kPauseMost = std::chrono::seconds(2);
// A source that refuses is asked again after so long, twice as long each time.
inline constexpr auto kRefusedAgain = std::chrono::seconds(1);
inline constexpr auto kRefusedAgainMost = std::chrono::seconds(60);
// A function that cannot be run is asked for again after so long.
inline constexpr auto kNotReadyAgain = std::chrono::seconds(5);
// Of streams. A batch that failed is tried again after so long, twice as long each time.
inline constexpr auto kRetryFirst = std::chrono::seconds(1);
inline constexpr auto kRetryMost = std::chrono::seconds(60);
inline constexpr std::uint32_t kParallelMax = 10;  // batches of one shard at once
inline constexpr std::size_t kReadRecords = 10'000;
// A shard that holds nothing reads so much even where others hold all there may be.
inline constexpr std::size_t kReadBytesLeast = 64 * kKiB;
// Of a tumbling window's state; beyond it the window ends early.
inline constexpr std::size_t kWindowStateMax = 1 * kMiB;
// A checkpoint that the store refuses is tried again after so long, in real time.
inline constexpr auto kCheckpointAgain = std::chrono::seconds(1);

// Removal of what is done is tried so often; then it comes back.
inline constexpr int kRemovalsMax = 5;
inline constexpr auto kRemovalAgain = std::chrono::milliseconds(500);

}  // namespace lapwing::mappings

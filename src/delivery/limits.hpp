// Numbers of delivery/. Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>

namespace lapwing::delivery {

// A posting: as much as a queue of the store holds, less what it is wrapped in. Beyond is
// kTooLarge.
inline constexpr std::size_t kAddresseesMax = 12'500'000;  // of one event in all; AWS's for a topic
inline constexpr std::size_t kAddresseesOfPosting = 500;   // more are further postings
inline constexpr std::size_t kAddresseeBytesMax = 400;     // its lane's name is a queue's
// Postings taken at once, and how many such batches are under way.
inline constexpr std::size_t kBatch = 128;
inline constexpr std::size_t kBatchesUnderWay = 4;
// Parcels of one addressee under way, unless its shipment says less.
inline constexpr std::size_t kLaneParcels = 16;
// Of all lanes of an outbox.
inline constexpr std::size_t kLaneParcelsInAll = 512;
// How long what was claimed stays with an attempt that says nothing; also what a crash costs.
inline constexpr auto kQuickClaim = std::chrono::seconds(10);
// The longest attempt: beyond it counts as failed.
inline constexpr auto kAttemptMax = std::chrono::seconds(60);
// A dead letter that its queue does not take (it is full, the disk is) is tried so long.
inline constexpr auto kDeadLetterAge = std::chrono::hours(24);

}  // namespace lapwing::delivery

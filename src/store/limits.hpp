// Limits of the storage floor. Every one is checked by every engine and tested beyond
// (testing/contract_*.cpp); beyond a size the answer is kTooLarge and nothing is written.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::store {

// Records. Keys hold S3's (1,024 bytes) and DynamoDB's (2,048 + 1,024) and what precedes them.
inline constexpr std::size_t kMaxKindBytes = 64;
inline constexpr std::size_t kMaxKeyBytes = 4 * kKiB;
inline constexpr std::size_t kMaxTermBytes = 4 * kKiB;
inline constexpr std::size_t kMaxTermsPerRecord = 64;
// A larger value is refused: its owner puts it into Blob and keeps the SHA-256 here, so
// that who keeps a blob alive is always written in a record.
inline constexpr std::size_t kMaxValueBytes = 512 * kKiB;
inline constexpr std::size_t kMaxBlobsPerRecord = 64;
// Transactions taken on by submit() and not begun, of one space.
inline constexpr std::size_t kMaxSubmitted = 16'384;
inline constexpr std::size_t kMaxScanLimit = 1000;      // records a page
inline constexpr std::size_t kMaxScanBytes = 8 * kMiB;  // a page ends early beyond this
inline constexpr std::size_t kMaxIdempotencyKeyBytes = 256;
inline constexpr std::size_t kMaxOutcomeBytes = 64 * kKiB;
inline constexpr auto kIdempotencyWindow = std::chrono::hours(1);

// Change feed: how many commits of history are kept before a late reader must rescan.
inline constexpr std::uint64_t kFeedHistory = 100'000;
inline constexpr std::size_t kMaxFeedCommits = 1000;  // a page

// Queue. A message is written once and deleted once, so it stays inline up to the largest
// payload AWS queues carry (1 MiB) plus our own envelope.
inline constexpr std::size_t kMaxQueueNameBytes = 512;
inline constexpr std::size_t kMaxMessageBytes = 1 * kMiB + 64 * kKiB;
inline constexpr std::size_t kMaxGroupBytes = 256;
inline constexpr std::size_t kMaxDedupBytes = 512;
inline constexpr std::size_t kMaxDedupNoteBytes = 256;
inline constexpr std::size_t kMaxClaim = 1000;  // messages a call
// Removal, and what falls due, are worked off in steps of so many messages.
inline constexpr std::size_t kQueueRemovalStep = 1000;
inline constexpr auto kDedupWindow = std::chrono::minutes(5);
inline constexpr auto kMaxDelay = std::chrono::hours(24 * 366);

// Log.
inline constexpr std::size_t kMaxStreamBytes = 1024;
inline constexpr std::size_t kMaxShardBytes = 1024;
inline constexpr std::size_t kMaxLogRecordBytes = 10 * kMiB + 64 * kKiB;
inline constexpr std::size_t kMaxAppendRecords = 10'000;  // a call
inline constexpr std::size_t kMaxAppendBytes = 16 * kMiB;
inline constexpr std::size_t kMaxLogReadRecords = 10'000;  // a page
inline constexpr std::size_t kMaxLogReadBytes = 8 * kMiB;
inline constexpr std::size_t kMaxShardPage = 1000;
// Removal works in steps of this many records, so that no other writer waits long.
inline constexpr std::size_t kLogRemovalStep = 4096;

// Lease.
inline constexpr std::size_t kMaxLeaseNameBytes = 512;
inline constexpr std::size_t kMaxOwnerBytes = 256;
inline constexpr auto kMaxLeaseTtl = std::chrono::hours(24);

// Held in a file until a commit finds the disk full: enough for the log of some deletions.
inline constexpr std::uint64_t kReserveFileBytes = 16 * kMiB;

// Spaces.
inline constexpr std::size_t kMaxSpaceNameBytes = 32;

// Blob.
inline constexpr std::uint64_t kMaxBlobBytes = 1 * kGiB;

}  // namespace lapwing::store

// Numbers of delivery/. Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "store/limits.hpp"

namespace lapwing::delivery {

// A posting, packed: a queue's message of the store, less what it is wrapped in when it waits with
// its last failure. Beyond is kTooLarge.
inline constexpr std::size_t kPostingBytesMax = store::kMaxMessageBytes - 8 * kKiB;
inline constexpr std::size_t kIdBytesMax = 64;
inline constexpr std::size_t kGroupBytesMax = 1024;
inline constexpr std::size_t kAddresseesMax = 12'500'000;  // of one event in all; AWS's for a topic
inline constexpr std::size_t kAddresseesOfPosting = 500;   // more are further postings
inline constexpr std::size_t kAddresseeBytesMax = 400;     // its lane's name is a queue's
// Of each text of a failure that is kept (code, message, answer): the rest is cut off.
inline constexpr std::size_t kFailureTextMax = 1 * kKiB;
// Postings taken at once, and how many such batches are under way: of those with and those without
// a group.
inline constexpr std::size_t kBatch = 128;
inline constexpr std::uint64_t kBatchBytes = 4 * kMiB;
inline constexpr std::size_t kBatchesUnderWay = 4;
// Parcels handed over in one call, and put into lanes in one transaction.
inline constexpr std::size_t kParcelsOfCall = 1000;
inline constexpr std::size_t kBytesOfCall = 8 * kMiB;
// Parcels of one addressee under way, unless its shipment says less.
inline constexpr std::size_t kLaneParcels = 16;
// Of all lanes of an outbox. From half of it on a lane gets one at a time.
inline constexpr std::size_t kLaneParcelsInAll = 512;
// How long what was claimed stays with an attempt that says nothing. A crash does not cost it: a
// start gives back what was claimed.
inline constexpr auto kClaim = std::chrono::minutes(5);
// The longest attempt, in real time: beyond it counts as failed. Of a quick destination that does
// not answer for so long, parcels go by the lane until one is taken.
inline constexpr auto kAttemptMax = std::chrono::seconds(60);
inline constexpr auto kQuickAttemptMax = std::chrono::seconds(10);
// A dead letter that its queue does not take (it is full, the disk is) is tried so long, at first
// after kDeadLetterFirst, then less and less often.
inline constexpr auto kDeadLetterAge = std::chrono::hours(24);
inline constexpr auto kDeadLetterFirst = std::chrono::seconds(1);
inline constexpr auto kDeadLetterMost = std::chrono::minutes(5);
// An addressee that asks for more time (Retry-After) gets so much at most.
inline constexpr auto kNotBeforeMost = std::chrono::hours(1);
// A transaction of the outbox's own that the store refused is tried again after this, in real time.
inline constexpr auto kStoreRetry = std::chrono::seconds(1);
// What a newer program has written is looked at again after this.
inline constexpr auto kUnreadableAgain = std::chrono::hours(1);
// Events that have died, kept for those who ask; of each outbox. Beyond, the oldest go.
inline constexpr std::uint64_t kDeadEventsKept = 10'000;
inline constexpr std::uint64_t kDeadBytesKept = 64 * kMiB;
inline constexpr auto kDeadKeptFor = std::chrono::days(14);
inline constexpr std::size_t kDeadPage = 500;  // read at once
// Of those of one transaction with what it takes to send them again; the rest is told of only.
inline constexpr std::size_t kDeadBytesOfCommit = 8 * kMiB;
// Mail: at work at once, each for so long (in real time); what a server may say.
inline constexpr std::size_t kMailsAtOnce = 8;
inline constexpr auto kMailTimeout = std::chrono::seconds(30);
inline constexpr std::size_t kSmtpLineBytesMax = 4 * kKiB;
inline constexpr std::size_t kSmtpLinesMax = 200;  // of a connection
inline constexpr std::size_t kMailAddressBytesMax = 320;
// What is under way when the outbox stops may go on for so long; the rest is cut, and attempted
// again by the next start.
inline constexpr auto kStopGrace = std::chrono::seconds(5);

}  // namespace lapwing::delivery

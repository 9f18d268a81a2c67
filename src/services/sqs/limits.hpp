// What Amazon SQS allows, by its developer guide ("Quotas") and recorded answers; and what we keep
// in memory for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::sqs {

inline constexpr std::size_t kNameCharactersMax = 80;
inline constexpr std::int32_t kDelaySecondsMax = 900;
inline constexpr std::int32_t kMessageBytesMin = 1024;
inline constexpr std::int32_t kMessageBytesMax = 1024 * 1024;
inline constexpr std::int32_t kRetentionSecondsMin = 60;
inline constexpr std::int32_t kRetentionSecondsMax = 1'209'600;
inline constexpr std::int32_t kRetentionSecondsDefault = 345'600;
inline constexpr std::int32_t kWaitSecondsMax = 20;
inline constexpr std::int32_t kVisibilitySecondsMax = 43'200;
inline constexpr std::int32_t kVisibilitySecondsDefault = 30;
inline constexpr std::int32_t kKeyReuseSecondsMin = 60;
inline constexpr std::int32_t kKeyReuseSecondsMax = 86'400;
inline constexpr std::int32_t kKeyReuseSecondsDefault = 300;
inline constexpr std::int32_t kReceivesMax = 1000;  // maxReceiveCount
inline constexpr std::size_t kAllowedSourcesMax = 10;
// Of RedrivePolicy and RedriveAllowPolicy, which AWS bounds nowhere it says: ten ARNs are 1.5 KiB.
inline constexpr std::size_t kRedrivePolicyBytesMax = 4 * kKiB;

inline constexpr std::size_t kPolicyBytesMax = 8192;
inline constexpr std::size_t kPolicyStatementsMax = 20;
inline constexpr std::size_t kPolicyActionsMax = 7;  // of one statement of AddPermission
inline constexpr std::size_t kPolicyPrincipalsMax = 50;
inline constexpr std::size_t kLabelCharactersMax = 80;

inline constexpr std::size_t kBatchEntriesMax = 10;
inline constexpr std::size_t kBatchBytesMax = 1024 * 1024;
inline constexpr std::size_t kEntryIdCharactersMax = 80;
inline constexpr std::int32_t kReceiveMax = 10;
inline constexpr std::uint64_t kInFlightMax = 120'000;
inline constexpr std::size_t kMessageAttributesMax = 10;
inline constexpr std::size_t kAttributeNameBytesMax = 256;
inline constexpr std::size_t kAttributeTypeBytesMax = 256;
inline constexpr std::size_t kGroupCharactersMax = 128;  // of a deduplication id, too
inline constexpr std::size_t kAttemptIdCharactersMax = 128;
inline constexpr std::size_t kHandleBytesMax = 1024;
inline constexpr std::size_t kUrlBytesMax = 2048;

inline constexpr std::int32_t kPageMax = 1000;  // queues
inline constexpr auto kDeletedFor = std::chrono::seconds(60);
inline constexpr auto kPurgeEvery = std::chrono::seconds(60);
inline constexpr auto kAttemptsFor = std::chrono::minutes(5);
// Receives that can be asked for again; beyond it the oldest of who has most are forgotten.
inline constexpr std::size_t kAttemptsMax = 10'000;

inline constexpr std::int32_t kMoveRateMax = 500;  // messages a second
inline constexpr std::int32_t kMovesListedMax = 10;
inline constexpr std::size_t kMovesActiveMax = 100;  // of an account and region
// One transaction of a move task that has no rate of its own.
inline constexpr std::size_t kMoveStep = 100;
// Move tasks that are over are kept for so many of each queue.
inline constexpr std::size_t kMovesKept = 10;

// Of what SQS may take of the disk: the part (1/16, at most 64 MiB) that messages may not, so that
// queues can be changed and messages received and deleted when it is full.
inline constexpr std::uint64_t kRoomReserveShare = 16;
inline constexpr std::uint64_t kRoomReserveBytesMax = 64 * kMiB;
// Where more than one account has queues and half of what messages may take is taken: what an
// account may have (1/16 of it), and beyond it as much as is left to all.
inline constexpr std::uint64_t kRoomLeastShare = 16;
// What accounts have is counted so often, from a quarter on.
inline constexpr auto kRoomCountEvery = std::chrono::seconds(10);
// Of a message besides its body: at least what its row and its places in indexes take.
inline constexpr std::size_t kMessageOverheadBytes = 512;

// A body of 1 MiB, each character escaped in six, or a batch of such; the rest is names.
inline constexpr std::size_t kSendBodyBytesMax = 7 * kMiB;

// Where an answer is made, it is there so many times: as it is stored, as it is told, in parts and
// in the text of the protocol, which doubles as it grows.
inline constexpr std::uint64_t kAnswerCopies = 4;

// Of one receive: how often messages that go to a dead-letter queue are replaced by others.
inline constexpr int kRedriveRoundsMax = 32;
// What is past its retention but in flight is looked at again after this.
inline constexpr auto kRetentionRetry = std::chrono::seconds(30);

// AWSTraceHeader, which AWS bounds nowhere it says; X-Ray's own are a tenth of it. What a message
// carries besides its body stays within what the store adds to the largest.
inline constexpr std::size_t kTraceHeaderBytesMax = 4 * kKiB;

}  // namespace lapwing::sqs

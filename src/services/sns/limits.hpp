// What Amazon SNS allows, by its developer guide ("Quotas") and recorded answers; and what we keep
// for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::sns {

inline constexpr std::size_t kNameCharactersMax = 256;  // ".fifo" counts
inline constexpr std::size_t kDisplayNameCharactersMax = 100;
inline constexpr std::size_t kTopicsMax = 100'000;  // of an account and region
inline constexpr std::size_t kFifoTopicsMax = 1'000;
inline constexpr std::size_t kSubscriptionsMax = 12'500'000;  // of a topic
inline constexpr std::size_t kFifoSubscriptionsMax = 100;
inline constexpr std::size_t kLargeSubscriptionsMax = 100;  // of a topic of messages beyond 256 KiB
inline constexpr std::size_t kFilterPoliciesMax = 200;      // of a topic
inline constexpr std::size_t kEndpointBytesMax = 2048;

inline constexpr std::size_t kPolicyBytesMax = 30 * kKiB;
inline constexpr std::size_t kPolicyStatementsMax = 100;
inline constexpr std::size_t kPolicyPrincipalsMax = 200;
inline constexpr std::size_t kLabelCharactersMax = 80;
// Of delivery and redrive policies, which AWS bounds nowhere it says.
inline constexpr std::size_t kSmallPolicyBytesMax = 4 * kKiB;

inline constexpr std::int32_t kMessageBytesMin = 1024;
inline constexpr std::int32_t kMessageBytesDefault = 256 * kKiB;
inline constexpr std::int32_t kMessageBytesMax = 1024 * kKiB;
inline constexpr std::size_t kSubjectCharactersMax = 100;
inline constexpr std::size_t kAttributeNameBytesMax = 256;
inline constexpr std::size_t kMessageAttributesMax = 256;
inline constexpr std::size_t kIdCharactersMax = 128;  // of groups and deduplication ids
inline constexpr std::size_t kBatchEntriesMax = 10;
inline constexpr std::size_t kEntryIdCharactersMax = 80;
inline constexpr std::size_t kTraceBytesMax = 4 * kKiB;
// A message of 1 MiB, each byte written as three, or a batch of such; the rest is names.
inline constexpr std::size_t kPublishBodyBytesMax = 4 * kMiB;

inline constexpr std::size_t kPageMax = 100;
inline constexpr auto kDeduplicatedFor = std::chrono::minutes(5);
// Deduplication ids that are over are removed so many in a transaction.
inline constexpr std::size_t kSweepStep = 500;
// Of a deleted topic's subscriptions so many are removed in a transaction.
inline constexpr std::size_t kRemovalStep = 500;
// What others send to topics is accepted so much in a transaction; more of one message, too.
inline constexpr std::size_t kAddresseesOfCommit = 10'000;
inline constexpr std::size_t kTextBytesOfCommit = 16 * kMiB;
inline constexpr auto kTokenFor = std::chrono::hours(48);
inline constexpr std::size_t kTokenDigits = 256;

// Delivery policies.
inline constexpr std::int64_t kRetriesMax = 100;
inline constexpr std::int64_t kRetryDelaySecondsMax = 3600;  // each, and all together

// E-mail, text messages and push notifications: what is kept for those who read them here. Beyond,
// the oldest go.
inline constexpr std::uint64_t kKeptMessagesMax = 10'000;
inline constexpr std::uint64_t kKeptBytesMax = 64 * kMiB;
inline constexpr std::size_t kKeptPageMax = 1'000;
inline constexpr std::size_t kKeptTold = 20;         // to the journal
inline constexpr std::size_t kKeptLookedAt = 2'000;  // for a page that a filter thins out
// Of one published message: those that come first.
inline constexpr std::size_t kKeptOfMessage = 1'000;
inline constexpr std::size_t kKeptOfMessageBytes = 8 * kMiB;

inline constexpr std::size_t kPlatformNameCharactersMax = 256;
inline constexpr std::size_t kPlatformAttributesBytesMax = 64 * kKiB;  // of an application
inline constexpr std::size_t kPushTokenBytesMax = 4 * kKiB;
inline constexpr std::size_t kUserDataBytesMax = 2 * kKiB;
inline constexpr std::size_t kSandboxNumbersMax = 10;

// Signatures that several subscribers of a message share are kept so many.
inline constexpr std::size_t kSignaturesKept = 64;
inline constexpr int kSigningKeyBits = 2048;
inline constexpr int kCertificateDays = 3650;

}  // namespace lapwing::sns

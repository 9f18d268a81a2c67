// What Amazon EventBridge allows, by its user guide ("Quotas") and its model; and ours where it
// says nothing.
//
// Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace lapwing::events {

inline constexpr std::size_t kPutEventsBytesMax = 1 * kMiB;  // all entries of a request
inline constexpr std::size_t kEventTimeBytes = 14;           // that an entry's Time counts as
// In an envelope, which is one more: as deep as patterns/ reads.
inline constexpr std::uint32_t kDetailDepthMax = 999;
// A detail of 1 MiB, each character escaped in six, twice: it is JSON in JSON. The rest is names.
inline constexpr std::size_t kPutEventsBodyBytesMax = 13 * kMiB;
// An event as it is delivered: its names are JSON there, its source's quotes escaped. With the
// addressees beside it, it stays within what an outbox takes.
inline constexpr std::size_t kEnvelopeBytesMax = 1 * kMiB + 32 * kKiB;
inline constexpr std::size_t kAddresseesBytesMax = 16 * kKiB;

inline constexpr std::size_t kBusNameBytesMax = 256;
inline constexpr std::size_t kTargetsMax = 5;  // of a rule
// Of all targets of a rule as they are kept: ours, for a record holds no more. AWS's parameters of
// Redshift and AppSync may be larger.
inline constexpr std::size_t kTargetsBytesMax = 400 * kKiB;
// Tests of all patterns of an account (patterns::Pattern::weight()): ours, for memory. A hundred
// thousand rules of ten tests each; AWS has 300 rules on a bus.
inline constexpr std::size_t kAccountPatternsMax = 1'000'000;
inline constexpr std::size_t kPolicyBytesMax = 10'240;
inline constexpr std::int32_t kPageMax = 100;

inline constexpr std::int32_t kRetryAttemptsMax = 185;
inline constexpr std::int32_t kEventAgeSecondsMax = 86'400;
// EventBridge names no delays: these are ours.
inline constexpr auto kRetryFirst = std::chrono::seconds(1);
inline constexpr auto kRetryMost = std::chrono::minutes(10);

// Buses that an event may pass behind the one it was put on.
inline constexpr std::uint32_t kHopsMax = 1;

// Archives are trimmed so often.
inline constexpr auto kRetentionEvery = std::chrono::minutes(1);
inline constexpr std::size_t kReplaysActiveMax = 10;  // of an account and region
inline constexpr auto kReplaysKeptFor = std::chrono::hours(24 * 90);
// One step of a replay, and the time to the next; it waits while the outbox has so much.
inline constexpr std::size_t kReplayStep = 100;
inline constexpr std::size_t kReplayStepBytes = 4 * kMiB;
inline constexpr auto kReplayEvery = std::chrono::milliseconds(100);
inline constexpr std::uint64_t kReplayWaitingMax = 10'000;

// API destinations: the real service's time to answer, and the rate where none is said.
inline constexpr auto kApiTimeout = std::chrono::seconds(5);
inline constexpr std::int32_t kApiRateDefault = 300;
inline constexpr std::size_t kApiAnswerBytesMax = 64 * kKiB;
inline constexpr std::size_t kTokenBytesMax = 16 * kKiB;
inline constexpr std::size_t kUrlBytesMax = 2048;

}  // namespace lapwing::events

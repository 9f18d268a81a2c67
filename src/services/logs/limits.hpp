// What CloudWatch Logs bounds, and what Lapwing bounds on its own account. Numbers without
// a remark are AWS's documented quotas.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace lapwing::logs {

// PutLogEvents.
inline constexpr std::size_t kBatchEventsMax = 10'000;
inline constexpr std::uint64_t kBatchBytesMax = 1 * kMiB;  // messages + overhead
// Ours: the same as JSON, in which a character takes up to six bytes, and what is around each
// event.
inline constexpr std::size_t kBatchRequestBytesMax = 8 * kMiB;
inline constexpr std::uint64_t kEventOverheadBytes = 26;   // counted for every event
inline constexpr std::uint64_t kEventBytesMax = 1 * kMiB;  // one event, with overhead
inline constexpr std::int64_t kBatchSpanMsMax = 24LL * 3600 * 1000;
inline constexpr std::int64_t kEventAgeMsMax = 14LL * 24 * 3600 * 1000;
inline constexpr std::int64_t kEventAheadMsMax = 2LL * 3600 * 1000;

// Reads. A page ends at the event count or at the byte count, whichever comes first.
inline constexpr std::size_t kPageEventsMax = 10'000;
inline constexpr std::uint64_t kPageBytesMax = 1 * kMiB;
inline constexpr std::size_t kDescribeMax = 50;
// Ours: what one FilterLogEvents call reads before it answers with what it has found and a
// token to go on from (AWS bounds the work of a call too, without saying where).
inline constexpr std::uint64_t kFilterScanBytesMax = 32 * kMiB;
// Ours: what is held of one stream while it is read in order (event_log.hpp), and of all that are
// read together (stream_merge.hpp); there each has its part, and so much at least.
inline constexpr std::size_t kStreamHeldBytesMax = 8 * kMiB;
inline constexpr std::uint64_t kMergeHeldBytesMax = 16 * kMiB;
inline constexpr std::size_t kLaneHeldBytesMin = 4 * kKiB;

// Filter patterns.
inline constexpr std::size_t kFilterPatternBytesMax = 1024;
inline constexpr std::size_t kFilterRegexMax = 2;        // JSON and space-delimited
inline constexpr std::size_t kSelectorWildcardsMax = 1;  // in one property selector
inline constexpr std::size_t kPatternWildcardsMax = 3;   // in one pattern
inline constexpr std::size_t kFilterNestingMax = 32;     // ours: depth of parentheses
inline constexpr std::size_t kRegexStatesMax = 255;      // ours: positions a branch

// Subscriptions and metric filters.
inline constexpr std::size_t kSubscriptionsMax = 2;    // of a group
inline constexpr std::size_t kMetricFiltersMax = 100;  // of a group
inline constexpr std::size_t kMetricDimensionsMax = 3;
inline constexpr std::size_t kMetricValueMax = 100;  // characters
// Ours: deliveries that wait for one subscription. Beyond, and while the disk has nothing but its
// reserve, its group is read no further: what comes waits in the log, looked at again after this.
inline constexpr std::uint64_t kDeliveriesWaitingMax = 100;
inline constexpr auto kHeldLookEvery = std::chrono::seconds(1);
inline constexpr auto kFailureSaidEvery = std::chrono::minutes(1);
// What was not taken is tried again for so long; how often is ours.
inline constexpr auto kSubscriptionRetryAge = std::chrono::hours(24);
inline constexpr auto kSubscriptionRetryFirst = std::chrono::seconds(1);
inline constexpr auto kSubscriptionRetryMost = std::chrono::minutes(5);
inline constexpr std::uint32_t kSubscriptionRetries = 10'000;
// Ours: events in one delivery, as JSON; whatever they are, they then fit into a function's event.
// One larger event comes alone.
inline constexpr std::size_t kDeliveryBytesMax = 512 * kKiB;
// A function's event, an asynchronous one.
inline constexpr std::size_t kFunctionEventBytesMax = 1 * kMiB;
// Ours: what is read of a stream before what was found in it is sent.
inline constexpr std::size_t kForwardReadBytes = 1 * kMiB;

// Events of other services (ours): in one commit (of kCommitBytesMax at most), and how long one
// that was taken is not taken again.
inline constexpr std::size_t kDeliveriesOfCommit = 256;
inline constexpr auto kTakenOnceFor = std::chrono::minutes(5);
inline constexpr std::size_t kTakenIdsMax = 20'000;

// Resource policies.
inline constexpr std::size_t kAccountPoliciesMax = 10;  // a Region
inline constexpr std::size_t kAccountPolicyBytesMax = 5120;
inline constexpr std::size_t kResourcePolicyBytesMax = 51'200;

// Live tail.
inline constexpr std::size_t kTailEventsMax = 500;   // in one update
inline constexpr std::size_t kTailSessionsMax = 15;  // of an account, in a Region
inline constexpr auto kTailEvery = std::chrono::seconds(1);
inline constexpr auto kTailFor = std::chrono::hours(3);
// Ours: what is read for one update; the rest of what came meanwhile is left out, as sampling does.
inline constexpr std::size_t kTailReadBytes = 8 * kMiB;

// Taking over function output (ours).
inline constexpr std::size_t kChunkBytesMax = 64 * kKiB;  // events packed in one record
inline constexpr std::size_t kReadAheadBytes = 4 * kChunkBytesMax;
inline constexpr std::size_t kCommitBytesMax = 4 * kMiB;  // of several streams in one commit
inline constexpr Duration kFlushAfter = std::chrono::milliseconds(50);  // an event waits no longer
// Where so many streams are written to, each with little, an event waits a little longer: they
// share pages, which are then written once for five times as many.
inline constexpr std::size_t kManyStreams = 32;
inline constexpr Duration kFlushManyAfter = std::chrono::milliseconds(250);
inline constexpr std::size_t kBacklogBytesMax = 64 * kMiB;  // then producers wait
// A stream that nobody wrote to for so long takes no memory; it is looked up when met again.
// Every environment has a stream of its own, and most of them are never met again.
inline constexpr Duration kStreamIdleAfter = std::chrono::seconds(30);
inline constexpr Duration kIdleStreamsLookEvery = std::chrono::seconds(5);

// What logs may take of the disk (ours; budget.hpp).
inline constexpr int kRateBurst = 16;  // seconds of a group's rate that it may write at once
// How long a group's part is remembered after it was last asked for.
inline constexpr Duration kGroupRememberedFor = std::chrono::minutes(10);
inline constexpr std::uint64_t kSmallAppendBytes = 2 * kKiB;
inline constexpr std::int64_t kSmallAppendsBytesMax = 1 * kMiB;
// A group is counted when it has written so much (or a sixteenth of its limit).
inline constexpr std::uint64_t kCountAfterBytes = 1 * kMiB;
inline constexpr Duration kWholeLookEvery = std::chrono::milliseconds(500);
// While output is dropped, its stream says so no more often.
inline constexpr Duration kLossSaidEvery = std::chrono::seconds(1);
// What could not be said of an idle stream for so long is left to the metrics.
inline constexpr Duration kLossKeptFor = std::chrono::minutes(10);

}  // namespace lapwing::logs

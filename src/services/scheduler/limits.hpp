// Numbers of services/scheduler. Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace lapwing::scheduler {

inline constexpr std::string_view kZoneDirectory = "/usr/share/zoneinfo";
// Quota of AWS's: groups of an account in a region.
inline constexpr std::size_t kGroupsMax = 500;
inline constexpr std::size_t kTagsOfGroup = 200;
inline constexpr std::size_t kPageMax = 100;
// AWS's for Target.Input; the body of a request holds it escaped.
inline constexpr std::size_t kInputBytesMax = 256 * kKiB;
inline constexpr std::size_t kBodyBytesMax = 2 * kMiB;
// What an input becomes with its variables filled in: below a queue's message.
inline constexpr std::size_t kPayloadBytesMax = 1 * kMiB;
// How long ago a StartDate may be.
inline constexpr auto kStartAgoMax = std::chrono::minutes(5);
// An occurrence that is later than this was missed. AWS's own precision.
inline constexpr auto kLateMax = std::chrono::seconds(60);
// A schedule whose time zone is not there is looked at again after this.
inline constexpr auto kZoneAgain = std::chrono::hours(1);
// Defaults of RetryPolicy, AWS's, and how attempts are spread over them: ours.
inline constexpr std::int32_t kRetriesDefault = 185;
inline constexpr std::int32_t kEventAgeDefault = 86'400;
inline constexpr auto kRetryFirst = std::chrono::seconds(1);
inline constexpr auto kRetryMost = std::chrono::minutes(8);
// Occurrences taken up in one transaction.
inline constexpr std::size_t kBatch = 100;
inline constexpr std::size_t kBatchBytes = 4 * kMiB;
// Schedules of a deleted group that go in one transaction.
inline constexpr std::size_t kRemovalStep = 200;

}  // namespace lapwing::scheduler

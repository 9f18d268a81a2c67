// Numbers of journal/. Thread-safety: constants.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/bytes.hpp"

namespace lapwing::journal {

inline constexpr std::size_t kShards = 64;
inline constexpr std::size_t kShardBytesMax = 4 * kMiB;
inline constexpr auto kAgeMax = std::chrono::days(14);
inline constexpr auto kFlushEvery = std::chrono::milliseconds(200);
inline constexpr auto kTrimEvery = std::chrono::minutes(1);
// Noted in any second; failures have as many again.
inline constexpr std::size_t kStepsASecond = 2'000;
// Waiting to be written, where the writer is held up: then as beyond the measure.
inline constexpr std::size_t kNotesWaitingMax = 20'000;
// Of each text of a step: what is longer is cut.
inline constexpr std::size_t kTextBytesMax = 1024;
// Steps answered of one event.
inline constexpr std::size_t kStepsOfEvent = 1'000;
// Ids and traces looked at for them.
inline constexpr std::size_t kIdsOfStory = 200;
// Rows looked at for a page of which a filter lets few pass.
inline constexpr std::size_t kEventRowsLookedAt = 1'000;

}  // namespace lapwing::journal

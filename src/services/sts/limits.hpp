// Lengths of sessions. Bounds of DurationSeconds itself are in the model.
//
// Source: the IAM user guide, "Request temporary security credentials".
#pragma once

#include <cstdint>

namespace lapwing::sts {

inline constexpr std::int32_t kAssumedSecondsDefault = 3600;
// Of a role that is assumed out of a role's session.
inline constexpr std::int32_t kChainedSecondsMax = 3600;
inline constexpr std::int32_t kSessionSecondsDefault = 12 * 3600;
// Of the account's root.
inline constexpr std::int32_t kRootSecondsMax = 3600;

}  // namespace lapwing::sts

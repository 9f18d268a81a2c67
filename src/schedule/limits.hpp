// Limits of schedules: AWS's, and ours where AWS names none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lapwing::schedule {

// The models' ScheduleExpression (events and scheduler).
inline constexpr std::size_t kExpressionBytesMax = 256;
// The years of cron's last field, and the last in which anything occurs, except at().
inline constexpr int kYearFirst = 1970;
inline constexpr int kYearLast = 2199;
// rate(): nine digits, ours. A period longer than all the years above never comes.
inline constexpr std::size_t kRateDigitsMax = 9;
// The step behind cron's '/': digits, ours. Beyond the field's size only the start is left.
inline constexpr std::size_t kStepDigitsMax = 4;

// FlexibleTimeWindow.MaximumWindowInMinutes.
inline constexpr std::int32_t kWindowMinutesMax = 1440;

// ScheduleExpressionTimezone.
inline constexpr std::size_t kZoneNameBytesMax = 50;
// Ours; the largest file of tzdata has 4 KiB and 240 transitions.
inline constexpr std::size_t kZoneFileBytesMax = std::size_t{64} * 1024;
inline constexpr std::size_t kZoneTransitionsMax = 2000;
// UTC offsets that a file may name: within the days that clocks have been apart, and room.
inline constexpr std::int32_t kZoneOffsetSecondsMax = 26 * 3600;
// Zones kept in memory; tzdata has about 600 names.
inline constexpr std::size_t kZonesKeptMax = 1000;

}  // namespace lapwing::schedule

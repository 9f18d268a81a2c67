// The fields of cron(): minutes, hours, day of month, month, day of week, year. Which local minutes
// match; what time zone they are in is not known here.
//
//   field         values           beside , -
//   minutes       0-59             * /
//   hours         0-23             * /
//   day of month  1-31             * / ? L LW 3W
//   month         1-12, JAN-DEC    * /
//   day of week   1-7, SUN-SAT     * ? L 6L FRIL 6#3 FRI#3 (1 is Sunday)
//   year          1970-2199        * /
//
// - Exactly one of the two days is '?'.
// - Names in any case; a leading zero is allowed ("05").
// - A range that ends before it starts goes round ("20-2" hours, "FRI-MON"), except for years.
// - "10/15" starts at 10 and goes to the field's end, "0-30/10" to its range's.
// - L, LW, 3W, 6L and 6#3 stand alone, not in a list. L as a day of week is 7, Saturday.
// - 3W: the weekday nearest to the 3rd within its month: the Friday before a Saturday, the Monday
//   after a Sunday, but never over the month's edge. A day the month does not have has no weekday.
//   6#5 occurs in months that have a fifth Friday.
//
// Source: EventBridge user guide, "Cron expressions"; where it is silent, the Quartz scheduler,
// whose notation this is.
//
// Thread-safety: plain values.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schedule/limits.hpp"

namespace lapwing::schedule {

// Minutes since 1970-01-01T00:00 as if local time were UTC.
using LocalMinute = std::int64_t;

class Cron {
 public:
  // The text between the parentheses. Nothing: not one.
  static std::optional<Cron> parse(std::string_view fields);

  // The first matching minute at or after `from`; nothing when there is none up to 2199. At most a
  // look at each month of these years; usually a few steps.
  std::optional<LocalMinute> at_or_after(LocalMinute from) const;

 private:
  static constexpr int kYears = kYearLast - kYearFirst + 1;

  enum class Days : std::uint8_t {
    kOfMonth,         // day_bits_: bit 1 is the first
    kOfWeek,          // day_bits_: bit 1 is Sunday
    kLast,            // L
    kLastWeekday,     // LW
    kNearestWeekday,  // day_ W
    kLastOfWeek,      // day_ L
    kNthOfWeek,       // day_ # nth_
  };

  bool set_day_of_month(std::string_view field);
  bool set_day_of_week(std::string_view field);
  // Bit 1 is the first; only days that the month has.
  std::uint32_t days_of(int year, unsigned month) const;
  std::optional<LocalMinute> in_month(int year, unsigned month, LocalMinute from) const;

  std::uint64_t minute_bits_ = 0;
  std::uint32_t hour_bits_ = 0;
  std::uint32_t day_bits_ = 0;
  std::uint16_t month_bits_ = 0;  // bit 1 is January
  Days days_ = Days::kOfMonth;
  std::uint8_t day_ = 0;
  std::uint8_t nth_ = 0;
  std::bitset<kYears> year_bits_;  // bit 0 is 1970
};

}  // namespace lapwing::schedule

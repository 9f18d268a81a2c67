// The rule at the end of a time zone's file, in POSIX's notation with RFC 9636's extensions:
// "CET-1CEST,M3.5.0,M10.5.0/3", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EST5", "AAA3EDT4,0/0,J365/23".
//
// Thread-safety: pure functions, plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lapwing::schedule {

struct YearlyMoment {
  enum class Kind : std::uint8_t {
    kMonthWeekDay,  // M3.5.0: the last Sunday of March
    kJulian,        // J60: 1 March in every year
    kDayOfYear,     // 59: counted from 0, 29 February counts
  };
  Kind kind = Kind::kMonthWeekDay;
  std::uint16_t day = 0;  // of the week (0 is Sunday) or the year
  std::uint8_t month = 0;
  std::uint8_t week = 0;             // 5 is the last
  std::int32_t time_seconds = 7200;  // of the clocks before they are moved; may be below 0

  // As if local time were UTC.
  std::int64_t local_seconds(int year) const;
};

struct ZoneRule {
  std::int32_t standard_offset = 0;  // seconds ahead of UTC
  struct Summer {
    std::int32_t offset = 0;
    YearlyMoment start;
    YearlyMoment end;
  };
  std::optional<Summer> summer = {};
};

// Nothing: not one.
std::optional<ZoneRule> read_zone_rule(std::string_view text);

}  // namespace lapwing::schedule

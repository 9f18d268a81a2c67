// The first minute at or after another that matches: year, month, day, hour, minute, each by its
// bits.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>

#include "schedule/cron.hpp"

namespace lapwing::schedule {
namespace {

constexpr std::int64_t kMinutesOfDay = 24 * 60;
constexpr unsigned kSaturday = 6;  // as std::chrono counts: Sunday is 0

std::int64_t days_before(int year, unsigned month) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / 1)
      .time_since_epoch()
      .count();
}

unsigned days_in(int year, unsigned month) {
  return unsigned((std::chrono::year(year) / std::chrono::month(month) / std::chrono::last).day());
}

// Minute of the day, at or after `from`; nothing when the day has no more.
std::optional<unsigned> in_day(std::uint32_t hour_bits, std::uint64_t minute_bits, unsigned from) {
  const unsigned hour = from / 60;
  const std::uint64_t left = minute_bits & (~std::uint64_t{0} << (from % 60));
  if ((hour_bits >> hour & 1) != 0 && left != 0) {
    return hour * 60 + static_cast<unsigned>(std::countr_zero(left));
  }
  const std::uint32_t later = hour_bits & (~std::uint32_t{1} << hour);
  if (later == 0) return std::nullopt;
  return static_cast<unsigned>(std::countr_zero(later)) * 60 +
         static_cast<unsigned>(std::countr_zero(minute_bits));
}

unsigned nearest_weekday(unsigned day, unsigned weekday, unsigned last) {
  if (weekday == kSaturday) return day == 1 ? day + 2 : day - 1;
  if (weekday == 0) return day == last ? day - 2 : day + 1;
  return day;
}

}  // namespace

std::uint32_t Cron::days_of(int year, unsigned month) const {
  const unsigned last = days_in(year, month);
  const std::chrono::sys_days first{std::chrono::days(days_before(year, month))};
  const unsigned first_weekday = std::chrono::weekday(first).c_encoding();
  const auto weekday_of = [&](unsigned day) { return (first_weekday + day - 1) % 7; };
  // The first of a weekday counted from 1.
  const auto first_of = [&](unsigned weekday) { return 1 + (weekday - 1 + 7 - first_weekday) % 7; };
  const auto bit = [&](unsigned day) { return day > last ? 0U : std::uint32_t{1} << day; };
  switch (days_) {
    case Days::kOfMonth:
      return day_bits_ & ((std::uint32_t{2} << last) - 1);
    case Days::kOfWeek: {
      std::uint32_t bits = 0;
      for (unsigned weekday = 1; weekday <= 7; ++weekday) {
        if ((day_bits_ >> weekday & 1) == 0) continue;
        for (unsigned day = first_of(weekday); day <= last; day += 7) bits |= bit(day);
      }
      return bits;
    }
    case Days::kLast:
      return bit(last);
    case Days::kLastWeekday:
      return bit(nearest_weekday(last, weekday_of(last), last));
    case Days::kNearestWeekday:
      return day_ > last ? 0U : bit(nearest_weekday(day_, weekday_of(day_), last));
    case Days::kLastOfWeek: {
      const unsigned fourth = first_of(day_) + 21;
      return bit(fourth + 7 <= last ? fourth + 7 : fourth);
    }
    case Days::kNthOfWeek:
      return bit(first_of(day_) + 7 * (nth_ - 1U));
  }
  return 0;
}

std::optional<LocalMinute> Cron::in_month(int year, unsigned month, LocalMinute from) const {
  const LocalMinute start = days_before(year, month) * kMinutesOfDay;
  const LocalMinute passed = std::max<LocalMinute>(from - start, 0);
  const auto day = static_cast<unsigned>(passed / kMinutesOfDay) + 1;
  const std::uint32_t days = days_of(year, month);
  const auto at = [&](unsigned which, unsigned minute) {
    return start + (which - 1) * kMinutesOfDay + minute;
  };
  if ((days >> day & 1) != 0) {
    const auto minute =
        in_day(hour_bits_, minute_bits_, static_cast<unsigned>(passed % kMinutesOfDay));
    if (minute) return at(day, *minute);
  }
  const std::uint32_t later = days & (~std::uint32_t{1} << day);
  if (later == 0) return std::nullopt;
  return at(static_cast<unsigned>(std::countr_zero(later)), *in_day(hour_bits_, minute_bits_, 0));
}

std::optional<LocalMinute> Cron::at_or_after(LocalMinute from) const {
  if (from >= days_before(kYearLast + 1, 1) * kMinutesOfDay) return std::nullopt;
  from = std::max(from, days_before(kYearFirst, 1) * kMinutesOfDay);
  const std::chrono::sys_days today{std::chrono::days(from / kMinutesOfDay)};
  const std::chrono::year_month_day date(today);
  unsigned month = unsigned(date.month());
  for (int year = int(date.year()); year <= kYearLast; ++year, month = 1) {
    if (!year_bits_[static_cast<std::size_t>(year - kYearFirst)]) continue;
    for (; month <= 12; ++month) {
      if ((month_bits_ >> month & 1) == 0) continue;
      if (const auto found = in_month(year, month, from)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace lapwing::schedule

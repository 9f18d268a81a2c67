#include "schedule/occurrence.hpp"

#include <algorithm>
#include <chrono>

#include "schedule/limits.hpp"

namespace lapwing::schedule {
namespace {

using Seconds = std::chrono::seconds;
// Differences of instants and multiples of periods leave 64 bits.
using Wide = __int128;

// The first instant after the last year.
constexpr WallTime kEnd = std::chrono::sys_days(std::chrono::year(kYearLast + 1) / 1 / 1);

std::int64_t floor_seconds(WallTime time) {
  return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

// Nothing where WallTime does not reach.
std::optional<WallTime> instant(std::int64_t utc_seconds) {
  constexpr std::int64_t kFarthest = WallTime::max().time_since_epoch().count() / 1'000'000'000;
  if (utc_seconds > kFarthest || utc_seconds < -kFarthest) return std::nullopt;
  return WallTime(Seconds(utc_seconds));
}

std::int64_t minute_at_or_after(std::int64_t seconds) {
  return seconds / 60 + (seconds % 60 > 0 ? 1 : 0);
}
std::int64_t minute_after(std::int64_t seconds) {
  return seconds / 60 + (seconds % 60 < 0 ? 0 : 1);
}

std::optional<WallTime> next_cron(const Cron& cron, const Zone* zone, WallTime after) {
  const std::int64_t passed = floor_seconds(after);
  LocalMinute from = minute_after(passed + (zone == nullptr ? 0 : zone->offset_at(passed)));
  while (const auto minute = cron.at_or_after(from)) {
    if (zone == nullptr) return instant(*minute * 60);
    const Zone::Shown shown = zone->first(*minute * 60);
    if (shown.utc && *shown.utc > passed) return instant(*shown.utc);
    // Jumped over, or shown a second time: nothing before `resume_local` is of use.
    from = std::max(*minute + 1, minute_at_or_after(shown.resume_local));
  }
  return std::nullopt;
}

WallTime first_of(const Rate& rate, const Frame& frame) {
  if (frame.start) return *frame.start;
  const Wide first =
      Wide{frame.anchor.time_since_epoch().count()} + Wide{rate.period_seconds} * 1'000'000'000;
  return first < Wide{kEnd.time_since_epoch().count()}
             ? WallTime(Duration(static_cast<std::int64_t>(first)))
             : kEnd;
}

std::optional<WallTime> next_rate(const Rate& rate, WallTime first, WallTime after) {
  Wide due = first.time_since_epoch().count();
  if (after >= first) {
    const Wide period = Wide{rate.period_seconds} * 1'000'000'000;
    due += ((Wide{after.time_since_epoch().count()} - due) / period + 1) * period;
  }
  if (due >= Wide{kEnd.time_since_epoch().count()}) return std::nullopt;
  return WallTime(Duration(static_cast<std::int64_t>(due)));
}

std::optional<WallTime> once(const At& at, const Zone* zone) {
  if (zone == nullptr) return instant(at.local_seconds);
  const auto utc = zone->first(at.local_seconds).utc;
  if (!utc) return std::nullopt;
  return instant(*utc);
}

// In (after, until], for after >= 1970: halves the time that is left, and leaps to what it finds.
std::optional<WallTime> latest_cron(const Cron& cron, const Zone* zone, WallTime after,
                                    WallTime until) {
  auto found = next_cron(cron, zone, after);
  if (!found || *found > until) return std::nullopt;
  WallTime behind = until;
  while (behind - *found > std::chrono::minutes(1)) {
    const WallTime middle = *found + (behind - *found) / 2;
    const auto candidate = next_cron(cron, zone, middle);
    if (candidate && *candidate <= until) {
      found = candidate;
    } else {
      behind = middle;
    }
  }
  const auto last = next_cron(cron, zone, *found);
  return last && *last <= until ? last : found;
}

// The last instant before `start`, so that `start` itself comes after it.
WallTime before(WallTime start) { return start == WallTime::min() ? start : start - Duration(1); }

}  // namespace

std::optional<WallTime> next(const Expression& expression, const Frame& frame, WallTime after) {
  std::optional<WallTime> due;
  if (const auto* at = std::get_if<At>(&expression)) {
    due = once(*at, frame.zone);
    return due && *due > after ? due : std::nullopt;
  }
  if (const auto* rate = std::get_if<Rate>(&expression)) {
    due = next_rate(*rate, first_of(*rate, frame), after);
  } else {
    if (frame.start) after = std::max(after, before(*frame.start));
    due = next_cron(std::get<Cron>(expression), frame.zone, after);
  }
  if (!due || (frame.end && *due > *frame.end)) return std::nullopt;
  return due;
}

std::optional<WallTime> latest(const Expression& expression, const Frame& frame, WallTime after,
                               WallTime until) {
  const auto first = next(expression, frame, after);
  if (!first || *first > until) return std::nullopt;
  if (std::holds_alternative<At>(expression)) return first;
  if (frame.end) until = std::min(until, *frame.end);
  if (const auto* rate = std::get_if<Rate>(&expression)) {
    until = std::min(until, before(kEnd));
    const Wide period = Wide{rate->period_seconds} * 1'000'000'000;
    const Wide past = Wide{until.time_since_epoch().count()} - first->time_since_epoch().count();
    return *first + Duration(static_cast<std::int64_t>(past - past % period));
  }
  // Local time west of Greenwich goes on into the next year.
  until = std::min(until, kEnd + std::chrono::days(2));
  return latest_cron(std::get<Cron>(expression), frame.zone, before(*first), until);
}

WallTime within_window(WallTime due, std::int32_t window_minutes, std::uint64_t random) {
  const auto minutes = std::clamp<std::int32_t>(window_minutes, 0, kWindowMinutesMax);
  const auto seconds = static_cast<std::uint64_t>(minutes) * 60;
  // The upper half of the product: every second alike, without a remainder.
  const auto second = static_cast<std::int64_t>(
      static_cast<std::uint64_t>((static_cast<unsigned __int128>(random) * seconds) >> 64));
  return due + Seconds(second);
}

}  // namespace lapwing::schedule

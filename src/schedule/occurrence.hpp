// When a schedule occurs.
//
//   next(expression, frame, now)           // the first after `now`
//   latest(expression, frame, then, now)   // the newest after `then`, up to `now`: what was missed
//
// cron(): minutes that the zone's clocks show; those they jump over are skipped, those they show
// twice count once, the first time. At the full minute. rate(): start, start + period, start + 2
// periods ...; without a start: anchor + period and so on. The anchor is when a schedule was made;
// for a rule, when it was made or enabled. Phase and fractions of a second stay. at(): once; never,
// where clocks jump over it. Start and end do not count for it. Start and end themselves are
// within.
//
// Cost: below a microsecond for what people write; tens of them for a cron that never occurs.
//
// Sources: Scheduler user guide, "Schedule types" (daylight saving time, start and end) and
// "Flexible time windows".
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "schedule/expression.hpp"
#include "schedule/zone.hpp"

namespace lapwing::schedule {

struct Frame {
  const Zone* zone = nullptr;  // not owned; nullptr is UTC
  WallTime anchor = {};
  std::optional<WallTime> start = {};
  std::optional<WallTime> end = {};
};

// Nothing: never again.
std::optional<WallTime> next(const Expression& expression, const Frame& frame, WallTime after);

// In (after, until]. About 33 times the cost of next(), however many there were.
std::optional<WallTime> latest(const Expression& expression, const Frame& frame, WallTime after,
                               WallTime until);

// An instant of the window that opens when a schedule is due, on a whole second. `random` is 64
// random bits of the caller's; the same bits give the same instant. Windows beyond AWS's day count
// as a day.
WallTime within_window(WallTime due, std::int32_t window_minutes, std::uint64_t random);

}  // namespace lapwing::schedule

// A schedule expression, read once when it is stored, or refused in AWS's words.
//
//   const auto expression = schedule::parse(text, schedule::Dialect::kRule);
//   if (!expression) return validation_error(expression.error().message);
//
// The two services read differently:
//
//                   rules (events)                     Scheduler
//   rate(N UNIT)    minute, hour, day for 1, the       either form for any number, in any case
//                   plural else; lower case
//   cron(...)       UTC                                the schedule's time zone
//   at(...)         refused                            the schedule's time zone
//   refused with    "Parameter ScheduleExpression      "Invalid Schedule Expression <text>."
//                   is not valid."
//
// Nothing but the fields' own separators may be blank: " rate(5 minutes)" and "rate( 5 minutes )"
// are refused by both.
//
// Sources: EventBridge user guide "Setting a schedule pattern for scheduled rules"; Scheduler user
// guide "Schedule types" (whose rate units are the plurals alone, for any value); answers recorded
// from both services for the refusals in data/refused.json.
//
// Thread-safety: pure functions, plain values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "schedule/cron.hpp"

namespace lapwing::schedule {

enum class Dialect : std::uint8_t { kRule, kScheduler };

// Every so often, counted in elapsed time: a day is 24 hours, whatever clocks do.
struct Rate {
  std::int64_t period_seconds = 60;
};

// Once, when the clocks of the schedule's zone show this: seconds since 1970-01-01T00:00:00 as if
// local time were UTC.
struct At {
  std::int64_t local_seconds = 0;
};

using Expression = std::variant<Rate, Cron, At>;

struct Fault {
  std::string message;  // of a ValidationException
};

std::expected<Expression, Fault> parse(std::string_view text, Dialect dialect);

// Scheduler's words for a ScheduleExpressionTimezone that Zones does not find. [not recorded]
std::string unknown_zone(std::string_view name);

}  // namespace lapwing::schedule

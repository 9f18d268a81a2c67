#include "services/scheduler/timing.hpp"

#include <variant>

#include "schedule/expression.hpp"
#include "schedule/occurrence.hpp"

namespace lapwing::scheduler {
namespace {

std::optional<WallTime> wall(std::optional<std::int64_t> ms) {
  if (!ms) return std::nullopt;
  return wall_from_unix_ms(*ms);
}

}  // namespace

bool is_one_time(const Schedule& schedule) {
  const auto expression = schedule::parse(schedule.expression, schedule::Dialect::kScheduler);
  return expression && std::holds_alternative<schedule::At>(*expression);
}

std::optional<Due> next_due(const Schedule& schedule, const schedule::Zone* zone, WallTime after,
                            std::uint64_t random) {
  const auto expression = schedule::parse(schedule.expression, schedule::Dialect::kScheduler);
  if (!expression) return std::nullopt;
  const schedule::Frame frame{.zone = zone,
                              .anchor = wall_from_unix_ms(schedule.anchor_ms),
                              .start = wall(schedule.start_ms),
                              .end = wall(schedule.end_ms)};
  const std::optional<WallTime> occurrence = schedule::next(*expression, frame, after);
  if (!occurrence) return std::nullopt;
  WallTime due = *occurrence;
  if (schedule.flexible && schedule.window_minutes) {
    due = schedule::within_window(due, *schedule.window_minutes, random);
  }
  return Due{.scope = schedule.scope,
             .group = schedule.group,
             .name = schedule.name,
             .zone = schedule.zone,
             .occurrence_ms = unix_ms(*occurrence),
             .due_ms = unix_ms(due)};
}

}  // namespace lapwing::scheduler

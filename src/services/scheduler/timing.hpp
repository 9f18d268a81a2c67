// When a schedule is due: its next occurrence, and the instant in its window.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "schedule/zone.hpp"
#include "services/scheduler/schedule.hpp"

namespace lapwing::scheduler {

bool is_one_time(const Schedule& schedule);

// The first occurrence after `after`; nothing: it is over. `random` chooses the instant in a
// flexible window. A null zone is UTC.
std::optional<Due> next_due(const Schedule& schedule, const schedule::Zone* zone, WallTime after,
                            std::uint64_t random);

}  // namespace lapwing::scheduler

// What is checked of a schedule beyond its model.
//
// Thread-safety: any thread; nothing is read from the store.
#pragma once

#include <string_view>

#include "services/scheduler/core.hpp"
#include "services/scheduler/schedule.hpp"

namespace lapwing::scheduler {

// `start_is_new`: the request says another StartDate than the schedule has had.
Status check_schedule(Core& core, std::string_view operation, const Schedule& schedule,
                      bool start_is_new);

}  // namespace lapwing::scheduler

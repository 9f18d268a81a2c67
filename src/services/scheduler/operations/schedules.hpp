// Schedules: made, changed, shown, deleted.
#pragma once

#include "gen/scheduler/create_schedule.hpp"
#include "gen/scheduler/delete_schedule.hpp"
#include "gen/scheduler/get_schedule.hpp"
#include "gen/scheduler/list_schedules.hpp"
#include "gen/scheduler/update_schedule.hpp"
#include "services/scheduler/core.hpp"

namespace lapwing::scheduler {

Result<gen::scheduler::CreateScheduleOutput> create_schedule(
    Core& core, const aws::Call& call, gen::scheduler::CreateScheduleInput in);
Result<gen::scheduler::GetScheduleOutput> get_schedule(Core& core, const aws::Call& call,
                                                       gen::scheduler::GetScheduleInput in);
Result<gen::scheduler::ListSchedulesOutput> list_schedules(Core& core, const aws::Call& call,
                                                           gen::scheduler::ListSchedulesInput in);
// Replaces everything: what is left out is as it was never said.
Result<gen::scheduler::UpdateScheduleOutput> update_schedule(
    Core& core, const aws::Call& call, gen::scheduler::UpdateScheduleInput in);
Result<gen::scheduler::DeleteScheduleOutput> delete_schedule(
    Core& core, const aws::Call& call, gen::scheduler::DeleteScheduleInput in);

}  // namespace lapwing::scheduler

// Schedule groups and their tags.
#pragma once

#include "gen/scheduler/create_schedule_group.hpp"
#include "gen/scheduler/delete_schedule_group.hpp"
#include "gen/scheduler/get_schedule_group.hpp"
#include "gen/scheduler/list_schedule_groups.hpp"
#include "gen/scheduler/list_tags_for_resource.hpp"
#include "gen/scheduler/tag_resource.hpp"
#include "gen/scheduler/untag_resource.hpp"
#include "services/scheduler/core.hpp"
#include "services/scheduler/schedule.hpp"

namespace lapwing::scheduler {

// The default group is there without being created.
Result<Group> find_group(const Core& core, store::Reader& reader, const aws::Scope& scope,
                         std::string_view name);

Result<gen::scheduler::CreateScheduleGroupOutput> create_schedule_group(
    Core& core, const aws::Call& call, gen::scheduler::CreateScheduleGroupInput in);
Result<gen::scheduler::GetScheduleGroupOutput> get_schedule_group(
    Core& core, const aws::Call& call, gen::scheduler::GetScheduleGroupInput in);
Result<gen::scheduler::ListScheduleGroupsOutput> list_schedule_groups(
    Core& core, const aws::Call& call, gen::scheduler::ListScheduleGroupsInput in);
Result<gen::scheduler::DeleteScheduleGroupOutput> delete_schedule_group(
    Core& core, const aws::Call& call, gen::scheduler::DeleteScheduleGroupInput in);

Result<gen::scheduler::TagResourceOutput> tag_resource(Core& core, const aws::Call& call,
                                                       gen::scheduler::TagResourceInput in);
Result<gen::scheduler::UntagResourceOutput> untag_resource(Core& core, const aws::Call& call,
                                                           gen::scheduler::UntagResourceInput in);
Result<gen::scheduler::ListTagsForResourceOutput> list_tags_for_resource(
    Core& core, const aws::Call& call, gen::scheduler::ListTagsForResourceInput in);

}  // namespace lapwing::scheduler

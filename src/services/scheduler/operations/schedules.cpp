#include "services/scheduler/operations/schedules.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/scheduler/enums.hpp"
#include "resources/pages.hpp"
#include "services/scheduler/checks.hpp"
#include "services/scheduler/once.hpp"
#include "services/scheduler/operations/groups.hpp"
#include "services/scheduler/tables.hpp"
#include "services/scheduler/timing.hpp"
#include "services/scheduler/words.hpp"

namespace lapwing::scheduler {
namespace {

namespace gs = gen::scheduler;

std::string group_or_default(const std::optional<std::string>& name) {
  return name.value_or(std::string(kDefaultGroup));
}

Target target_of(gs::Target in) {
  Target out;
  out.arn = std::move(in.arn);
  out.role_arn = std::move(in.role_arn);
  out.input = std::move(in.input);
  if (in.retry_policy) {
    out.retries = in.retry_policy->maximum_retry_attempts.value_or(kRetriesDefault);
    out.event_age_s = in.retry_policy->maximum_event_age_in_seconds.value_or(kEventAgeDefault);
  }
  if (in.dead_letter_config) {
    out.has_dead_letter = true;
    out.dead_letter_arn = in.dead_letter_config->arn.value_or("");
  }
  if (in.sqs_parameters) {
    out.has_sqs = true;
    out.message_group = in.sqs_parameters->message_group_id.value_or("");
  }
  if (in.event_bridge_parameters) {
    out.detail_type = std::move(in.event_bridge_parameters->detail_type);
    out.source = std::move(in.event_bridge_parameters->source);
  }
  return out;
}

std::optional<std::string> if_any(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

gs::Target show(const Target& target) {
  gs::Target out;
  out.arn = target.arn;
  out.role_arn = target.role_arn;
  out.input = target.input;
  out.retry_policy.emplace();
  out.retry_policy->maximum_retry_attempts = target.retries;
  out.retry_policy->maximum_event_age_in_seconds = target.event_age_s;
  if (target.has_dead_letter) out.dead_letter_config.emplace().arn = if_any(target.dead_letter_arn);
  if (target.has_sqs) out.sqs_parameters.emplace().message_group_id = if_any(target.message_group);
  if (!target.source.empty()) {
    out.event_bridge_parameters.emplace();
    out.event_bridge_parameters->detail_type = target.detail_type;
    out.event_bridge_parameters->source = target.source;
  }
  return out;
}

std::optional<std::int64_t> ms_of(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return unix_ms(*time);
}

// Create and Update have the same members.
template <class In>
Schedule schedule_of(const aws::Call& call, In in) {
  Schedule out;
  out.scope = aws::scope_of(call.caller);
  out.group = group_or_default(in.group_name);
  out.name = std::move(in.name);
  out.expression = std::move(in.schedule_expression);
  out.zone = in.schedule_expression_timezone.value_or("UTC");
  out.start_ms = ms_of(in.start_date);
  out.end_ms = ms_of(in.end_date);
  out.description = std::move(in.description);
  out.enabled = in.state != gs::ScheduleState::kDisabled;
  out.delete_when_over = in.action_after_completion == gs::ActionAfterCompletion::kDelete;
  out.flexible = in.flexible_time_window.mode == gs::FlexibleTimeWindowMode::kFlexible;
  out.window_minutes = in.flexible_time_window.maximum_window_in_minutes;
  out.target = target_of(std::move(in.target));
  return out;
}

// What an occurrence waits for; nothing of a schedule that is disabled or over.
std::optional<Due> due_of(Core& core, const Schedule& schedule) {
  if (!schedule.enabled) return std::nullopt;
  const auto zone = core.zones.find(schedule.zone);
  return next_due(schedule, zone.get(), core.clock.wall(), random_bits(core.random));
}

Status put(store::Txn& txn, const Schedule& schedule, const std::optional<Due>& due) {
  LAPWING_CHECK(Schedules::put(txn, schedule));
  if (!due) return Dues::erase(txn, ScheduleTable::key(schedule));
  LAPWING_CHECK(Dues::put(txn, *due));
  return {};
}

Status check_group(const Core& core, store::Reader& reader, const Schedule& schedule) {
  LAPWING_TRY(const Group group, find_group(core, reader, schedule.scope, schedule.group));
  if (group.deleting) return fail(group_is_deleting(group.name));
  return {};
}

// kNotFound in Scheduler's words.
Result<Schedule> find(const Core& core, store::Reader& reader, const aws::Scope& scope,
                      const std::string& group, const std::string& name) {
  LAPWING_TRY(auto found, Schedules::find(reader, schedule_key(scope, group, name)));
  if (found) return std::move(found->record);
  LAPWING_CHECK(find_group(core, reader, scope, group));
  return fail(no_such_schedule(name));
}

}  // namespace

Result<gs::CreateScheduleOutput> create_schedule(Core& core, const aws::Call& call,
                                                 gs::CreateScheduleInput in) {
  const std::optional<std::string> token = in.client_token;
  Schedule schedule = schedule_of(call, std::move(in));
  LAPWING_CHECK(check_schedule(core, "CreateSchedule", schedule, true));
  const std::string request = Schedules::encode(schedule);
  schedule.created_ms = schedule.modified_ms = schedule.anchor_ms = core.now_ms();
  const std::optional<Due> due = due_of(core, schedule);
  LAPWING_CHECK(
      transact_once(core, call, "CreateSchedule", token, request, [&](store::Txn& txn) -> Status {
        LAPWING_CHECK(check_group(core, txn, schedule));
        LAPWING_TRY(const auto there, Schedules::find(txn, ScheduleTable::key(schedule)));
        if (there) return fail(schedule_exists(schedule.name));
        return put(txn, schedule, due);
      }));
  core.parts->due_task.notify();
  gs::CreateScheduleOutput out;
  out.schedule_arn = schedule.arn();
  return out;
}

Result<gs::GetScheduleOutput> get_schedule(Core& core, const aws::Call& call,
                                           gs::GetScheduleInput in) {
  std::optional<Schedule> found;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(found, find(core, reader, aws::scope_of(call.caller),
                            group_or_default(in.group_name), in.name));
    return {};
  }));
  const Schedule& schedule = *found;
  gs::GetScheduleOutput out;
  out.arn = schedule.arn();
  out.name = schedule.name;
  out.group_name = schedule.group;
  out.schedule_expression = schedule.expression;
  out.schedule_expression_timezone = schedule.zone;
  if (schedule.start_ms) out.start_date = wall_from_unix_ms(*schedule.start_ms);
  if (schedule.end_ms) out.end_date = wall_from_unix_ms(*schedule.end_ms);
  out.description = schedule.description;
  out.state = schedule.enabled ? gs::ScheduleState::kEnabled : gs::ScheduleState::kDisabled;
  out.action_after_completion = schedule.delete_when_over ? gs::ActionAfterCompletion::kDelete
                                                          : gs::ActionAfterCompletion::kNone;
  gs::FlexibleTimeWindow& window = out.flexible_time_window.emplace();
  window.mode =
      schedule.flexible ? gs::FlexibleTimeWindowMode::kFlexible : gs::FlexibleTimeWindowMode::kOff;
  window.maximum_window_in_minutes = schedule.window_minutes;
  out.target = show(schedule.target);
  out.creation_date = wall_from_unix_ms(schedule.created_ms);
  out.last_modification_date = wall_from_unix_ms(schedule.modified_ms);
  return out;
}

Result<gs::ListSchedulesOutput> list_schedules(Core& core, const aws::Call& call,
                                               gs::ListSchedulesInput in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::string begins = in.name_prefix.value_or("");
  const std::string prefix = in.group_name ? schedule_key(scope, *in.group_name, begins)
                                           : resources::scoped_key(scope, "");
  auto ask = resources::page_ask(
      fmt::format("scheduler.ListSchedules {} {} {}", prefix, begins, in.state.value_or("")),
      in.next_token, static_cast<std::size_t>(in.max_results.value_or(kPageMax)));
  if (!ask) return fail(invalid("Invalid pagination token provided."));
  const auto keep = [&](const Schedule& each) {
    if (in.state && each.enabled != (*in.state == gs::ScheduleState::kEnabled)) return false;
    return each.name.starts_with(begins);
  };
  gs::ListSchedulesOutput out;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    if (in.group_name) LAPWING_CHECK(find_group(core, reader, scope, *in.group_name));
    LAPWING_TRY(auto page, resources::page_records<ScheduleTable>(reader, *ask, prefix, keep));
    out.schedules.clear();
    for (const Schedule& each : page.items) {
      gs::ScheduleSummary& one = out.schedules.emplace_back();
      one.arn = each.arn();
      one.name = each.name;
      one.group_name = each.group;
      one.state = each.enabled ? gs::ScheduleState::kEnabled : gs::ScheduleState::kDisabled;
      one.target.emplace().arn = each.target.arn;
      one.creation_date = wall_from_unix_ms(each.created_ms);
      one.last_modification_date = wall_from_unix_ms(each.modified_ms);
    }
    out.next_token = std::move(page.next);
    return {};
  }));
  return out;
}

Result<gs::UpdateScheduleOutput> update_schedule(Core& core, const aws::Call& call,
                                                 gs::UpdateScheduleInput in) {
  const std::optional<std::string> token = in.client_token;
  Schedule schedule = schedule_of(call, std::move(in));
  const std::string request = Schedules::encode(schedule);
  std::optional<Schedule> before;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(before, find(core, reader, schedule.scope, schedule.group, schedule.name));
    return {};
  }));
  LAPWING_CHECK(
      check_schedule(core, "UpdateSchedule", schedule, schedule.start_ms != before->start_ms));
  schedule.modified_ms = core.now_ms();
  const std::uint64_t random = random_bits(core.random);
  const auto zone = core.zones.find(schedule.zone);
  LAPWING_CHECK(
      transact_once(core, call, "UpdateSchedule", token, request, [&](store::Txn& txn) -> Status {
        LAPWING_TRY(const Schedule old,
                    find(core, txn, schedule.scope, schedule.group, schedule.name));
        LAPWING_CHECK(check_group(core, txn, schedule));
        Schedule changed = schedule;
        changed.created_ms = old.created_ms;
        // A rate that stays keeps its phase.
        changed.anchor_ms =
            old.expression == changed.expression ? old.anchor_ms : changed.modified_ms;
        std::optional<Due> due;
        if (changed.enabled) {
          due = next_due(changed, zone.get(), wall_from_unix_ms(changed.modified_ms), random);
        }
        return put(txn, changed, due);
      }));
  core.parts->due_task.notify();
  gs::UpdateScheduleOutput out;
  out.schedule_arn = schedule.arn();
  return out;
}

Result<gs::DeleteScheduleOutput> delete_schedule(Core& core, const aws::Call& call,
                                                 gs::DeleteScheduleInput in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::string group = group_or_default(in.group_name);
  const std::string key = schedule_key(scope, group, in.name);
  LAPWING_CHECK(transact_once(core, call, "DeleteSchedule", in.client_token, key,
                              [&](store::Txn& txn) -> Status {
                                LAPWING_CHECK(find(core, txn, scope, group, in.name));
                                LAPWING_CHECK(Dues::erase(txn, key));
                                return Schedules::erase(txn, key);
                              }));
  return gs::DeleteScheduleOutput();
}

}  // namespace lapwing::scheduler

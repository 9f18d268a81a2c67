#include "services/scheduler/service.hpp"

#include <charconv>
#include <initializer_list>
#include <string>
#include <utility>

#include "delivery/outbox_events.hpp"
#include "hosting/event_pages.hpp"
#include "services/scheduler/operations/groups.hpp"
#include "services/scheduler/operations/schedules.hpp"
#include "services/scheduler/tables.hpp"

namespace lapwing::scheduler {
namespace {

namespace gs = gen::scheduler;
using aws::Access;

template <class In>
std::string schedule_arn(const aws::Call& call, const In& in) {
  Schedule named;
  named.scope = aws::scope_of(call.caller);
  named.group = in.group_name.value_or(std::string(kDefaultGroup));
  named.name = in.name;
  return named.arn();
}

template <class In>
std::string group_arn(const aws::Call& call, const In& in) {
  return Group{.scope = aws::scope_of(call.caller), .name = in.name}.arn();
}

template <class In>
std::string resource_arn(const aws::Call&, const In& in) {
  return in.resource_arn;
}

// Nothing would be encrypted with a key; parameters of targets that are not here.
constexpr std::initializer_list<std::string_view> kOfSchedules = {"ActionAfterCompletion",
                                                                  "ClientToken",
                                                                  "Description",
                                                                  "EndDate",
                                                                  "FlexibleTimeWindow",
                                                                  "GroupName",
                                                                  "Name",
                                                                  "ScheduleExpression",
                                                                  "ScheduleExpressionTimezone",
                                                                  "StartDate",
                                                                  "State",
                                                                  "Target.Arn",
                                                                  "Target.DeadLetterConfig",
                                                                  "Target.Input",
                                                                  "Target.EventBridgeParameters",
                                                                  "Target.RetryPolicy",
                                                                  "Target.RoleArn",
                                                                  "Target.SqsParameters"};

void add_schedules(aws::OperationTable& table, Core& core) {
  table.add<gs::CreateSchedule>(core, create_schedule,
                                {.access = Access::kWrite,
                                 .resource = schedule_arn<gs::CreateScheduleInput>,
                                 .accepts = kOfSchedules,
                                 .body_bytes_max = kBodyBytesMax});
  table.add<gs::UpdateSchedule>(core, update_schedule,
                                {.access = Access::kWrite,
                                 .resource = schedule_arn<gs::UpdateScheduleInput>,
                                 .accepts = kOfSchedules,
                                 .body_bytes_max = kBodyBytesMax});
  table.add<gs::GetSchedule>(
      core, get_schedule,
      {.access = Access::kRead, .resource = schedule_arn<gs::GetScheduleInput>});
  table.add<gs::DeleteSchedule>(
      core, delete_schedule,
      {.access = Access::kWrite, .resource = schedule_arn<gs::DeleteScheduleInput>});
  table.add<gs::ListSchedules>(core, list_schedules,
                               {.access = Access::kList, .resource = aws::kNoResource});
}

void add_groups(aws::OperationTable& table, Core& core) {
  table.add<gs::CreateScheduleGroup>(
      core, create_schedule_group,
      {.access = Access::kWrite, .resource = group_arn<gs::CreateScheduleGroupInput>});
  table.add<gs::GetScheduleGroup>(
      core, get_schedule_group,
      {.access = Access::kRead, .resource = group_arn<gs::GetScheduleGroupInput>});
  table.add<gs::DeleteScheduleGroup>(
      core, delete_schedule_group,
      {.access = Access::kWrite, .resource = group_arn<gs::DeleteScheduleGroupInput>});
  table.add<gs::ListScheduleGroups>(core, list_schedule_groups,
                                    {.access = Access::kList, .resource = aws::kNoResource});
  table.add<gs::TagResource>(
      core, tag_resource,
      {.access = Access::kTagging, .resource = resource_arn<gs::TagResourceInput>});
  table.add<gs::UntagResource>(
      core, untag_resource,
      {.access = Access::kTagging, .resource = resource_arn<gs::UntagResourceInput>});
  table.add<gs::ListTagsForResource>(
      core, list_tags_for_resource,
      {.access = Access::kRead, .resource = resource_arn<gs::ListTagsForResourceInput>});
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gs::kModel);
  add_schedules(table, core);
  add_groups(table, core);
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given, const std::string& zones)
    : given_(given),
      core_{.clock = given_.clock,
            .random = given_.random,
            .ports = given_.ports,
            .zones = schedule::Zones(zones)},
      api_(make_table(core_), given.pipeline) {}

Service::~Service() { stop(); }

Status Service::start() {
  LAPWING_TRY(store::Space* const space, given_.store.space("scheduler"));
  core_.parts = std::make_unique<Parts>(*space, given_.ports);
  Parts& parts = *core_.parts;
  LAPWING_CHECK(read_beginning());
  if (given_.ports.destinations != nullptr) parts.destinations = *given_.ports.destinations;
  if (given_.ports.api != nullptr) parts.destinations.add("scheduler", parts.calls);
  parts.waker =
      std::make_unique<hosting::SpaceWaker>("scheduler.waiting", *space, given_.background);
  parts.outbox = std::make_unique<delivery::Outbox>(
      "scheduler.outbox",
      delivery::Needs{*space, given_.clock, given_.random, given_.log, given_.background,
                      given_.loops, parts.destinations, given_.journal},
      parts.outgoing);
  LAPWING_CHECK(parts.outbox->start());
  parts.clockwork =
      std::make_unique<Clockwork>(given_.clock, given_.random, given_.log, *space, core_.zones,
                                  *parts.outbox, given_.journal, given_.disk);
  parts.due_task = given_.background.when_due("scheduler.due", *parts.clockwork);
  parts.due_task.notify();
  parts.removal_task = given_.background.when_due("scheduler.groups", parts.removal);
  parts.removal_task.notify();
  return {};
}

Status Service::read_beginning() {
  constexpr std::string_view kKind = "scheduler.beginning";
  constexpr std::string_view kKey = "wall_ms";
  LAPWING_TRY(const auto kept, core_.store().get(kKind, kKey));
  if (kept) {
    const std::string& text = kept->value;
    std::from_chars(text.data(), text.data() + text.size(), core_.began_ms);
    return {};
  }
  core_.began_ms = core_.now_ms();
  LAPWING_CHECK(core_.store().put(kKind, kKey, std::to_string(core_.began_ms)));
  return {};
}

void Service::drain() {
  if (core_.parts != nullptr && core_.parts->outbox != nullptr) core_.parts->outbox->drain();
}

void Service::stop() {
  if (core_.parts == nullptr) return;
  core_.parts->due_task.reset();
  core_.parts->removal_task.reset();
  if (core_.parts->outbox != nullptr) core_.parts->outbox->stop();
  core_.parts->waker.reset();
}

Result<journal::EventPage> Service::events(const journal::EventAsk& ask) {
  if (core_.parts == nullptr || core_.parts->clockwork == nullptr) return journal::EventPage();
  if (ask.list != journal::EventList::kSchedules) {
    return delivery::outbox_events(*core_.parts->outbox, "scheduler", given_.clock.wall(), ask);
  }
  // In the order in which they are due.
  return hosting::events_of_table<DueTable>(
      core_.store(), {.index = std::string(DueTable::kDue)}, ask,
      [&](const Due& due) -> Result<journal::EventRow> {
        Schedule named;
        named.scope = due.scope;
        named.group = due.group;
        named.name = due.name;
        return journal::EventRow{.what = "schedule", .name = named.arn(), .due_ms = due.due_ms};
      });
}

Result<std::size_t> Service::replay(std::string_view event) {
  if (core_.parts == nullptr || core_.parts->outbox == nullptr) return std::size_t{0};
  return core_.parts->outbox->replay(event);
}

void Service::metrics(hosting::MetricsText& text) const {
  if (core_.parts == nullptr || core_.parts->clockwork == nullptr) return;
  const delivery::Counts counts = core_.parts->outbox->counts();
  text.add("scheduler_occurrences", "counter", "Times that schedules were due.",
           core_.parts->clockwork->fired());
  text.add("scheduler_invocations", "counter", "Invocations that a target has taken.",
           counts.delivered);
  text.add("scheduler_attempts_failed", "counter", "Attempts to invoke a target that failed.",
           counts.failed_attempts);
  text.add("scheduler_dead_letters", "counter", "Invocations that went to a dead-letter queue.",
           counts.dead_letters);
  text.add("scheduler_invocations_dropped", "counter",
           "Invocations that failed and that no dead-letter queue took.", counts.dropped);
}

}  // namespace lapwing::scheduler

#include "services/scheduler/clockwork.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/scheduler/outgoing.hpp"
#include "services/scheduler/tables.hpp"
#include "services/scheduler/timing.hpp"

namespace lapwing::scheduler {
namespace {

// One that is due, and what was read and drawn for it outside of the transaction.
struct Step {
  Due due;
  std::shared_ptr<const schedule::Zone> zone;
  std::string execution_id;
  std::uint64_t random = 0;
};

Result<std::vector<Due>> first_dues(store::Reader& reader, std::size_t limit) {
  LAPWING_TRY(auto page,
              Dues::list(reader, {.index = std::string(DueTable::kDue), .limit = limit}));
  return std::move(page.records);
}

Duration window_of(const Schedule& schedule) {
  return std::chrono::minutes(schedule.flexible ? schedule.window_minutes.value_or(0) : 0);
}

// Moves on to the next occurrence, or ends the schedule.
Status move_on(store::Txn& txn, const Schedule& schedule, const Step& step, WallTime after) {
  if (const auto next = next_due(schedule, step.zone.get(), after, step.random)) {
    LAPWING_CHECK(Dues::put(txn, *next));
    return {};
  }
  LAPWING_CHECK(Dues::erase(txn, DueTable::key(step.due)));
  if (!schedule.delete_when_over) return {};
  return Schedules::erase(txn, ScheduleTable::key(schedule));
}

struct Lost {
  std::string schedule;
  Error why;
};

// What is due at one look, and what came of it.
struct Turn {
  WallTime now;
  std::size_t bytes = 0;
  std::vector<journal::Step> told = {};
  std::vector<Lost> lost = {};
};

// What no outbox ever takes is lost, so that it does not hold up what is due after it.
Status send(store::Txn& txn, const Schedule& schedule, const Step& step, delivery::Outbox& outbox,
            Turn& turn) {
  const Invocation invocation{.scope = schedule.scope,
                              .schedule_arn = schedule.arn(),
                              .target = schedule.target,
                              .execution_id = step.execution_id,
                              .occurrence_ms = step.due.occurrence_ms};
  const delivery::Posting posting = posting_of(invocation, step.due.due_ms);
  turn.bytes += posting.event.size();
  if (const Status accepted = outbox.accept(txn, posting); !accepted) {
    const ErrorKind kind = accepted.error().kind();
    const bool never = kind == ErrorKind::kTooLarge || kind == ErrorKind::kInvalid;
    if (!never) return accepted;
    turn.lost.push_back({invocation.schedule_arn, accepted.error()});
    return {};
  }
  turn.told.push_back({.event = invocation.execution_id,
                       .account = schedule.scope.account,
                       .kind = journal::StepKind::kAccepted,
                       .at = invocation.schedule_arn,
                       .to = invocation.target.arn});
  return {};
}

Status take(store::Txn& txn, const Step& step, delivery::Outbox& outbox, Turn& turn) {
  const std::string key = DueTable::key(step.due);
  LAPWING_TRY(const auto due, Dues::find(txn, key));
  if (!due || due->record.due_ms != step.due.due_ms ||
      due->record.occurrence_ms != step.due.occurrence_ms) {
    return {};  // changed meanwhile
  }
  LAPWING_TRY(const auto stored, Schedules::find(txn, key));
  if (!stored) return Dues::erase(txn, key);
  const Schedule& schedule = stored->record;
  if (step.zone == nullptr) {  // its next occurrence is not known
    Due again = step.due;
    again.due_ms = unix_ms(turn.now + kZoneAgain);
    LAPWING_CHECK(Dues::put(txn, again));
    return {};
  }
  const WallTime occurrence = wall_from_unix_ms(step.due.occurrence_ms);
  const Duration late_max = kLateMax + window_of(schedule);
  if (turn.now - occurrence > late_max && !is_one_time(schedule)) {
    return move_on(txn, schedule, step, std::max(occurrence, turn.now - late_max - Duration(1)));
  }
  LAPWING_CHECK(send(txn, schedule, step, outbox, turn));
  return move_on(txn, schedule, step, occurrence);
}

}  // namespace

Result<std::optional<MonoTime>> Clockwork::next_due() {
  std::vector<Due> first;
  LAPWING_CHECK(space_.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(first, first_dues(reader, 1));
    return {};
  }));
  if (first.empty()) return std::optional<MonoTime>();
  // A century is as good as never, and no clock overflows.
  constexpr Duration kFarthest = std::chrono::hours(24 * 365 * 100);
  const Duration left =
      wall_from_unix_ms(std::min(first[0].due_ms, unix_ms(clock_.wall() + kFarthest))) -
      clock_.wall();
  return std::optional(clock_.mono() + left);
}

Status Clockwork::run_due() {
  const WallTime now = clock_.wall();
  std::vector<Due> found;
  LAPWING_CHECK(space_.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(found, first_dues(reader, kBatch));
    return {};
  }));
  std::vector<Step> steps;
  for (Due& each : found) {
    if (each.due_ms > unix_ms(now)) break;
    auto zone = zones_.find(each.zone);
    if (zone == nullptr) {
      logger_.warn("scheduler", "a schedule waits for its time zone, which this machine lacks",
                   {{"schedule", DueTable::key(each)}, {"zone", each.zone}});
    }
    steps.push_back({std::move(each), std::move(zone), make_uuid(random_), random_bits(random_)});
  }
  if (steps.empty()) return {};
  if (disk_ != nullptr) LAPWING_CHECK(disk_->check(2 * kBatchBytes));

  Turn turn{.now = now};
  LAPWING_CHECK(space_.store().transact([&](store::Txn& txn) -> Status {
    turn.told.clear(), turn.lost.clear();
    turn.bytes = 0;
    for (const Step& step : steps) {
      if (turn.bytes > kBatchBytes) break;  // the rest is still due
      LAPWING_CHECK(take(txn, step, outbox_, turn));
    }
    return {};
  }));
  for (const Lost& each : turn.lost) {
    logger_.error("scheduler", "an occurrence cannot be sent, and is lost",
                  {{"schedule", each.schedule}, {"error", each.why.to_log()}});
  }
  std::vector<journal::Step>& told = turn.told;
  fired_.fetch_add(told.size(), std::memory_order_relaxed);
  if (journal_ == nullptr) return {};
  for (journal::Step& step : told) journal_->note(std::move(step));
  return {};
}

}  // namespace lapwing::scheduler

#include "services/sqs/operations/moves.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/sqs/errors.hpp"
#include "services/sqs/tables.hpp"
#include "services/sqs/words.hpp"

namespace lapwing::sqs {
namespace {

namespace errors = gen::sqs::errors;

Result<QueuePtr> queue_of(Core& core, const aws::Call& call, const std::string& arn,
                          std::string_view parameter) {
  const auto address = parse_arn(arn);
  if (!address) return fail(invalid_value(arn, parameter, "It is not the ARN of a queue."));
  LAPWING_CHECK(check_account(call, *address));
  const QueuePtr found = core.catalog().find(*address);
  if (found != nullptr) return found;
  return fail(errors::resource_not_found(fmt::format(
      "The resource that you specified for the {} parameter doesn't exist.", parameter)));
}

bool is_dead_letter_queue(Core& core, const Queue& queue) {
  const std::string arn = queue.arn();
  return !core.catalog()
              .list(queue.scope, "", "", 1,
                    [&](const Queue& each) {
                      return each.redrive && each.redrive->target_arn == arn;
                    })
              .empty();
}

Result<std::vector<MoveTask>> tasks_of(store::Reader& reader, const std::string& place) {
  LAPWING_TRY(auto page, MoveTasks::list(reader, {.prefix = place + "/",
                                                  .limit = 2 * kMovesKept,
                                                  .order = store::Order::kDescending}));
  return std::move(page.records);
}

Status check_rate(std::optional<std::int32_t> rate) {
  if (!rate || (*rate >= 1 && *rate <= kMoveRateMax)) return {};
  return fail(invalid_value(std::to_string(*rate), "MaxNumberOfMessagesPerSecond",
                            fmt::format("Must be between 1 and {}, if provided.", kMoveRateMax)));
}

// One at a time for each queue; of those that are over the latest are kept.
Status begin(store::Txn& txn, const MoveTask& task) {
  LAPWING_TRY(const std::vector<MoveTask> before, tasks_of(txn, task.place));
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].running()) {
      return fail(errors::invalid_parameter_value(
          "There is already a task running. Only one active task is allowed for a source queue arn "
          "at a given time."));
    }
    if (i + 1 >= kMovesKept) LAPWING_CHECK(MoveTasks::erase(txn, before[i].key()));
  }
  LAPWING_CHECK(MoveTasks::insert(txn, task));
  return {};
}

gen::sqs::ListMessageMoveTasksResultEntry entry_of(const MoveTask& task) {
  gen::sqs::ListMessageMoveTasksResultEntry out;
  if (task.running()) out.task_handle = task.handle();
  out.status = task.status;
  out.source_arn = task.source_arn;
  if (!task.destination_arn.empty()) out.destination_arn = task.destination_arn;
  if (task.rate > 0) out.max_number_of_messages_per_second = task.rate;
  out.approximate_number_of_messages_moved = task.moved;
  out.approximate_number_of_messages_to_move = task.to_move;
  out.started_timestamp = task.started_ms;
  if (!task.failure.empty()) out.failure_reason = task.failure;
  return out;
}

}  // namespace

Result<gen::sqs::StartMessageMoveTaskResult> start_message_move_task(
    Core& core, const aws::Call& call, const gen::sqs::StartMessageMoveTaskRequest& in) {
  LAPWING_CHECK(check_rate(in.max_number_of_messages_per_second));
  LAPWING_TRY(const QueuePtr source, queue_of(core, call, in.source_arn, "SourceArn"));
  if (in.destination_arn && !in.destination_arn->empty()) {
    LAPWING_TRY(const QueuePtr to, queue_of(core, call, *in.destination_arn, "DestinationArn"));
    if (to == source) {
      return fail(errors::invalid_parameter_value(
          "Source and destination queue of a message move task must not be the same."));
    }
    if (to->fifo != source->fifo) {
      return fail(errors::invalid_parameter_value(
          "The destination queue must be of the same type as the source queue."));
    }
  }
  if (!is_dead_letter_queue(core, *source)) {
    return fail(
        errors::invalid_parameter_value("Source queue must be configured as a Dead Letter Queue."));
  }
  if (core.parts->mover.running(source->scope) >= kMovesActiveMax) {
    return fail(errors::over_limit(
        fmt::format("The maximum number of active tasks is reached: {}.", kMovesActiveMax)));
  }
  LAPWING_TRY(const store::QueueStats counts, core.messages().stats(source->place));
  MoveTask task;
  task.id = make_uuid(*core.random);
  task.source_arn = in.source_arn;
  task.place = source->place;
  task.destination_arn = in.destination_arn.value_or("");
  task.rate = in.max_number_of_messages_per_second.value_or(0);
  task.to_move = static_cast<std::int64_t>(counts.visible);
  task.there = static_cast<std::int64_t>(counts.visible + counts.delayed + counts.in_flight);
  task.started_ms = core.now_ms();
  const auto written =
      core.store().transact([&](store::Txn& txn) -> Status { return begin(txn, task); });
  if (!written) return fail(store_failure(written.error()));
  core.parts->mover.start(task);
  return gen::sqs::StartMessageMoveTaskResult{.task_handle = task.handle()};
}

Result<gen::sqs::CancelMessageMoveTaskResult> cancel_message_move_task(
    Core& core, const aws::Call& call, const gen::sqs::CancelMessageMoveTaskRequest& in) {
  const auto handle = read_move_handle(in.task_handle);
  if (!handle) {
    return fail(errors::invalid_parameter_value("Value for parameter TaskHandle is invalid."));
  }
  LAPWING_TRY(const QueuePtr source, queue_of(core, call, handle->source_arn, "SourceArn"));
  std::int64_t moved = 0;
  const auto written = core.store().transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(std::vector<MoveTask> tasks, tasks_of(txn, source->place));
    for (MoveTask& task : tasks) {
      if (task.id != handle->task_id) continue;
      if (!task.running()) {
        return fail(errors::invalid_parameter_value("Only active tasks can be cancelled."));
      }
      moved = task.moved;
      task.status = move_status::kCancelled;
      LAPWING_CHECK(MoveTasks::put(txn, task));
      return {};
    }
    return fail(errors::resource_not_found("Task does not exist."));
  });
  if (!written) return fail(store_failure(written.error()));
  return gen::sqs::CancelMessageMoveTaskResult{.approximate_number_of_messages_moved = moved};
}

Result<gen::sqs::ListMessageMoveTasksResult> list_message_move_tasks(
    Core& core, const aws::Call& call, const gen::sqs::ListMessageMoveTasksRequest& in) {
  const std::int32_t max = in.max_results.value_or(1);
  if (max < 1 || max > kMovesListedMax) {
    return fail(
        invalid_value(std::to_string(max), "MaxResults",
                      fmt::format("Must be between 1 and {}, if provided.", kMovesListedMax)));
  }
  LAPWING_TRY(const QueuePtr source, queue_of(core, call, in.source_arn, "SourceArn"));
  std::vector<MoveTask> tasks;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(tasks, tasks_of(reader, source->place));
    return {};
  }));
  gen::sqs::ListMessageMoveTasksResult out;
  out.results.emplace();
  for (const MoveTask& task : tasks) {
    if (out.results->size() == static_cast<std::size_t>(max)) break;
    out.results->push_back(entry_of(task));
  }
  return out;
}

}  // namespace lapwing::sqs

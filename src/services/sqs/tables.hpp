// The records of queues and of message-move tasks, in the space of the messages.
#pragma once

#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/sqs/move_task.hpp"
#include "services/sqs/queue.hpp"

namespace lapwing::sqs {

struct QueueTable {
  using Record = Queue;
  static constexpr std::string_view kKind = "sqs.queue";
  static constexpr int kFormat = 1;

  static std::string key(const Queue& queue) { return queue.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& queue) {
    resources::scope_fields(f, queue.scope);
    f("name", queue.name);
    f("place", queue.place);
    f("created", queue.created_ms);
    f("modified", queue.modified_ms);
    f("purged", queue.purged_ms);
    f("deleted", queue.deleted_ms);
    f("delay", queue.delay_s);
    f("message_bytes_max", queue.message_bytes_max);
    f("retention", queue.retention_s);
    f("wait", queue.wait_s);
    f("visibility", queue.visibility_s);
    f("fifo", queue.fifo);
    f("content_deduplication", queue.content_deduplication);
    f("deduplicate_by_group", queue.deduplicate_by_group);
    f("limit_by_group", queue.limit_by_group);
    f("redrive", queue.redrive);
    f("redrive_allow", queue.redrive_allow);
    f("redrive_allow_policy", queue.redrive_allow_policy);
    f("policy", queue.policy);
    f("kms_key", queue.kms_key);
    f("kms_reuse", queue.kms_reuse_s);
    f("managed_sse", queue.managed_sse);
    f("tags", queue.tags);
  }
};
using Queues = resources::Table<QueueTable>;

struct GraveTable {
  using Record = Grave;
  static constexpr std::string_view kKind = "sqs.grave";
  static constexpr int kFormat = 1;

  static std::string key(const Grave& grave) { return grave.place; }

  template <class Fields, class R>
  static void fields(Fields& f, R& grave) {
    f("place", grave.place);
    f("deleted", grave.deleted_ms);
  }
};
using Graves = resources::Table<GraveTable>;

struct MoveTaskTable {
  using Record = MoveTask;
  static constexpr std::string_view kKind = "sqs.move";
  static constexpr int kFormat = 1;

  static std::string key(const MoveTask& task) { return task.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& task) {
    f("id", task.id);
    f("source", task.source_arn);
    f("place", task.place);
    f("destination", task.destination_arn);
    f("rate", task.rate);
    f("status", task.status);
    f("moved", task.moved);
    f("there", task.there);
    f("to_move", task.to_move);
    f("started", task.started_ms);
    f("failure", task.failure);
  }
};
using MoveTasks = resources::Table<MoveTaskTable>;

}  // namespace lapwing::sqs

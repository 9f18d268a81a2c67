#include "services/sqs/service.hpp"

#include "services/sqs/event_facts.hpp"
#include "services/sqs/operations/finish.hpp"
#include "services/sqs/operations/moves.hpp"
#include "services/sqs/operations/queues.hpp"
#include "services/sqs/operations/receive.hpp"
#include "services/sqs/operations/send.hpp"
#include "services/sqs/operations/settings.hpp"

namespace lapwing::sqs {
namespace {

using aws::Access;

// Of the queue whose URL is in the input; one that names none is refused by its operation.
template <class In>
std::string queue_arn(const aws::Call& call, const In& in) {
  const auto address = parse_url(call, in.queue_url);
  return address ? address->arn() : std::string("*");
}

template <class In>
std::string named_arn(const aws::Call& call, const In& in) {
  return Address{aws::scope_of(call.caller), in.queue_name}.arn();
}

template <class In>
std::string source_arn(const aws::Call&, const In& in) {
  return in.source_arn;
}

std::string task_arn(const aws::Call&, const gen::sqs::CancelMessageMoveTaskRequest& in) {
  const auto handle = read_move_handle(in.task_handle);
  return handle ? handle->source_arn : std::string("*");
}

void add_messages(aws::OperationTable& table, Core& core) {
  table.add<gen::sqs::SendMessage>(core, send_message,
                                   {.access = Access::kWrite,
                                    .resource = queue_arn<gen::sqs::SendMessageRequest>,
                                    .body_bytes_max = kSendBodyBytesMax});
  table.add<gen::sqs::SendMessageBatch>(core, send_message_batch,
                                        {.access = Access::kWrite,
                                         .action = "sqs:SendMessage",
                                         .resource = queue_arn<gen::sqs::SendMessageBatchRequest>,
                                         .body_bytes_max = kSendBodyBytesMax});
  table.add<gen::sqs::ReceiveMessage>(
      core, receive_message,
      {.access = Access::kRead, .resource = queue_arn<gen::sqs::ReceiveMessageRequest>});
  table.add<gen::sqs::DeleteMessage>(
      core, delete_message,
      {.access = Access::kWrite, .resource = queue_arn<gen::sqs::DeleteMessageRequest>});
  table.add<gen::sqs::DeleteMessageBatch>(
      core, delete_message_batch,
      {.access = Access::kWrite,
       .action = "sqs:DeleteMessage",
       .resource = queue_arn<gen::sqs::DeleteMessageBatchRequest>});
  table.add<gen::sqs::ChangeMessageVisibility>(
      core, change_message_visibility,
      {.access = Access::kWrite, .resource = queue_arn<gen::sqs::ChangeMessageVisibilityRequest>});
  table.add<gen::sqs::ChangeMessageVisibilityBatch>(
      core, change_message_visibility_batch,
      {.access = Access::kWrite,
       .action = "sqs:ChangeMessageVisibility",
       .resource = queue_arn<gen::sqs::ChangeMessageVisibilityBatchRequest>});
}

void add_queues(aws::OperationTable& table, Core& core) {
  table.add<gen::sqs::CreateQueue>(
      core, create_queue,
      {.access = Access::kWrite, .resource = named_arn<gen::sqs::CreateQueueRequest>});
  table.add<gen::sqs::DeleteQueue>(
      core, delete_queue,
      {.access = Access::kWrite, .resource = queue_arn<gen::sqs::DeleteQueueRequest>});
  table.add<gen::sqs::GetQueueUrl>(
      core, get_queue_url,
      {.access = Access::kRead, .resource = named_arn<gen::sqs::GetQueueUrlRequest>});
  table.add<gen::sqs::ListQueues>(core, list_queues,
                                  {.access = Access::kList, .resource = aws::kNoResource});
  table.add<gen::sqs::ListDeadLetterSourceQueues>(
      core, list_dead_letter_source_queues,
      {.access = Access::kList,
       .resource = queue_arn<gen::sqs::ListDeadLetterSourceQueuesRequest>});
  table.add<gen::sqs::PurgeQueue>(
      core, purge_queue,
      {.access = Access::kWrite, .resource = queue_arn<gen::sqs::PurgeQueueRequest>});
  table.add<gen::sqs::StartMessageMoveTask>(
      core, start_message_move_task,
      {.access = Access::kWrite, .resource = source_arn<gen::sqs::StartMessageMoveTaskRequest>});
  table.add<gen::sqs::CancelMessageMoveTask>(core, cancel_message_move_task,
                                             {.access = Access::kWrite, .resource = task_arn});
  table.add<gen::sqs::ListMessageMoveTasks>(
      core, list_message_move_tasks,
      {.access = Access::kRead, .resource = source_arn<gen::sqs::ListMessageMoveTasksRequest>});
}

void add_settings(aws::OperationTable& table, Core& core) {
  table.add<gen::sqs::GetQueueAttributes>(
      core, get_queue_attributes,
      {.access = Access::kRead, .resource = queue_arn<gen::sqs::GetQueueAttributesRequest>});
  table.add<gen::sqs::SetQueueAttributes>(
      core, set_queue_attributes,
      {.access = Access::kWrite, .resource = queue_arn<gen::sqs::SetQueueAttributesRequest>});
  table.add<gen::sqs::ListQueueTags>(
      core, list_queue_tags,
      {.access = Access::kRead, .resource = queue_arn<gen::sqs::ListQueueTagsRequest>});
  table.add<gen::sqs::TagQueue>(
      core, tag_queue,
      {.access = Access::kTagging, .resource = queue_arn<gen::sqs::TagQueueRequest>});
  table.add<gen::sqs::UntagQueue>(
      core, untag_queue,
      {.access = Access::kTagging, .resource = queue_arn<gen::sqs::UntagQueueRequest>});
  table.add<gen::sqs::AddPermission>(
      core, add_permission,
      {.access = Access::kPermissions, .resource = queue_arn<gen::sqs::AddPermissionRequest>});
  table.add<gen::sqs::RemovePermission>(
      core, remove_permission,
      {.access = Access::kPermissions, .resource = queue_arn<gen::sqs::RemovePermissionRequest>});
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gen::sqs::kModel);
  add_messages(table, core);
  add_queues(table, core);
  add_settings(table, core);
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given, const sqs::Settings& settings)
    : given_(given),
      deliveries_(core_),
      source_(core_, given_.pipeline.authoriser),
      api_(make_table(core_), given.pipeline) {
  core_.clock = &given_.clock;
  core_.random = &given_.random;
  core_.settings = settings;
}

void Service::publish(hosting::Ports& ports) {
  if (ports.destinations != nullptr) ports.destinations->add("sqs", deliveries_);
  ports.queues = &source_;
}

Status Service::start() {
  LAPWING_TRY(core_.space, given_.store.space("sqs"));
  core_.parts = std::make_unique<Parts>(given_.clock, given_.random, *core_.space, given_.disk,
                                        core_.settings, given_.journal);
  core_.parts->catalog.on_changed([this](const std::string& arn) { source_.changed(arn); });
  LAPWING_CHECK(core_.parts->catalog.load());
  waker_ = std::make_unique<hosting::SpaceWaker>("sqs.due", *core_.space, given_.background);
  core_.parts->room.begin(given_.background, core_.parts->catalog, core_.space->queue());
  core_.parts->polls.begin(given_.background);
  core_.parts->telling.dead().begin(given_.background, given_.clock);
  LAPWING_CHECK(core_.parts->retention.begin(given_.background));
  return core_.parts->mover.begin(given_.background);
}

Result<journal::EventPage> Service::events(const journal::EventAsk& ask) {
  if (core_.parts == nullptr) return journal::EventPage();
  return event_facts(core_, ask);
}

Result<std::size_t> Service::replay(std::string_view event) {
  if (core_.parts == nullptr) return std::size_t{0};
  return move_back(core_, event);
}

void Service::stop() {
  if (core_.parts == nullptr) return;
  core_.parts->room.stop();
  core_.parts->polls.stop();
  core_.parts->mover.stop();
  core_.parts->retention.stop();
  core_.parts->telling.dead().stop();
  waker_.reset();
}

}  // namespace lapwing::sqs

#include "services/sqs/service.hpp"

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
  using namespace gen::sqs;
  table.add<SendMessage>(core, send_message,
                         {.access = Access::kWrite,
                          .resource = queue_arn<SendMessageRequest>,
                          .body_bytes_max = kSendBodyBytesMax});
  table.add<SendMessageBatch>(core, send_message_batch,
                              {.access = Access::kWrite,
                               .action = "sqs:SendMessage",
                               .resource = queue_arn<SendMessageBatchRequest>,
                               .body_bytes_max = kSendBodyBytesMax});
  table.add<ReceiveMessage>(
      core, receive_message,
      {.access = Access::kRead, .resource = queue_arn<ReceiveMessageRequest>});
  table.add<DeleteMessage>(core, delete_message,
                           {.access = Access::kWrite, .resource = queue_arn<DeleteMessageRequest>});
  table.add<DeleteMessageBatch>(core, delete_message_batch,
                                {.access = Access::kWrite,
                                 .action = "sqs:DeleteMessage",
                                 .resource = queue_arn<DeleteMessageBatchRequest>});
  table.add<ChangeMessageVisibility>(
      core, change_message_visibility,
      {.access = Access::kWrite, .resource = queue_arn<ChangeMessageVisibilityRequest>});
  table.add<ChangeMessageVisibilityBatch>(
      core, change_message_visibility_batch,
      {.access = Access::kWrite,
       .action = "sqs:ChangeMessageVisibility",
       .resource = queue_arn<ChangeMessageVisibilityBatchRequest>});
}

void add_queues(aws::OperationTable& table, Core& core) {
  using namespace gen::sqs;
  table.add<CreateQueue>(core, create_queue,
                         {.access = Access::kWrite, .resource = named_arn<CreateQueueRequest>});
  table.add<DeleteQueue>(core, delete_queue,
                         {.access = Access::kWrite, .resource = queue_arn<DeleteQueueRequest>});
  table.add<GetQueueUrl>(core, get_queue_url,
                         {.access = Access::kRead, .resource = named_arn<GetQueueUrlRequest>});
  table.add<ListQueues>(core, list_queues, {.access = Access::kList});
  table.add<ListDeadLetterSourceQueues>(
      core, list_dead_letter_source_queues,
      {.access = Access::kList, .resource = queue_arn<ListDeadLetterSourceQueuesRequest>});
  table.add<PurgeQueue>(core, purge_queue,
                        {.access = Access::kWrite, .resource = queue_arn<PurgeQueueRequest>});
  table.add<StartMessageMoveTask>(
      core, start_message_move_task,
      {.access = Access::kWrite, .resource = source_arn<StartMessageMoveTaskRequest>});
  table.add<CancelMessageMoveTask>(core, cancel_message_move_task,
                                   {.access = Access::kWrite, .resource = task_arn});
  table.add<ListMessageMoveTasks>(
      core, list_message_move_tasks,
      {.access = Access::kRead, .resource = source_arn<ListMessageMoveTasksRequest>});
}

void add_settings(aws::OperationTable& table, Core& core) {
  using namespace gen::sqs;
  table.add<GetQueueAttributes>(
      core, get_queue_attributes,
      {.access = Access::kRead, .resource = queue_arn<GetQueueAttributesRequest>});
  table.add<SetQueueAttributes>(
      core, set_queue_attributes,
      {.access = Access::kWrite, .resource = queue_arn<SetQueueAttributesRequest>});
  table.add<ListQueueTags>(core, list_queue_tags,
                           {.access = Access::kRead, .resource = queue_arn<ListQueueTagsRequest>});
  table.add<TagQueue>(core, tag_queue,
                      {.access = Access::kTagging, .resource = queue_arn<TagQueueRequest>});
  table.add<UntagQueue>(core, untag_queue,
                        {.access = Access::kTagging, .resource = queue_arn<UntagQueueRequest>});
  table.add<AddPermission>(
      core, add_permission,
      {.access = Access::kPermissions, .resource = queue_arn<AddPermissionRequest>});
  table.add<RemovePermission>(
      core, remove_permission,
      {.access = Access::kPermissions, .resource = queue_arn<RemovePermissionRequest>});
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gen::sqs::kModel);
  add_messages(table, core);
  add_queues(table, core);
  add_settings(table, core);
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given, const Options& options)
    : given_(given), api_(make_table(core_), given.pipeline) {
  core_.clock = &given_.clock;
  core_.random = &given_.random;
  core_.options = options;
}

Status Service::start() {
  LAPWING_TRY(core_.space, given_.store.space("sqs"));
  core_.parts = std::make_unique<Parts>(given_.clock, given_.random, *core_.space);
  LAPWING_CHECK(core_.parts->catalog.load());
  waker_ = std::make_unique<hosting::SpaceWaker>("sqs.due", *core_.space, given_.background);
  core_.parts->polls.begin(given_.background);
  core_.parts->retention.begin(given_.background);
  return core_.parts->mover.begin(given_.background);
}

void Service::stop() {
  if (core_.parts == nullptr) return;
  core_.parts->polls.stop();
  core_.parts->mover.stop();
  core_.parts->retention.stop();
  waker_.reset();
}

}  // namespace lapwing::sqs

// CreateQueue, DeleteQueue, GetQueueUrl, ListQueues, ListDeadLetterSourceQueues, PurgeQueue.
#pragma once

#include "aws/empty.hpp"
#include "gen/sqs/create_queue.hpp"
#include "gen/sqs/delete_queue.hpp"
#include "gen/sqs/get_queue_url.hpp"
#include "gen/sqs/list_dead_letter_source_queues.hpp"
#include "gen/sqs/list_queues.hpp"
#include "gen/sqs/purge_queue.hpp"
#include "services/sqs/core.hpp"

namespace lapwing::sqs {

Result<gen::sqs::CreateQueueResult> create_queue(Core& core, const aws::Call& call,
                                                 const gen::sqs::CreateQueueRequest& in);
Result<aws::Empty> delete_queue(Core& core, const aws::Call& call,
                                const gen::sqs::DeleteQueueRequest& in);
Result<gen::sqs::GetQueueUrlResult> get_queue_url(Core& core, const aws::Call& call,
                                                  const gen::sqs::GetQueueUrlRequest& in);
Result<gen::sqs::ListQueuesResult> list_queues(Core& core, const aws::Call& call,
                                               const gen::sqs::ListQueuesRequest& in);
Result<gen::sqs::ListDeadLetterSourceQueuesResult> list_dead_letter_source_queues(
    Core& core, const aws::Call& call, const gen::sqs::ListDeadLetterSourceQueuesRequest& in);
Result<aws::Empty> purge_queue(Core& core, const aws::Call& call,
                               const gen::sqs::PurgeQueueRequest& in);

}  // namespace lapwing::sqs

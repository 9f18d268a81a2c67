// DeleteMessage, ChangeMessageVisibility, and their batches.
#pragma once

#include "aws/empty.hpp"
#include "gen/sqs/change_message_visibility.hpp"
#include "gen/sqs/change_message_visibility_batch.hpp"
#include "gen/sqs/delete_message.hpp"
#include "gen/sqs/delete_message_batch.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sqs/core.hpp"

namespace lapwing::sqs {

net::Task<Result<aws::Empty>> delete_message(Core& core, net::Loop& loop, const aws::Call& call,
                                             gen::sqs::DeleteMessageRequest in);
net::Task<Result<gen::sqs::DeleteMessageBatchResult>> delete_message_batch(
    Core& core, net::Loop& loop, const aws::Call& call, gen::sqs::DeleteMessageBatchRequest in);
net::Task<Result<aws::Empty>> change_message_visibility(
    Core& core, net::Loop& loop, const aws::Call& call,
    gen::sqs::ChangeMessageVisibilityRequest in);
net::Task<Result<gen::sqs::ChangeMessageVisibilityBatchResult>> change_message_visibility_batch(
    Core& core, net::Loop& loop, const aws::Call& call,
    gen::sqs::ChangeMessageVisibilityBatchRequest in);

}  // namespace lapwing::sqs

// SendMessage, SendMessageBatch.
#pragma once

#include "gen/sqs/send_message.hpp"
#include "gen/sqs/send_message_batch.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sqs/core.hpp"

namespace lapwing::sqs {

net::Task<Result<gen::sqs::SendMessageResult>> send_message(Core& core, net::Loop& loop,
                                                            const aws::Call& call,
                                                            gen::sqs::SendMessageRequest in);
net::Task<Result<gen::sqs::SendMessageBatchResult>> send_message_batch(
    Core& core, net::Loop& loop, const aws::Call& call, gen::sqs::SendMessageBatchRequest in);

}  // namespace lapwing::sqs

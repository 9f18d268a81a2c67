// ReceiveMessage. The task is awaited at once: what is refused is so when it is made.
#pragma once

#include "gen/sqs/receive_message.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sqs/core.hpp"

namespace lapwing::sqs {

net::Task<Result<gen::sqs::ReceiveMessageResult>> receive_message(
    Core& core, net::Loop& loop, const aws::Call& call, gen::sqs::ReceiveMessageRequest in);

}  // namespace lapwing::sqs

// StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks.
#pragma once

#include "gen/sqs/cancel_message_move_task.hpp"
#include "gen/sqs/list_message_move_tasks.hpp"
#include "gen/sqs/start_message_move_task.hpp"
#include "services/sqs/core.hpp"

namespace lapwing::sqs {

Result<gen::sqs::StartMessageMoveTaskResult> start_message_move_task(
    Core& core, const aws::Call& call, const gen::sqs::StartMessageMoveTaskRequest& in);
Result<gen::sqs::CancelMessageMoveTaskResult> cancel_message_move_task(
    Core& core, const aws::Call& call, const gen::sqs::CancelMessageMoveTaskRequest& in);
Result<gen::sqs::ListMessageMoveTasksResult> list_message_move_tasks(
    Core& core, const aws::Call& call, const gen::sqs::ListMessageMoveTasksRequest& in);

}  // namespace lapwing::sqs

// What is set on a queue: attributes, tags, permissions.
#pragma once

#include "aws/empty.hpp"
#include "gen/sqs/add_permission.hpp"
#include "gen/sqs/get_queue_attributes.hpp"
#include "gen/sqs/list_queue_tags.hpp"
#include "gen/sqs/remove_permission.hpp"
#include "gen/sqs/set_queue_attributes.hpp"
#include "gen/sqs/tag_queue.hpp"
#include "gen/sqs/untag_queue.hpp"
#include "services/sqs/core.hpp"

namespace lapwing::sqs {

Result<gen::sqs::GetQueueAttributesResult> get_queue_attributes(
    Core& core, const aws::Call& call, const gen::sqs::GetQueueAttributesRequest& in);
Result<aws::Empty> set_queue_attributes(Core& core, const aws::Call& call,
                                        const gen::sqs::SetQueueAttributesRequest& in);
Result<gen::sqs::ListQueueTagsResult> list_queue_tags(Core& core, const aws::Call& call,
                                                      const gen::sqs::ListQueueTagsRequest& in);
Result<aws::Empty> tag_queue(Core& core, const aws::Call& call,
                             const gen::sqs::TagQueueRequest& in);
Result<aws::Empty> untag_queue(Core& core, const aws::Call& call,
                               const gen::sqs::UntagQueueRequest& in);
Result<aws::Empty> add_permission(Core& core, const aws::Call& call,
                                  const gen::sqs::AddPermissionRequest& in);
Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::sqs::RemovePermissionRequest& in);

}  // namespace lapwing::sqs

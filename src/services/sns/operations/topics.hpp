// Topics: making, finding, setting, deleting them.
#pragma once

#include "aws/empty.hpp"
#include "gen/sns/create_topic.hpp"
#include "gen/sns/delete_topic.hpp"
#include "gen/sns/get_topic_attributes.hpp"
#include "gen/sns/list_topics.hpp"
#include "gen/sns/set_topic_attributes.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

Result<gen::sns::CreateTopicResponse> create_topic(Core& core, const aws::Call& call,
                                                   const gen::sns::CreateTopicInput& in);
Result<aws::Empty> delete_topic(Core& core, const aws::Call& call,
                                const gen::sns::DeleteTopicInput& in);
Result<gen::sns::GetTopicAttributesResponse> get_topic_attributes(
    Core& core, const aws::Call& call, const gen::sns::GetTopicAttributesInput& in);
Result<aws::Empty> set_topic_attributes(Core& core, const aws::Call& call,
                                        const gen::sns::SetTopicAttributesInput& in);
Result<gen::sns::ListTopicsResponse> list_topics(Core& core, const aws::Call& call,
                                                 const gen::sns::ListTopicsInput& in);

}  // namespace lapwing::sns

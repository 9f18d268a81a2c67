// Tags of rules and buses.
#pragma once

#include "aws/empty.hpp"
#include "gen/events/list_tags_for_resource.hpp"
#include "gen/events/tag_resource.hpp"
#include "gen/events/untag_resource.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

Result<gen::events::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, const gen::events::ListTagsForResourceRequest& in);
Result<gen::events::TagResource::Output> tag_resource(Core& core, const aws::Call& call,
                                                      const gen::events::TagResourceRequest& in);
Result<gen::events::UntagResource::Output> untag_resource(
    Core& core, const aws::Call& call, const gen::events::UntagResourceRequest& in);

}  // namespace lapwing::events

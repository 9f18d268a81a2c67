// Tags of pipes.
#pragma once

#include "gen/pipes/list_tags_for_resource.hpp"
#include "gen/pipes/tag_resource.hpp"
#include "gen/pipes/untag_resource.hpp"
#include "services/pipes/core.hpp"

namespace lapwing::pipes {

Status check_tags(const resources::Tags& tags);

Result<gen::pipes::TagResourceResponse> tag_resource(Core& core, const aws::Call& call,
                                                     gen::pipes::TagResourceRequest in);
Result<gen::pipes::UntagResourceResponse> untag_resource(Core& core, const aws::Call& call,
                                                         gen::pipes::UntagResourceRequest in);
Result<gen::pipes::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, gen::pipes::ListTagsForResourceRequest in);

}  // namespace lapwing::pipes

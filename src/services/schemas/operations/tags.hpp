// Tags of registries and schemas.
#pragma once

#include "gen/schemas/list_tags_for_resource.hpp"
#include "gen/schemas/tag_resource.hpp"
#include "gen/schemas/untag_resource.hpp"
#include "services/schemas/core.hpp"

namespace lapwing::schemas {

Result<gen::schemas::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, const gen::schemas::ListTagsForResourceRequest& in);
Result<aws::Empty> tag_resource(Core& core, const aws::Call& call,
                                const gen::schemas::TagResourceRequest& in);
Result<aws::Empty> untag_resource(Core& core, const aws::Call& call,
                                  const gen::schemas::UntagResourceRequest& in);

}  // namespace lapwing::schemas

// What is set on topics besides: policies, permissions, tags.
#pragma once

#include "aws/empty.hpp"
#include "gen/sns/add_permission.hpp"
#include "gen/sns/get_data_protection_policy.hpp"
#include "gen/sns/list_tags_for_resource.hpp"
#include "gen/sns/put_data_protection_policy.hpp"
#include "gen/sns/remove_permission.hpp"
#include "gen/sns/tag_resource.hpp"
#include "gen/sns/untag_resource.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

Result<aws::Empty> add_permission(Core& core, const aws::Call& call,
                                  const gen::sns::AddPermissionInput& in);
Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::sns::RemovePermissionInput& in);
Result<gen::sns::GetDataProtectionPolicyResponse> get_data_protection_policy(
    Core& core, const aws::Call& call, const gen::sns::GetDataProtectionPolicyInput& in);
Result<aws::Empty> put_data_protection_policy(Core& core, const aws::Call& call,
                                              const gen::sns::PutDataProtectionPolicyInput& in);
Result<gen::sns::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, const gen::sns::ListTagsForResourceRequest& in);
Result<gen::sns::TagResourceResponse> tag_resource(Core& core, const aws::Call& call,
                                                   const gen::sns::TagResourceRequest& in);
Result<gen::sns::UntagResourceResponse> untag_resource(Core& core, const aws::Call& call,
                                                       const gen::sns::UntagResourceRequest& in);

}  // namespace lapwing::sns

#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/add_user_to_group.hpp"
#include "gen/iam/create_group.hpp"
#include "gen/iam/delete_group.hpp"
#include "gen/iam/get_group.hpp"
#include "gen/iam/list_groups.hpp"
#include "gen/iam/remove_user_from_group.hpp"
#include "gen/iam/update_group.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateGroupResponse> create_group(Core& core, const aws::Call& call,
                                                   gen::iam::CreateGroupRequest in);
Result<gen::iam::GetGroupResponse> get_group(Core& core, const aws::Call& call,
                                             const gen::iam::GetGroupRequest& in);
Result<gen::iam::ListGroupsResponse> list_groups(Core& core, const aws::Call& call,
                                                 const gen::iam::ListGroupsRequest& in);
Result<aws::Empty> update_group(Core& core, const aws::Call& call,
                                const gen::iam::UpdateGroupRequest& in);
Result<aws::Empty> delete_group(Core& core, const aws::Call& call,
                                const gen::iam::DeleteGroupRequest& in);
Result<aws::Empty> add_user_to_group(Core& core, const aws::Call& call,
                                     const gen::iam::AddUserToGroupRequest& in);
Result<aws::Empty> remove_user_from_group(Core& core, const aws::Call& call,
                                          const gen::iam::RemoveUserFromGroupRequest& in);

}  // namespace lapwing::iam

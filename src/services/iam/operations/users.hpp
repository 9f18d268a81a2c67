#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_access_key.hpp"
#include "gen/iam/create_user.hpp"
#include "gen/iam/delete_access_key.hpp"
#include "gen/iam/delete_user.hpp"
#include "gen/iam/get_access_key_last_used.hpp"
#include "gen/iam/get_user.hpp"
#include "gen/iam/list_access_keys.hpp"
#include "gen/iam/list_groups_for_user.hpp"
#include "gen/iam/list_users.hpp"
#include "gen/iam/update_access_key.hpp"
#include "gen/iam/update_user.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateUserResponse> create_user(Core& core, const aws::Call& call,
                                                 gen::iam::CreateUserRequest in);
Result<gen::iam::GetUserResponse> get_user(Core& core, const aws::Call& call,
                                           const gen::iam::GetUserRequest& in);
Result<gen::iam::ListUsersResponse> list_users(Core& core, const aws::Call& call,
                                               const gen::iam::ListUsersRequest& in);
Result<aws::Empty> update_user(Core& core, const aws::Call& call,
                               const gen::iam::UpdateUserRequest& in);
Result<aws::Empty> delete_user(Core& core, const aws::Call& call,
                               const gen::iam::DeleteUserRequest& in);
Result<gen::iam::ListGroupsForUserResponse> list_groups_for_user(
    Core& core, const aws::Call& call, const gen::iam::ListGroupsForUserRequest& in);

Result<gen::iam::CreateAccessKeyResponse> create_access_key(
    Core& core, const aws::Call& call, const gen::iam::CreateAccessKeyRequest& in);
Result<gen::iam::ListAccessKeysResponse> list_access_keys(
    Core& core, const aws::Call& call, const gen::iam::ListAccessKeysRequest& in);
Result<aws::Empty> update_access_key(Core& core, const aws::Call& call,
                                     const gen::iam::UpdateAccessKeyRequest& in);
Result<aws::Empty> delete_access_key(Core& core, const aws::Call& call,
                                     const gen::iam::DeleteAccessKeyRequest& in);
// Nothing is recorded about the use of keys yet: every one is told as never used.
Result<gen::iam::GetAccessKeyLastUsedResponse> get_access_key_last_used(
    Core& core, const aws::Call& call, const gen::iam::GetAccessKeyLastUsedRequest& in);

}  // namespace lapwing::iam

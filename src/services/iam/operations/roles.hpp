#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_role.hpp"
#include "gen/iam/delete_role.hpp"
#include "gen/iam/get_role.hpp"
#include "gen/iam/list_roles.hpp"
#include "gen/iam/update_assume_role_policy.hpp"
#include "gen/iam/update_role.hpp"
#include "gen/iam/update_role_description.hpp"
#include "services/iam/core.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateRoleResponse> create_role(Core& core, const aws::Call& call,
                                                 gen::iam::CreateRoleRequest in);
Result<gen::iam::GetRoleResponse> get_role(Core& core, const aws::Call& call,
                                           const gen::iam::GetRoleRequest& in);
Result<gen::iam::ListRolesResponse> list_roles(Core& core, const aws::Call& call,
                                               const gen::iam::ListRolesRequest& in);
Result<gen::iam::UpdateRoleResponse> update_role(Core& core, const aws::Call& call,
                                                 const gen::iam::UpdateRoleRequest& in);
Result<gen::iam::UpdateRoleDescriptionResponse> update_role_description(
    Core& core, const aws::Call& call, const gen::iam::UpdateRoleDescriptionRequest& in);
Result<aws::Empty> update_assume_role_policy(Core& core, const aws::Call& call,
                                             const gen::iam::UpdateAssumeRolePolicyRequest& in);
Result<aws::Empty> delete_role(Core& core, const aws::Call& call,
                               const gen::iam::DeleteRoleRequest& in);

// A new identity of the account, counted; EntityAlreadyExists where the name is taken.
Status insert_identity(store::Txn& txn, const Identity& identity);
Status erase_identity(store::Txn& txn, const Identity& identity);
// A change that makes or deletes a user or role: its sessions count, or do not, when it answers,
// also where it may have been written (kUnknown). `id` may be found out by `body`.
Status change_identity(Core& core, const std::string& account, const std::string& id,
                       FunctionRef<Status(store::Txn&)> body);
// DeleteConflict while policies are attached or written into it.
Status check_without_policies(store::Reader& reader, const Identity& identity);

}  // namespace lapwing::iam

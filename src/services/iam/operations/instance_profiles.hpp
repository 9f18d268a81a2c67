#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/add_role_to_instance_profile.hpp"
#include "gen/iam/create_instance_profile.hpp"
#include "gen/iam/delete_instance_profile.hpp"
#include "gen/iam/get_instance_profile.hpp"
#include "gen/iam/list_instance_profiles.hpp"
#include "gen/iam/list_instance_profiles_for_role.hpp"
#include "gen/iam/remove_role_from_instance_profile.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateInstanceProfileResponse> create_instance_profile(
    Core& core, const aws::Call& call, gen::iam::CreateInstanceProfileRequest in);
Result<gen::iam::GetInstanceProfileResponse> get_instance_profile(
    Core& core, const aws::Call& call, const gen::iam::GetInstanceProfileRequest& in);
Result<gen::iam::ListInstanceProfilesResponse> list_instance_profiles(
    Core& core, const aws::Call& call, const gen::iam::ListInstanceProfilesRequest& in);
Result<gen::iam::ListInstanceProfilesForRoleResponse> list_instance_profiles_for_role(
    Core& core, const aws::Call& call, const gen::iam::ListInstanceProfilesForRoleRequest& in);
Result<aws::Empty> delete_instance_profile(Core& core, const aws::Call& call,
                                           const gen::iam::DeleteInstanceProfileRequest& in);
Result<aws::Empty> add_role_to_instance_profile(
    Core& core, const aws::Call& call, const gen::iam::AddRoleToInstanceProfileRequest& in);
Result<aws::Empty> remove_role_from_instance_profile(
    Core& core, const aws::Call& call, const gen::iam::RemoveRoleFromInstanceProfileRequest& in);

}  // namespace lapwing::iam

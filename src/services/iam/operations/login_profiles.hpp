// Passwords of users. Nothing signs in with them yet; they are checked against the account's
// policy, and kept as keyed hashes.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/change_password.hpp"
#include "gen/iam/create_login_profile.hpp"
#include "gen/iam/delete_login_profile.hpp"
#include "gen/iam/get_login_profile.hpp"
#include "gen/iam/update_login_profile.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateLoginProfileResponse> create_login_profile(
    Core& core, const aws::Call& call, const gen::iam::CreateLoginProfileRequest& in);
Result<gen::iam::GetLoginProfileResponse> get_login_profile(
    Core& core, const aws::Call& call, const gen::iam::GetLoginProfileRequest& in);
Result<aws::Empty> update_login_profile(Core& core, const aws::Call& call,
                                        const gen::iam::UpdateLoginProfileRequest& in);
Result<aws::Empty> delete_login_profile(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteLoginProfileRequest& in);
// Of the user who calls.
Result<aws::Empty> change_password(Core& core, const aws::Call& call,
                                   const gen::iam::ChangePasswordRequest& in);

}  // namespace lapwing::iam

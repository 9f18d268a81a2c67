// AssumeRole, GetSessionToken, GetFederationToken: credentials that end. Nothing of them is kept:
// the token says it all (aws::SessionMint).
#pragma once

#include "aws/call.hpp"
#include "base/result.hpp"
#include "gen/sts/assume_role.hpp"
#include "gen/sts/get_federation_token.hpp"
#include "gen/sts/get_session_token.hpp"
#include "services/sts/core.hpp"

namespace lapwing::sts {

// Trust documents are not evaluated: all who may call may assume. A role that IAM does not know
// can be assumed, too, or is refused as on AWS (Options::known_roles_only).
Result<gen::sts::AssumeRoleResponse> assume_role(Core& core, const aws::Call& call,
                                                 const gen::sts::AssumeRoleRequest& in);
Result<gen::sts::GetSessionTokenResponse> get_session_token(
    Core& core, const aws::Call& call, const gen::sts::GetSessionTokenRequest& in);
Result<gen::sts::GetFederationTokenResponse> get_federation_token(
    Core& core, const aws::Call& call, const gen::sts::GetFederationTokenRequest& in);

}  // namespace lapwing::sts

// Which keys of a request's context documents ask for: in their conditions and variables.
#pragma once

#include "aws/call.hpp"
#include "base/result.hpp"
#include "gen/iam/get_context_keys_for_custom_policy.hpp"
#include "gen/iam/get_context_keys_for_principal_policy.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::GetContextKeysForPolicyResponse> get_context_keys_for_custom_policy(
    Core& core, const aws::Call& call, const gen::iam::GetContextKeysForCustomPolicyRequest& in);
// Of all that is attached to a user (and its groups), group or role, and of what is given.
Result<gen::iam::GetContextKeysForPolicyResponse> get_context_keys_for_principal_policy(
    Core& core, const aws::Call& call, const gen::iam::GetContextKeysForPrincipalPolicyRequest& in);

}  // namespace lapwing::iam

// GetCallerIdentity needs no permission and cannot fail: it says who signed.
#pragma once

#include "aws/call.hpp"
#include "base/result.hpp"
#include "gen/sts/get_caller_identity.hpp"
#include "services/sts/core.hpp"

namespace lapwing::sts {

Result<gen::sts::GetCallerIdentityResponse> get_caller_identity(
    Core& core, const aws::Call& call, const gen::sts::GetCallerIdentityRequest& in);

}  // namespace lapwing::sts

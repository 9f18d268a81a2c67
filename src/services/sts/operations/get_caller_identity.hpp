// GetCallerIdentity needs no permission and cannot fail: it says who signed.
#pragma once

#include "aws/caller.hpp"
#include "gen/sts/types.hpp"

namespace lapwing::sts {

gen::sts::GetCallerIdentityResponse get_caller_identity(const aws::Caller& caller);

}  // namespace lapwing::sts

#include "services/sts/operations/get_caller_identity.hpp"

namespace lapwing::sts {

Result<gen::sts::GetCallerIdentityResponse> get_caller_identity(
    Core&, const aws::Call& call, const gen::sts::GetCallerIdentityRequest&) {
  const aws::Caller& caller = call.caller;
  gen::sts::GetCallerIdentityResponse out;
  out.account = caller.account.str();
  out.arn = caller.principal_arn;
  out.user_id = caller.user_id;
  return out;
}

}  // namespace lapwing::sts

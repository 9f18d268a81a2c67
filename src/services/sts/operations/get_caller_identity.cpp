#include "services/sts/operations/get_caller_identity.hpp"

namespace lapwing::sts {

gen::sts::GetCallerIdentityResponse get_caller_identity(const aws::Caller& caller) {
  gen::sts::GetCallerIdentityResponse out;
  out.account = caller.account.str();
  out.arn = caller.principal_arn;
  out.user_id = caller.user_id;
  return out;
}

}  // namespace lapwing::sts

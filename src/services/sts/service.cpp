#include "services/sts/service.hpp"

#include "gen/sts/get_caller_identity.hpp"
#include "services/sts/operations/get_caller_identity.hpp"

namespace lapwing::sts {
namespace {

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gen::sts::kModel);
  table.add<gen::sts::GetCallerIdentity>(
      core, get_caller_identity, {.access = aws::Access::kRead, .resource = aws::kNoResource});
  table.refuse({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot",
                "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetDelegatedAccessToken",
                "GetFederationToken", "GetSessionToken", "GetWebIdentityToken"});
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given)
    : service_(make_table(core_), given.pipeline) {}

}  // namespace lapwing::sts

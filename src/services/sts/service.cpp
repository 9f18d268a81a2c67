#include "services/sts/service.hpp"

#include "gen/sts/assume_role.hpp"
#include "gen/sts/get_caller_identity.hpp"
#include "gen/sts/get_federation_token.hpp"
#include "gen/sts/get_session_token.hpp"
#include "services/sts/operations/get_caller_identity.hpp"
#include "services/sts/operations/sessions.hpp"

namespace lapwing::sts {
namespace {

using aws::Access;

std::string role_arn(const aws::Call&, const gen::sts::AssumeRoleRequest& in) {
  return in.role_arn;
}

// Session policies, tags and MFA are refused: nothing would look at them.
aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gen::sts::kModel);
  table.add<gen::sts::GetCallerIdentity>(core, get_caller_identity,
                                         {.access = Access::kRead, .resource = aws::kNoResource});
  table.add<gen::sts::AssumeRole>(
      core, assume_role,
      {.access = Access::kWrite,
       .resource = role_arn,
       .accepts = {"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"}});
  table.add<gen::sts::GetSessionToken>(
      core, get_session_token,
      {.access = Access::kRead, .resource = aws::kNoResource, .accepts = {"DurationSeconds"}});
  table.add<gen::sts::GetFederationToken>(core, get_federation_token,
                                          {.access = Access::kRead,
                                           .resource = aws::kNoResource,
                                           .accepts = {"Name", "DurationSeconds"}});
  table.refuse({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot",
                "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetDelegatedAccessToken",
                "GetWebIdentityToken"});
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given)
    : core_{given.ports, given.real_clock}, service_(make_table(core_), given.pipeline) {}

Status Service::start() {
  if (core_.ports.sessions != nullptr && core_.ports.roles != nullptr) return {};
  return fail(internal_error("STS needs IAM's roles and the server's sessions"));
}

}  // namespace lapwing::sts

#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_policy.hpp"
#include "gen/iam/create_policy_version.hpp"
#include "gen/iam/delete_policy.hpp"
#include "gen/iam/delete_policy_version.hpp"
#include "gen/iam/get_policy.hpp"
#include "gen/iam/get_policy_version.hpp"
#include "gen/iam/list_entities_for_policy.hpp"
#include "gen/iam/list_policies.hpp"
#include "gen/iam/list_policy_versions.hpp"
#include "gen/iam/set_default_policy_version.hpp"
#include "services/iam/core.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

Result<gen::iam::CreatePolicyResponse> create_policy(Core& core, const aws::Call& call,
                                                     gen::iam::CreatePolicyRequest in);
Result<gen::iam::GetPolicyResponse> get_policy(Core& core, const aws::Call& call,
                                               const gen::iam::GetPolicyRequest& in);
// Those of the customer first, then AWS's own.
Result<gen::iam::ListPoliciesResponse> list_policies(Core& core, const aws::Call& call,
                                                     const gen::iam::ListPoliciesRequest& in);
Result<aws::Empty> delete_policy(Core& core, const aws::Call& call,
                                 const gen::iam::DeletePolicyRequest& in);
Result<gen::iam::ListEntitiesForPolicyResponse> list_entities_for_policy(
    Core& core, const aws::Call& call, const gen::iam::ListEntitiesForPolicyRequest& in);

Result<gen::iam::CreatePolicyVersionResponse> create_policy_version(
    Core& core, const aws::Call& call, const gen::iam::CreatePolicyVersionRequest& in);
Result<gen::iam::GetPolicyVersionResponse> get_policy_version(
    Core& core, const aws::Call& call, const gen::iam::GetPolicyVersionRequest& in);
Result<gen::iam::ListPolicyVersionsResponse> list_policy_versions(
    Core& core, const aws::Call& call, const gen::iam::ListPolicyVersionsRequest& in);
Result<aws::Empty> set_default_policy_version(Core& core, const aws::Call& call,
                                              const gen::iam::SetDefaultPolicyVersionRequest& in);
Result<aws::Empty> delete_policy_version(Core& core, const aws::Call& call,
                                         const gen::iam::DeletePolicyVersionRequest& in);

// Of a customer's policy, the newest first.
Result<std::vector<PolicyVersion>> versions_of(store::Reader& reader, const CustomerPolicy& policy);

}  // namespace lapwing::iam

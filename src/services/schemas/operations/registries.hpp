// Registries: made, shown, listed, changed, deleted; their policies.
#pragma once

#include "gen/schemas/create_registry.hpp"
#include "gen/schemas/delete_registry.hpp"
#include "gen/schemas/delete_resource_policy.hpp"
#include "gen/schemas/describe_registry.hpp"
#include "gen/schemas/get_resource_policy.hpp"
#include "gen/schemas/list_registries.hpp"
#include "gen/schemas/put_resource_policy.hpp"
#include "gen/schemas/update_registry.hpp"
#include "services/schemas/core.hpp"

namespace lapwing::schemas {

Result<gen::schemas::CreateRegistryResponse> create_registry(
    Core& core, const aws::Call& call, gen::schemas::CreateRegistryRequest in);
Result<gen::schemas::DescribeRegistryResponse> describe_registry(
    Core& core, const aws::Call& call, const gen::schemas::DescribeRegistryRequest& in);
Result<gen::schemas::UpdateRegistryResponse> update_registry(
    Core& core, const aws::Call& call, gen::schemas::UpdateRegistryRequest in);
// Only an empty one.
Result<aws::Empty> delete_registry(Core& core, const aws::Call& call,
                                   const gen::schemas::DeleteRegistryRequest& in);
Result<gen::schemas::ListRegistriesResponse> list_registries(
    Core& core, const aws::Call& call, const gen::schemas::ListRegistriesRequest& in);

Result<gen::schemas::PutResourcePolicyResponse> put_resource_policy(
    Core& core, const aws::Call& call, gen::schemas::PutResourcePolicyRequest in);
Result<gen::schemas::GetResourcePolicyResponse> get_resource_policy(
    Core& core, const aws::Call& call, const gen::schemas::GetResourcePolicyRequest& in);
Result<aws::Empty> delete_resource_policy(Core& core, const aws::Call& call,
                                          const gen::schemas::DeleteResourcePolicyRequest& in);

}  // namespace lapwing::schemas

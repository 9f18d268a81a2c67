// The control-plane operations: typed input and caller in, Result out. They know no HTTP, no
// JSON and no storage engine; service.cpp puts them into the operation table.
//
// Thread-safety: any thread; they block on the store.
#pragma once

#include <atomic>
#include <cstdint>

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "engine/control_plane.hpp"
#include "gen/lambda/types.hpp"
#include "hosting/ports.hpp"
#include "images/image_store.hpp"
#include "net/worker_pool.hpp"
#include "services/lambda/attachments.hpp"
#include "services/lambda/catalog.hpp"
#include "services/lambda/code_url.hpp"
#include "services/lambda/concurrency.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/mappings/event_source_mappings.hpp"
#include "services/lambda/options.hpp"
#include "services/lambda/package.hpp"
#include "services/lambda/repository.hpp"
#include "services/lambda/transitions.hpp"
#include "store/blob.hpp"

namespace lapwing::lambda {

// What every operation may use.
struct Core {
  Repository& functions;
  Catalog& catalog;
  Concurrency& concurrency;
  Attachments& attachments;
  store::BlobStore& blobs;
  images::ImageStore& images;
  Transitions& transitions;
  const CodeUrls& code_urls;
  const Clock& clock;
  Random& random;
  Logger& logger;
  const Options& options;
  const hosting::Ports& ports;  // who knows execution roles
  engine::Invoker& invoker;
  engine::Events& events;
  EventSourceMappings& mappings;
  net::WorkerPool& workers;
  std::atomic<std::uint64_t>& unsigned_deployments;  // told of, as signatures are not enforced
};

Result<gen::lambda::FunctionConfiguration> create_function(Core& core, const aws::Call& call,
                                                           gen::lambda::CreateFunctionRequest in);
Result<gen::lambda::GetFunctionResponse> get_function(Core& core, const aws::Call& call,
                                                      const gen::lambda::GetFunctionRequest& in);
Result<gen::lambda::FunctionConfiguration> get_function_configuration(
    Core& core, const aws::Call& call, const gen::lambda::GetFunctionConfigurationRequest& in);
Result<gen::lambda::ListFunctionsResponse> list_functions(
    Core& core, const aws::Call& call, const gen::lambda::ListFunctionsRequest& in);
Result<gen::lambda::FunctionConfiguration> update_function_code(
    Core& core, const aws::Call& call, gen::lambda::UpdateFunctionCodeRequest in);
Result<gen::lambda::FunctionConfiguration> update_function_configuration(
    Core& core, const aws::Call& call, const gen::lambda::UpdateFunctionConfigurationRequest& in);
Result<gen::lambda::DeleteFunctionResponse> delete_function(
    Core& core, const aws::Call& call, const gen::lambda::DeleteFunctionRequest& in);
Result<gen::lambda::FunctionConfiguration> publish_version(
    Core& core, const aws::Call& call, const gen::lambda::PublishVersionRequest& in);
Result<gen::lambda::ListVersionsByFunctionResponse> list_versions_by_function(
    Core& core, const aws::Call& call, const gen::lambda::ListVersionsByFunctionRequest& in);
Result<gen::lambda::AliasConfiguration> create_alias(Core& core, const aws::Call& call,
                                                     const gen::lambda::CreateAliasRequest& in);
Result<gen::lambda::AliasConfiguration> get_alias(Core& core, const aws::Call& call,
                                                  const gen::lambda::GetAliasRequest& in);
Result<gen::lambda::AliasConfiguration> update_alias(Core& core, const aws::Call& call,
                                                     const gen::lambda::UpdateAliasRequest& in);
Result<aws::Empty> delete_alias(Core& core, const aws::Call& call,
                                const gen::lambda::DeleteAliasRequest& in);
Result<gen::lambda::ListAliasesResponse> list_aliases(Core& core, const aws::Call& call,
                                                      const gen::lambda::ListAliasesRequest& in);
Result<gen::lambda::PublishLayerVersionResponse> publish_layer_version(
    Core& core, const aws::Call& call, gen::lambda::PublishLayerVersionRequest in);
Result<gen::lambda::GetLayerVersionResponse> get_layer_version(
    Core& core, const aws::Call& call, const gen::lambda::GetLayerVersionRequest& in);
Result<gen::lambda::GetLayerVersionResponse> get_layer_version_by_arn(
    Core& core, const aws::Call& call, const gen::lambda::GetLayerVersionByArnRequest& in);
Result<aws::Empty> delete_layer_version(Core& core, const aws::Call& call,
                                        const gen::lambda::DeleteLayerVersionRequest& in);
Result<gen::lambda::ListLayersResponse> list_layers(Core& core, const aws::Call& call,
                                                    const gen::lambda::ListLayersRequest& in);
Result<gen::lambda::ListLayerVersionsResponse> list_layer_versions(
    Core& core, const aws::Call& call, const gen::lambda::ListLayerVersionsRequest& in);
Result<gen::lambda::AddLayerVersionPermissionResponse> add_layer_version_permission(
    Core& core, const aws::Call& call, const gen::lambda::AddLayerVersionPermissionRequest& in);
Result<gen::lambda::GetLayerVersionPolicyResponse> get_layer_version_policy(
    Core& core, const aws::Call& call, const gen::lambda::GetLayerVersionPolicyRequest& in);
Result<aws::Empty> remove_layer_version_permission(
    Core& core, const aws::Call& call, const gen::lambda::RemoveLayerVersionPermissionRequest& in);
Result<gen::lambda::Concurrency> put_function_concurrency(
    Core& core, const aws::Call& call, const gen::lambda::PutFunctionConcurrencyRequest& in);
Result<gen::lambda::GetFunctionConcurrencyResponse> get_function_concurrency(
    Core& core, const aws::Call& call, const gen::lambda::GetFunctionConcurrencyRequest& in);
Result<aws::Empty> delete_function_concurrency(
    Core& core, const aws::Call& call, const gen::lambda::DeleteFunctionConcurrencyRequest& in);
Result<gen::lambda::PutProvisionedConcurrencyConfigResponse> put_provisioned_concurrency_config(
    Core& core, const aws::Call& call,
    const gen::lambda::PutProvisionedConcurrencyConfigRequest& in);
Result<gen::lambda::GetProvisionedConcurrencyConfigResponse> get_provisioned_concurrency_config(
    Core& core, const aws::Call& call,
    const gen::lambda::GetProvisionedConcurrencyConfigRequest& in);
Result<gen::lambda::ListProvisionedConcurrencyConfigsResponse> list_provisioned_concurrency_configs(
    Core& core, const aws::Call& call,
    const gen::lambda::ListProvisionedConcurrencyConfigsRequest& in);
Result<aws::Empty> delete_provisioned_concurrency_config(
    Core& core, const aws::Call& call,
    const gen::lambda::DeleteProvisionedConcurrencyConfigRequest& in);
Result<gen::lambda::AddPermissionResponse> add_permission(
    Core& core, const aws::Call& call, const gen::lambda::AddPermissionRequest& in);
Result<aws::Empty> remove_permission(Core& core, const aws::Call& call,
                                     const gen::lambda::RemovePermissionRequest& in);
Result<gen::lambda::GetPolicyResponse> get_policy(Core& core, const aws::Call& call,
                                                  const gen::lambda::GetPolicyRequest& in);
Result<gen::lambda::GetResourcePolicyResponse> get_resource_policy(
    Core& core, const aws::Call& call, const gen::lambda::GetResourcePolicyRequest& in);
Result<gen::lambda::PutResourcePolicyResponse> put_resource_policy(
    Core& core, const aws::Call& call, const gen::lambda::PutResourcePolicyRequest& in);
Result<aws::Empty> delete_resource_policy(Core& core, const aws::Call& call,
                                          const gen::lambda::DeleteResourcePolicyRequest& in);
Result<gen::lambda::FunctionEventInvokeConfig> put_function_event_invoke_config(
    Core& core, const aws::Call& call, const gen::lambda::PutFunctionEventInvokeConfigRequest& in);
Result<gen::lambda::FunctionEventInvokeConfig> update_function_event_invoke_config(
    Core& core, const aws::Call& call,
    const gen::lambda::UpdateFunctionEventInvokeConfigRequest& in);
Result<gen::lambda::FunctionEventInvokeConfig> get_function_event_invoke_config(
    Core& core, const aws::Call& call, const gen::lambda::GetFunctionEventInvokeConfigRequest& in);
Result<aws::Empty> delete_function_event_invoke_config(
    Core& core, const aws::Call& call,
    const gen::lambda::DeleteFunctionEventInvokeConfigRequest& in);
Result<gen::lambda::ListFunctionEventInvokeConfigsResponse> list_function_event_invoke_configs(
    Core& core, const aws::Call& call,
    const gen::lambda::ListFunctionEventInvokeConfigsRequest& in);
Result<gen::lambda::CreateCodeSigningConfigResponse> create_code_signing_config(
    Core& core, const aws::Call& call, const gen::lambda::CreateCodeSigningConfigRequest& in);
Result<gen::lambda::UpdateCodeSigningConfigResponse> update_code_signing_config(
    Core& core, const aws::Call& call, const gen::lambda::UpdateCodeSigningConfigRequest& in);
Result<gen::lambda::GetCodeSigningConfigResponse> get_code_signing_config(
    Core& core, const aws::Call& call, const gen::lambda::GetCodeSigningConfigRequest& in);
Result<gen::lambda::DeleteCodeSigningConfigResponse> delete_code_signing_config(
    Core& core, const aws::Call& call, const gen::lambda::DeleteCodeSigningConfigRequest& in);
Result<gen::lambda::ListCodeSigningConfigsResponse> list_code_signing_configs(
    Core& core, const aws::Call& call, const gen::lambda::ListCodeSigningConfigsRequest& in);
Result<gen::lambda::ListFunctionsByCodeSigningConfigResponse> list_functions_by_code_signing_config(
    Core& core, const aws::Call& call,
    const gen::lambda::ListFunctionsByCodeSigningConfigRequest& in);
Result<gen::lambda::PutFunctionCodeSigningConfigResponse> put_function_code_signing_config(
    Core& core, const aws::Call& call, const gen::lambda::PutFunctionCodeSigningConfigRequest& in);
Result<gen::lambda::GetFunctionCodeSigningConfigResponse> get_function_code_signing_config(
    Core& core, const aws::Call& call, const gen::lambda::GetFunctionCodeSigningConfigRequest& in);
Result<aws::Empty> delete_function_code_signing_config(
    Core& core, const aws::Call& call,
    const gen::lambda::DeleteFunctionCodeSigningConfigRequest& in);
Result<gen::lambda::PutRuntimeManagementConfigResponse> put_runtime_management_config(
    Core& core, const aws::Call& call, const gen::lambda::PutRuntimeManagementConfigRequest& in);
Result<gen::lambda::GetRuntimeManagementConfigResponse> get_runtime_management_config(
    Core& core, const aws::Call& call, const gen::lambda::GetRuntimeManagementConfigRequest& in);
Result<gen::lambda::PutFunctionRecursionConfigResponse> put_function_recursion_config(
    Core& core, const aws::Call& call, const gen::lambda::PutFunctionRecursionConfigRequest& in);
Result<gen::lambda::GetFunctionRecursionConfigResponse> get_function_recursion_config(
    Core& core, const aws::Call& call, const gen::lambda::GetFunctionRecursionConfigRequest& in);
Result<gen::lambda::PutFunctionScalingConfigResponse> put_function_scaling_config(
    Core& core, const aws::Call& call, const gen::lambda::PutFunctionScalingConfigRequest& in);
Result<gen::lambda::GetAccountSettingsResponse> get_account_settings(
    Core& core, const aws::Call& call, const gen::lambda::GetAccountSettingsRequest& in);
Result<gen::lambda::EventSourceMappingConfiguration> create_event_source_mapping(
    Core& core, const aws::Call& call, const gen::lambda::CreateEventSourceMappingRequest& in);
Result<gen::lambda::EventSourceMappingConfiguration> update_event_source_mapping(
    Core& core, const aws::Call& call, const gen::lambda::UpdateEventSourceMappingRequest& in);
Result<gen::lambda::EventSourceMappingConfiguration> get_event_source_mapping(
    Core& core, const aws::Call& call, const gen::lambda::GetEventSourceMappingRequest& in);
Result<gen::lambda::EventSourceMappingConfiguration> delete_event_source_mapping(
    Core& core, const aws::Call& call, const gen::lambda::DeleteEventSourceMappingRequest& in);
Result<gen::lambda::ListEventSourceMappingsResponse> list_event_source_mappings(
    Core& core, const aws::Call& call, const gen::lambda::ListEventSourceMappingsRequest& in);
Result<aws::Empty> tag_resource(Core& core, const aws::Call& call,
                                const gen::lambda::TagResourceRequest& in);
Result<aws::Empty> untag_resource(Core& core, const aws::Call& call,
                                  const gen::lambda::UntagResourceRequest& in);
Result<gen::lambda::ListTagsResponse> list_tags(Core& core, const aws::Call& call,
                                                const gen::lambda::ListTagsRequest& in);

}  // namespace lapwing::lambda

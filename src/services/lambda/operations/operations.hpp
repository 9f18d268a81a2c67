// The control-plane operations: typed input and caller in, Result out. They know no HTTP, no
// JSON and no storage engine; service.cpp puts them into the operation table.
//
// Thread-safety: any thread; they block on the store.
#pragma once

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
#include "services/lambda/catalog.hpp"
#include "services/lambda/code_url.hpp"
#include "services/lambda/concurrency.hpp"
#include "services/lambda/function_identifier.hpp"
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
  net::WorkerPool& workers;
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
Result<gen::lambda::GetAccountSettingsResponse> get_account_settings(
    Core& core, const aws::Call& call, const gen::lambda::GetAccountSettingsRequest& in);
Result<aws::Empty> tag_resource(Core& core, const aws::Call& call,
                                const gen::lambda::TagResourceRequest& in);
Result<aws::Empty> untag_resource(Core& core, const aws::Call& call,
                                  const gen::lambda::UntagResourceRequest& in);
Result<gen::lambda::ListTagsResponse> list_tags(Core& core, const aws::Call& call,
                                                const gen::lambda::ListTagsRequest& in);

}  // namespace lapwing::lambda

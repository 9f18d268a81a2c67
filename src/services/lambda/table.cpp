#include "services/lambda/table.hpp"

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/lambda/types.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/absent_settings.hpp"
#include "services/lambda/operations/common.hpp"
#include "services/lambda/operations/invoke_performed.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {
namespace {

namespace gl = gen::lambda;
using aws::Access;

// What a request acts on, as an ARN. A name that is none is asked about as it stands: nothing is
// allowed by it, and the operation says what is wrong with it.
template <class In>
std::string function_asked(const aws::Call& call, const In& in) {
  std::optional<std::string> qualifier;
  if constexpr (requires { in.qualifier; }) qualifier = in.qualifier;
  const auto id = identify(call.caller, in.function_name, qualifier, "");
  return id ? function_arn(id->key, id->qualifier) : in.function_name;
}

template <class In>
std::string layer_asked(const aws::Call& call, const In& in) {
  if (in.layer_name.starts_with("arn:")) return in.layer_name;
  std::string arn =
      aws::make_arn("lambda", call.caller.region, call.caller.account, "layer:" + in.layer_name);
  if constexpr (requires { in.version_number; }) arn += fmt::format(":{}", in.version_number);
  return arn;
}

template <class In>
std::string arn_asked(const aws::Call&, const In& in) {
  return in.arn;
}

template <class In>
std::string resource_asked(const aws::Call&, const In& in) {
  return in.resource;
}

template <class In>
std::string policy_asked(const aws::Call&, const In& in) {
  return in.resource_arn;
}

template <class In>
std::string code_signing_asked(const aws::Call&, const In& in) {
  return in.code_signing_config_arn;
}

// Values that are only partly built (PackageType ...) are refused by the operations.
void add_writers(aws::OperationTable& table, Core& core) {
  table.add<gl::CreateFunction>(core, create_function,
                                {.access = Access::kWrite,
                                 .resource = function_asked,
                                 .accepts = {"FunctionName",
                                             "Runtime",
                                             "Role",
                                             "Handler",
                                             "Code.ZipFile",
                                             "Code.S3Bucket",
                                             "Code.S3Key",
                                             "Description",
                                             "Code.ImageUri",
                                             "ImageConfig",
                                             "Timeout",
                                             "MemorySize",
                                             "Publish",
                                             "PackageType",
                                             "Environment",
                                             "TracingConfig",
                                             "Tags",
                                             "Layers",
                                             "Architectures",
                                             "EphemeralStorage",
                                             "SnapStart",
                                             "LoggingConfig",
                                             "DeadLetterConfig",
                                             "VpcConfig",
                                             "TenancyConfig",
                                             "CodeSigningConfigArn"},
                                 .body_bytes_max = kMaxCreateRequestBytes});
  table.add<gl::UpdateFunctionCode>(
      core, update_function_code,
      {.access = Access::kWrite,
       .resource = function_asked,
       .accepts = {"FunctionName", "ZipFile", "S3Bucket", "S3Key", "ImageUri", "Publish", "DryRun",
                   "RevisionId", "Architectures"},
       .body_bytes_max = kMaxUpdateCodeRequestBytes});
  table.add<gl::UpdateFunctionConfiguration>(
      core, update_function_configuration,
      {.access = Access::kWrite,
       .resource = function_asked,
       .accepts = {"FunctionName", "Role", "Handler", "Description", "Timeout", "MemorySize",
                   "Environment", "Runtime", "TracingConfig", "RevisionId", "Layers", "ImageConfig",
                   "EphemeralStorage", "SnapStart", "LoggingConfig", "DeadLetterConfig",
                   "VpcConfig"},
       .body_bytes_max = kMaxUpdateConfigurationRequestBytes});
  table.add<gl::DeleteFunction>(core, delete_function,
                                {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::TagResource>(core, tag_resource,
                             {.access = Access::kTagging, .resource = resource_asked});
  table.add<gl::UntagResource>(core, untag_resource,
                               {.access = Access::kTagging, .resource = resource_asked});
}

void add_readers(aws::OperationTable& table, Core& core) {
  table.add<gl::GetFunction>(core, get_function,
                             {.access = Access::kRead, .resource = function_asked});
  table.add<gl::GetFunctionConfiguration>(core, get_function_configuration,
                                          {.access = Access::kRead, .resource = function_asked});
  table.add<gl::ListFunctions>(core, list_functions,
                               {.access = Access::kList,
                                .resource = aws::kNoResource,
                                .accepts = {"FunctionVersion", "Marker", "MaxItems"}});
  table.add<gl::ListTags>(core, list_tags, {.access = Access::kRead, .resource = resource_asked});
  table.add<gl::GetAccountSettings>(core, get_account_settings,
                                    {.access = Access::kRead, .resource = aws::kNoResource});
}

void add_versions(aws::OperationTable& table, Core& core) {
  table.add<gl::PublishVersion>(
      core, publish_version,
      {.access = Access::kWrite,
       .resource = function_asked,
       .accepts = {"FunctionName", "CodeSha256", "Description", "RevisionId"}});
  table.add<gl::ListVersionsByFunction>(core, list_versions_by_function,
                                        {.access = Access::kList, .resource = function_asked});
  table.add<gl::CreateAlias>(core, create_alias,
                             {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetAlias>(core, get_alias, {.access = Access::kRead, .resource = function_asked});
  table.add<gl::UpdateAlias>(core, update_alias,
                             {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::DeleteAlias>(core, delete_alias,
                             {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::ListAliases>(core, list_aliases,
                             {.access = Access::kList, .resource = function_asked});
}

void add_layers(aws::OperationTable& table, Core& core) {
  table.add<gl::PublishLayerVersion>(
      core, publish_layer_version,
      {.access = Access::kWrite,
       .resource = layer_asked,
       .accepts = {"LayerName", "Description", "Content.ZipFile", "Content.S3Bucket",
                   "Content.S3Key", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"},
       .body_bytes_max = kMaxCreateRequestBytes});
  table.add<gl::GetLayerVersion>(core, get_layer_version,
                                 {.access = Access::kRead, .resource = layer_asked});
  table.add<gl::GetLayerVersionByArn>(
      core, get_layer_version_by_arn,
      {.access = Access::kRead, .action = "lambda:GetLayerVersion", .resource = arn_asked});
  table.add<gl::DeleteLayerVersion>(core, delete_layer_version,
                                    {.access = Access::kWrite, .resource = layer_asked});
  table.add<gl::ListLayers>(core, list_layers,
                            {.access = Access::kList, .resource = aws::kNoResource});
  table.add<gl::ListLayerVersions>(core, list_layer_versions,
                                   {.access = Access::kList, .resource = layer_asked});
  table.add<gl::AddLayerVersionPermission>(core, add_layer_version_permission,
                                           {.access = Access::kPermissions,
                                            .resource = layer_asked,
                                            .accepts = {"LayerName", "VersionNumber", "StatementId",
                                                        "Action", "Principal", "RevisionId"}});
  table.add<gl::GetLayerVersionPolicy>(core, get_layer_version_policy,
                                       {.access = Access::kRead, .resource = layer_asked});
  table.add<gl::RemoveLayerVersionPermission>(
      core, remove_layer_version_permission,
      {.access = Access::kPermissions, .resource = layer_asked});
}

void add_concurrency(aws::OperationTable& table, Core& core) {
  table.add<gl::PutFunctionConcurrency>(core, put_function_concurrency,
                                        {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetFunctionConcurrency>(core, get_function_concurrency,
                                        {.access = Access::kRead, .resource = function_asked});
  table.add<gl::DeleteFunctionConcurrency>(core, delete_function_concurrency,
                                           {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::PutProvisionedConcurrencyConfig>(
      core, put_provisioned_concurrency_config,
      {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetProvisionedConcurrencyConfig>(
      core, get_provisioned_concurrency_config,
      {.access = Access::kRead, .resource = function_asked});
  table.add<gl::ListProvisionedConcurrencyConfigs>(
      core, list_provisioned_concurrency_configs,
      {.access = Access::kList, .resource = function_asked});
  table.add<gl::DeleteProvisionedConcurrencyConfig>(
      core, delete_provisioned_concurrency_config,
      {.access = Access::kWrite, .resource = function_asked});
}

// Policies of functions, versions and aliases.
void add_policies(aws::OperationTable& table, Core& core) {
  table.add<gl::AddPermission>(core, add_permission,
                               {.access = Access::kPermissions, .resource = function_asked});
  table.add<gl::RemovePermission>(core, remove_permission,
                                  {.access = Access::kPermissions, .resource = function_asked});
  table.add<gl::GetPolicy>(core, get_policy, {.access = Access::kRead, .resource = function_asked});
  table.add<gl::GetResourcePolicy>(core, get_resource_policy,
                                   {.access = Access::kRead, .resource = policy_asked});
  table.add<gl::PutResourcePolicy>(core, put_resource_policy,
                                   {.access = Access::kPermissions, .resource = policy_asked});
  table.add<gl::DeleteResourcePolicy>(core, delete_resource_policy,
                                      {.access = Access::kPermissions, .resource = policy_asked});
}

void add_event_invoke(aws::OperationTable& table, Core& core) {
  table.add<gl::PutFunctionEventInvokeConfig>(
      core, put_function_event_invoke_config,
      {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::UpdateFunctionEventInvokeConfig>(
      core, update_function_event_invoke_config,
      {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetFunctionEventInvokeConfig>(
      core, get_function_event_invoke_config,
      {.access = Access::kRead, .resource = function_asked});
  table.add<gl::DeleteFunctionEventInvokeConfig>(
      core, delete_function_event_invoke_config,
      {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::ListFunctionEventInvokeConfigs>(
      core, list_function_event_invoke_configs,
      {.access = Access::kList, .resource = function_asked});
}

template <class In>
std::string mapping_asked(const aws::Call& call, const In& in) {
  return mapping_arn(call.caller.account, call.caller.region, in.uuid);
}

void add_event_source_mappings(aws::OperationTable& table, Core& core) {
  table.add<gl::CreateEventSourceMapping>(core, create_event_source_mapping,
                                          {.access = Access::kWrite,
                                           .resource = aws::kNoResource,
                                           .accepts = {"EventSourceArn",
                                                       "FunctionName",
                                                       "Enabled",
                                                       "BatchSize",
                                                       "FilterCriteria",
                                                       "MetricsConfig",
                                                       "ScalingConfig",
                                                       "MaximumBatchingWindowInSeconds",
                                                       "ParallelizationFactor",
                                                       "StartingPosition",
                                                       "StartingPositionTimestamp",
                                                       "DestinationConfig",
                                                       "MaximumRecordAgeInSeconds",
                                                       "BisectBatchOnFunctionError",
                                                       "MaximumRetryAttempts",
                                                       "Tags",
                                                       "TumblingWindowInSeconds",
                                                       "Topics",
                                                       "Queues",
                                                       "SourceAccessConfigurations",
                                                       "SelfManagedEventSource",
                                                       "FunctionResponseTypes",
                                                       "AmazonManagedKafkaEventSourceConfig",
                                                       "SelfManagedKafkaEventSourceConfig",
                                                       "DocumentDBEventSourceConfig",
                                                       "ProvisionedPollerConfig"}});
  table.add<gl::UpdateEventSourceMapping>(core, update_event_source_mapping,
                                          {.access = Access::kWrite,
                                           .resource = mapping_asked,
                                           .accepts = {"UUID",
                                                       "FunctionName",
                                                       "Enabled",
                                                       "BatchSize",
                                                       "FilterCriteria",
                                                       "MetricsConfig",
                                                       "ScalingConfig",
                                                       "MaximumBatchingWindowInSeconds",
                                                       "ParallelizationFactor",
                                                       "DestinationConfig",
                                                       "MaximumRecordAgeInSeconds",
                                                       "BisectBatchOnFunctionError",
                                                       "MaximumRetryAttempts",
                                                       "TumblingWindowInSeconds",
                                                       "SourceAccessConfigurations",
                                                       "FunctionResponseTypes",
                                                       "AmazonManagedKafkaEventSourceConfig",
                                                       "SelfManagedKafkaEventSourceConfig",
                                                       "DocumentDBEventSourceConfig",
                                                       "ProvisionedPollerConfig"}});
  table.add<gl::GetEventSourceMapping>(core, get_event_source_mapping,
                                       {.access = Access::kRead, .resource = mapping_asked});
  table.add<gl::DeleteEventSourceMapping>(core, delete_event_source_mapping,
                                          {.access = Access::kWrite, .resource = mapping_asked});
  table.add<gl::ListEventSourceMappings>(core, list_event_source_mappings,
                                         {.access = Access::kList, .resource = aws::kNoResource});
}

void add_code_signing(aws::OperationTable& table, Core& core) {
  table.add<gl::CreateCodeSigningConfig>(
      core, create_code_signing_config,
      {.access = Access::kWrite,
       .resource = aws::kNoResource,
       .accepts = {"AllowedPublishers", "CodeSigningPolicies", "Description"}});
  table.add<gl::UpdateCodeSigningConfig>(
      core, update_code_signing_config, {.access = Access::kWrite, .resource = code_signing_asked});
  table.add<gl::GetCodeSigningConfig>(core, get_code_signing_config,
                                      {.access = Access::kRead, .resource = code_signing_asked});
  table.add<gl::DeleteCodeSigningConfig>(
      core, delete_code_signing_config, {.access = Access::kWrite, .resource = code_signing_asked});
  table.add<gl::ListCodeSigningConfigs>(core, list_code_signing_configs,
                                        {.access = Access::kList, .resource = aws::kNoResource});
  table.add<gl::ListFunctionsByCodeSigningConfig>(
      core, list_functions_by_code_signing_config,
      {.access = Access::kList, .resource = code_signing_asked});
  table.add<gl::PutFunctionCodeSigningConfig>(
      core, put_function_code_signing_config,
      {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetFunctionCodeSigningConfig>(
      core, get_function_code_signing_config,
      {.access = Access::kRead, .resource = function_asked});
  table.add<gl::DeleteFunctionCodeSigningConfig>(
      core, delete_function_code_signing_config,
      {.access = Access::kWrite, .resource = function_asked});
}

void add_management(aws::OperationTable& table, Core& core) {
  table.add<gl::PutRuntimeManagementConfig>(core, put_runtime_management_config,
                                            {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetRuntimeManagementConfig>(core, get_runtime_management_config,
                                            {.access = Access::kRead, .resource = function_asked});
  table.add<gl::PutFunctionRecursionConfig>(core, put_function_recursion_config,
                                            {.access = Access::kWrite, .resource = function_asked});
  table.add<gl::GetFunctionRecursionConfig>(core, get_function_recursion_config,
                                            {.access = Access::kRead, .resource = function_asked});
  table.add<gl::PutFunctionScalingConfig>(core, put_function_scaling_config,
                                          {.access = Access::kWrite, .resource = function_asked});
}

void refuse_unbuilt(aws::OperationTable& table) {
  table.refuse({"CheckpointDurableExecution", "CreateCapacityProvider", "CreateFunctionUrlConfig",
                "DeleteCapacityProvider", "DeleteDurableExecution", "DeleteFunctionUrlConfig",
                "GetDurableExecution", "GetDurableExecutionHistory", "GetDurableExecutionState",
                "PauseDurableExecution", "ResumeDurableExecution",
                "SendDurableExecutionCallbackFailure", "SendDurableExecutionCallbackHeartbeat",
                "SendDurableExecutionCallbackSuccess", "StopDurableExecution",
                "UpdateCapacityProvider", "UpdateFunctionUrlConfig"});
}

}  // namespace

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gl::kModel);
  add_writers(table, core);
  add_readers(table, core);
  add_versions(table, core);
  add_layers(table, core);
  add_concurrency(table, core);
  add_policies(table, core);
  add_event_invoke(table, core);
  add_event_source_mappings(table, core);
  add_code_signing(table, core);
  add_management(table, core);
  add_absent_settings(table, core);
  // Its requests have a way of their own (invoke_edge.hpp); this is for who sends none.
  table.add_elsewhere<gl::Invoke>(core, invoke,
                                  {.access = Access::kWrite,
                                   .action = "lambda:InvokeFunction",
                                   .resource = function_asked,
                                   .accepts = {"FunctionName", "InvocationType", "LogType",
                                               "ClientContext", "Payload", "Qualifier", "TenantId"},
                                   .body_bytes_max = kMaxInvokeInputBytes});
  table.add<gl::InvokeAsync>(core, invoke_async,
                             {.access = Access::kWrite,
                              .action = "lambda:InvokeFunction",
                              .resource = function_asked,
                              .body_bytes_max = kMaxEventPayloadBytes + 1});
  table.add_elsewhere(gl::InvokeWithResponseStream::kName, Access::kWrite, "lambda:InvokeFunction");
  refuse_unbuilt(table);
  return table;
}

}  // namespace lapwing::lambda

#include "services/lambda/errors.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include "gen/lambda/model.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/runtimes.hpp"
#include "text/utf8.hpp"

namespace lapwing::lambda::errors {

namespace {

using Code = gen::lambda::ErrorCode;

Error entity_too_large(std::string message) {
  // Not in the model: the service's front end answers it.
  return Error(ErrorKind::kTooLarge, "RequestEntityTooLargeException", std::move(message))
      .with_status(413);
}

// Some of the service's answers have no "Type", though the model gives them one.
Error without_type(Error error) { return std::move(error).with_field("Type", ""); }

Error could_not_unzip(std::string_view reason) {
  return invalid_parameter(
      fmt::format("Could not unzip uploaded file. Please check your file, then try to upload "
                  "again.{}",
                  reason));
}

}  // namespace

Error not_found(std::string message) {
  return {ErrorKind::kNotFound, std::string(Code::kResourceNotFoundException), std::move(message)};
}

Error conflict(std::string message) {
  return {ErrorKind::kConflict, std::string(Code::kResourceConflictException), std::move(message)};
}

Error function_not_found(std::string_view arn) {
  return not_found(fmt::format("Function not found: {}", arn));
}

Error tenant_needed() {
  return invalid_parameter(
      "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your "
      "request and try again.");
}

// Its words are not recorded anywhere.
Error tenant_not_wanted() {
  return invalid_parameter(
      "The invoked function is not enabled with tenancy configuration. Remove the tenant ID from "
      "your request and try again.");
}

Error not_with_tenants(std::string_view what) {
  return invalid_parameter(
      fmt::format("{} is not supported for functions with tenant isolation.", what));
}

Error role_not_assumable() {
  return invalid_parameter("The role defined for the function cannot be assumed by Lambda.");
}

Error role_of_another_account() {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               "Cross-account pass role is not allowed.")
      .with_status(403);
}

Error alias_not_found(std::string_view arn) {
  return not_found(fmt::format("Cannot find alias arn: {}", arn));
}

Error alias_to_update_not_found(std::string_view arn) {
  return not_found(fmt::format("Alias not found: {}", arn));
}

Error resource_not_found() { return not_found("The resource you requested does not exist."); }

Error layer_version_not_found(std::string_view arn) {
  return not_found(fmt::format("Layer version {} does not exist.", arn));
}

Error function_does_not_exist() { return not_found("Function does not exist"); }

Error capacity_provider_not_found(std::string_view arn) {
  return not_found(fmt::format("Capacity provider not found: {}", arn));
}

Error region_not_reachable(std::string_view wanted, std::string_view here) {
  return not_found(
      fmt::format("Functions from '{}' are not reachable in this region ('{}')", wanted, here));
}

Error access_denied(std::string_view principal, std::string_view action,
                    std::string_view resource) {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               fmt::format("User: {} is not authorized to perform: {} on resource: {} because no "
                           "resource-based policy allows the {} action",
                           principal, action, resource, action))
      .with_status(403);
}

Error function_exists(std::string_view name) {
  return conflict(fmt::format("Function already exist: {}", name));
}

Error update_in_progress(std::string_view arn) {
  return conflict(fmt::format(
      "The operation cannot be performed at this time. An update is in progress for resource: {}",
      arn));
}

Error wrong_state(std::string_view state) {
  return conflict(
      fmt::format("The operation cannot be performed at this time. The function is currently in "
                  "the following state: {}",
                  state));
}

Error alias_exists(std::string_view arn) {
  return conflict(fmt::format("Alias already exists: {}", arn));
}

Error version_in_use(const std::vector<std::string>& aliases) {
  return conflict(
      fmt::format("Unable to delete version because the following aliases reference it: [{}]",
                  fmt::join(aliases, ", ")));
}

Error layer_policy_revision_mismatch() {
  return {ErrorKind::kConflict, std::string(Code::kPreconditionFailedException),
          "The Revision Id provided does not match the latest Revision Id. Call the "
          "GetLayerPolicy API to retrieve the latest Revision Id"};
}

Error version_already_provisioned() {
  return conflict(
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
      "version");
}

Error version_provisioned_by_alias() {
  return conflict("Version is pointed by a Provisioned Concurrency alias");
}

Error not_provisioned() {
  return {ErrorKind::kNotFound, std::string(Code::kProvisionedConcurrencyConfigNotFoundException),
          "No Provisioned Concurrency Config found for this function"};
}

Error reservation_too_large() {
  return without_type(invalid_parameter(
      fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                  "UnreservedConcurrentExecution below its minimum value of [{}].",
                  kMinUnreservedConcurrency)));
}

// The spaces are AWS's.
Error reservation_below_provisioned(std::uint64_t reserved, std::uint64_t provisioned) {
  return without_type(invalid_parameter(
      fmt::format(" ReservedConcurrentExecutions  {} should not be lower than function's total "
                  "provisioned concurrency [{}].",
                  reserved, provisioned)));
}

Error provisioned_too_large() {
  return without_type(invalid_parameter(
      fmt::format("Specified ConcurrentExecutions for function decreases account's "
                  "UnreservedConcurrentExecution below its minimum value of [{}].",
                  kMinUnreservedConcurrency)));
}

Error provisioned_beyond_account(std::uint64_t unreserved) {
  return without_type(invalid_parameter(
      fmt::format("Specified ConcurrentExecutions for function is greater than account's "
                  "unreserved concurrency [{}].",
                  unreserved)));
}

Error provisioned_beyond_reserved() {
  return invalid_parameter(
      "Requested Provisioned Concurrency should not be greater than the "
      "reservedConcurrentExecution for function");
}

Error provisioned_on_latest() {
  return invalid_parameter(
      "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
}

Error alias_or_version_needed() {
  return invalid_parameter(
      "The function resource provided must be an alias or a published version.");
}

Error provisioned_with_weights() {
  return invalid_parameter("Alias with weights can not be used with Provisioned Concurrency");
}

Error snap_start_unsupported(std::string_view what) {
  return invalid_parameter(
      fmt::format("{} is not supported for SnapStart enabled functions.", what));
}

Error snap_start_with_storage(std::uint32_t most_mb) {
  return invalid_parameter(fmt::format(
      "EphemeralStorage greater than {} MB is not supported for SnapStart enabled functions.",
      most_mb));
}

Error snap_start_with_provisioned() {
  return invalid_parameter(
      "Provisioned Concurrency Configs cannot be applied to SnapStart enabled function versions.");
}

Error revision_mismatch() {
  return {ErrorKind::kConflict, std::string(Code::kPreconditionFailedException),
          "The Revision Id provided does not match the latest Revision Id. Call the "
          "GetFunction/GetAlias API to retrieve the latest Revision Id"};
}

Error invalid_parameter(std::string message) {
  return {ErrorKind::kInvalid, std::string(Code::kInvalidParameterValueException),
          std::move(message)};
}

Error name_too_long(std::string_view name) {
  return invalid_parameter(
      fmt::format("1 validation error detected: Value '{}' at 'functionName' failed to satisfy "
                  "constraint: Member must have length less than or equal to {}",
                  name, kMaxFunctionNameChars));
}

Error qualifiers_differ() {
  return invalid_parameter(
      "The derived qualifier from the function name does not match the specified qualifier.");
}

Error empty_zip() { return invalid_parameter("Uploaded file must be a non-empty zip"); }

Error not_a_zip(std::string_view detail) {
  return could_not_unzip("").with_detail(std::string(detail));
}

Error not_unzippable(std::string_view why) {
  return could_not_unzip(fmt::format(" Reason: {}.", why)).with_detail(std::string(why));
}

Error entry_not_unzippable(std::string_view entry, std::string_view why) {
  return not_unzippable(
      fmt::format("entry '{}': {}",
                  text::replace_invalid_utf8(text::truncate_utf8(entry, kMaxShownNameBytes)), why));
}

Error unzipped_too_large() {
  return invalid_parameter(
      fmt::format("Unzipped size must be smaller than {} bytes", kMaxUnzippedBytes));
}

Error no_code() { return invalid_parameter("Please provide a source for function code."); }

Error image_uri_needed(std::string_view verb) {
  return invalid_parameter(
      fmt::format("Please provide ImageUri when {} a function with packageType Image.", verb));
}

Error image_uri_not_wanted(std::string_view verb) {
  return invalid_parameter(
      fmt::format("Please don't provide ImageUri when {} a function with packageType Zip.", verb));
}

Error not_for_images() {
  return invalid_parameter(
      "Please don't provide Handler or Runtime or Layer when the intended function PackageType is "
      "Image.");
}

Error image_config_not_for_zip() {
  return invalid_parameter(
      "Please don't provide ImageConfig when the intended function PackageType is Zip.");
}

Error image_config_too_large(std::size_t limit) {
  return invalid_parameter(fmt::format("ImageConfig must be smaller than {} bytes", limit));
}

Error image_not_valid(std::string_view uri) {
  return invalid_parameter(
      fmt::format("Source image {} is not valid. Provide a valid source image.", uri));
}

Error image_not_there(std::string_view uri) {
  return invalid_parameter(
      fmt::format("Source image {} does not exist. Provide a valid source image.", uri));
}

Error image_not_supported(std::string_view uri, std::string_view detail) {
  return invalid_parameter(
             fmt::format("The image manifest, config or layer media type for the source image {} "
                         "is not supported.",
                         uri))
      .with_detail(std::string(detail));
}

Error image_access_denied(std::string_view detail) {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               "Lambda does not have permission to access the ECR image. Check the ECR "
               "permissions.")
      .with_status(403)
      .with_detail(std::string(detail));
}

Error image_layout_denied(std::string_view uri) {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               fmt::format("Lapwing may not read {}: images on its machine must lie below a "
                           "directory that its setting images.layouts names",
                           uri))
      .with_status(403);
}

Error code_given_twice() {
  return invalid_parameter(
      "Please do not provide other FunctionCode parameters when providing a ZipFile.");
}

Error unknown_runtime(std::string_view runtime) {
  return invalid_parameter(
      fmt::format("Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum "
                  "value set: [{}] or be a valid ARN",
                  runtime, fmt::join(active_runtimes(), ", ")));
}

Error retired_runtime(std::string_view runtime) {
  return invalid_parameter(fmt::format(
      "The runtime parameter of {} is no longer supported for creating or updating AWS Lambda "
      "functions. We recommend you use a supported runtime while creating or updating functions.",
      runtime));
}

Error runtime_and_handler_needed() {
  return invalid_parameter(
      "Runtime and Handler are mandatory parameters for functions created with deployment "
      "packages.");
}

Error environment_too_large(std::string_view json) {
  return invalid_parameter(fmt::format(
      "Lambda was unable to configure your environment variables because the environment "
      "variables you have provided exceeded the 4KB limit. String measured: {}",
      json));
}

Error reserved_environment_keys(const std::vector<std::string>& keys) {
  return invalid_parameter(fmt::format(
      "Lambda was unable to configure your environment variables because the "
      "environment variables you have provided contains reserved keys that are "
      "currently not supported for modification. Reserved keys used in this request: {}",
      fmt::join(keys, ", ")));
}

Error log_level_needs_json() {
  return invalid_parameter(
      "LogLevel is not supported when LogFormat is set to 'Text'. Remove LogLevel from your "
      "request or change the LogFormat to 'JSON' and try again.");
}

Error latest_not_deletable() {
  return invalid_parameter("$LATEST version cannot be deleted without deleting the function.");
}

Error too_many_tags() { return invalid_parameter("Number of tags exceeds resource tag limit."); }

Error no_tags() {
  return invalid_parameter("An error occurred and the request cannot be processed.");
}

Error tags_on_versions() {
  return invalid_parameter(
      "Tags on function aliases and versions are not supported. Please specify a function ARN.");
}

Error functions_only() {
  return invalid_parameter(
      "This operation is permitted on Lambda functions only. Aliases and versions do not support "
      "this operation. Please specify either a function name or an unqualified function ARN.");
}

Error code_sha256_differs(std::string_view given, std::string_view current) {
  return invalid_parameter(fmt::format(
      "CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try "
      "again with the CodeSHA256 in $LATEST.",
      given, current));
}

Error aliases_not_deletable() {
  return invalid_parameter("Deletion of aliases is not currently supported.");
}

Error too_many_weights() {
  return invalid_parameter(
      fmt::format("Number of items in AdditionalVersionWeights cannot be greater than {}",
                  kMaxWeightedVersions));
}

Error weights_on_latest() {
  return without_type(
      invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version"));
}

Error version_already_routed(std::string_view version) {
  return invalid_parameter(
      fmt::format("Invalid function version {}. Function version {} is already included in routing "
                  "configuration.",
                  version, version));
}

Error roles_differ(std::string_view first, std::string_view second) {
  return invalid_parameter(fmt::format(
      "Versions {} and {} of an alias must have the same execution role.", first, second));
}

Error invalid_marker() { return invalid_parameter("Invalid marker"); }

Error layer_version_too_small() { return invalid_parameter("Layer Version Cannot be less than 1"); }

Error too_many_layers() {
  return invalid_parameter(fmt::format("Cannot reference more than {} layers.", kMaxLayers));
}

Error layers_in_other_region(std::string_view region) {
  return invalid_parameter(
      fmt::format("Layers are not in the same region as the function. Layers are expected to be in "
                  "region {}.",
                  region));
}

Error layer_of_function_not_found(std::string_view arn) {
  return invalid_parameter(fmt::format("Layer version {} does not exist.", arn));
}

Error same_layer_twice(std::string_view first, std::string_view second) {
  return invalid_parameter(fmt::format(
      "Two different versions of the same layer are not allowed to be referenced in the "
      "same function. {} and {} are versions of the same layer.",
      first, second));
}

Error layers_too_large() {
  return invalid_parameter(
      fmt::format("Layers consume more than the available size of {} bytes", kMaxUnzippedBytes));
}

Error code_and_layers_too_large(std::uint64_t bytes) {
  return invalid_parameter(fmt::format(
      "Function code combined with layers exceeds the maximum allowed size of {} bytes. "
      "The actual size is {} bytes.",
      kMaxUnzippedBytes, bytes));
}

Error zipped_too_large() {
  return entity_too_large(
      fmt::format("Zipped size must be smaller than {} bytes", kMaxZippedBytes));
}

Error payload_too_large(std::size_t limit) {
  return {
      ErrorKind::kTooLarge, std::string(Code::kRequestTooLargeException),
      fmt::format("Request must be smaller than {} bytes for the InvokeFunction operation", limit)};
}

Error validation(std::string_view value, std::string_view member, std::string_view constraint) {
  return Error(ErrorKind::kInvalid, "ValidationException",
               fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy "
                           "constraint: {}",
                           value, member, constraint))
      .with_status(400);
}

Error invalid_content(std::string message) {
  return {ErrorKind::kInvalid, std::string(Code::kInvalidRequestContentException),
          std::move(message)};
}

Error too_many_requests() {
  return Error(ErrorKind::kThrottled, std::string(Code::kTooManyRequestsException), "Rate exceeded")
      .with_status(429)
      .with_field("Reason", "CallerRateLimitExceeded");
}

Error code_storage_exceeded(std::string_view why) {
  return Error(ErrorKind::kTooLarge, std::string(Code::kCodeStorageExceededException),
               fmt::format("Code storage limit exceeded. {}", why))
      .with_status(400);
}

Error service_failure(std::string_view detail) {
  return Error(ErrorKind::kInternal, std::string(Code::kServiceException),
               "An internal error occurred. Please try again.")
      .with_detail(std::string(detail));
}

}  // namespace lapwing::lambda::errors

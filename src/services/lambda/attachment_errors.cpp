// Errors about what is attached to functions: policies, asynchronous invocation, code signing,
// runtime management.
#include <fmt/core.h>

#include "gen/lambda/model.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"

namespace lapwing::lambda::errors {

namespace {

using Code = gen::lambda::ErrorCode;

}  // namespace

Error no_policy_found(std::string_view arn) {
  return not_found(fmt::format("No policy found for: {}", arn));
}

Error functions_code_signing_config_not_found(std::string_view arn) {
  return {ErrorKind::kNotFound, std::string(Code::kCodeSigningConfigNotFoundException),
          fmt::format("The code signing configuration cannot be found. Check that the provided "
                      "configuration is not deleted: {}.",
                      arn)};
}

Error code_signing_config_in_use(std::string_view arn) {
  return conflict(
      fmt::format("The code signing configuration {} is used by functions. Delete it from them, "
                  "then try again.",
                  arn));
}

Error not_signed(std::string_view name) {
  return {ErrorKind::kInvalid, std::string(Code::kCodeVerificationFailedException),
          fmt::format("Lambda cannot deploy the function. The function or layer might be signed "
                      "using a signature that the client is not configured to accept. Check the "
                      "provided signature for {}.",
                      name)};
}

Error no_capacity_provider() {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               "The function provided by the arn does not contain a capacity provider "
               "configuration")
      .with_status(403);
}

Error policy_revision_mismatch() {
  return {ErrorKind::kConflict, std::string(Code::kPreconditionFailedException),
          "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API "
          "to retrieve the latest Revision Id"};
}

Error no_policies_for_latest() {
  return invalid_parameter("We currently do not support adding policies for $LATEST.");
}

Error principal_not_valid() {
  return invalid_parameter(
      "The provided principal was invalid. Please check the principal and try again.");
}

Error auth_type_not_wanted() {
  return invalid_parameter(
      "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
}

Error policy_not_valid(std::string_view why) {
  return invalid_parameter(fmt::format("The resource policy is not valid: {}", why));
}

Error no_event_invoke_setting() {
  return invalid_parameter(
      "You must specify at least one of error handling or destination setting.");
}

Error destination_is_itself() {
  return invalid_parameter("You can't specify the function as a destination for itself.");
}

Error destination_not_valid(std::string_view arn) {
  return invalid_parameter(fmt::format("The destination ARN {} is invalid.", arn));
}

Error destinations_not_valid(std::string_view on_success, std::string_view on_failure) {
  return invalid_parameter(fmt::format(
      "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
      on_success, on_failure));
}

Error dead_letter_not_valid(std::string_view arn) {
  return invalid_parameter(
      fmt::format("The dead letter target {} must be the ARN of an Amazon SQS standard queue or "
                  "of an Amazon SNS standard topic.",
                  arn));
}

Error dead_letters_differ(std::string_view first, std::string_view second) {
  return invalid_parameter(fmt::format(
      "Versions {} and {} must have the same dead letter target to be weighted.", first, second));
}

Error runtime_management_not_for_images() {
  return invalid_parameter(
      "Runtime management is not supported for functions created with container images.");
}

Error runtime_version_needed() {
  return invalid_parameter("RuntimeVersionArn is needed where UpdateRuntimeOn is Manual.");
}

Error unknown_runtime_version(std::string_view arn) {
  return invalid_parameter(
      fmt::format("The runtime version {} is not one of the function's runtime.", arn));
}

Error runtime_is_fixed() {
  return invalid_parameter(
      "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. "
      "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry.");
}

Error no_policy() { return not_found("No policy is associated with the given resource."); }

Error statement_not_found(std::string_view id) {
  return not_found(fmt::format("Statement {} is not found in resource policy.", id));
}

Error no_event_invoke_config(std::string_view arn) {
  return not_found(fmt::format("The function {} doesn't have an EventInvokeConfig", arn));
}

Error function_to_configure_not_there() { return not_found("The function doesn't exist."); }

Error code_signing_config_not_found(std::string_view arn) {
  // The service's answer has no "Type", though the model gives it one.
  return not_found(fmt::format("The Lambda code signing configuration {} can not be found.", arn))
      .with_field("Type", "");
}

Error statement_exists(std::string_view id) {
  return conflict(
      fmt::format("The statement id ({}) provided already exists. Please provide a new statement "
                  "id, or remove the existing statement.",
                  id));
}

Error policy_too_long(std::size_t bytes) {
  return {ErrorKind::kInvalid, std::string(Code::kPolicyLengthExceededException),
          fmt::format("The final policy size ({}) is bigger than the limit ({}).", bytes,
                      kMaxPolicyBytes)};
}

Error code_signing_not_for_images() {
  return invalid_parameter(
      "Code signing is not supported for functions created with container images.");
}

}  // namespace lapwing::lambda::errors

// Every error of AWS Lambda that this folder answers, with AWS's words. Texts come from
// recorded answers of the service and its documentation; those that are Lapwing's own say so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::lambda::errors {

// Deploy tools wait and try again where they find this text.
Error role_not_assumable();
Error role_of_another_account();

// 404 ResourceNotFoundException.
Error not_found(std::string message);
Error function_not_found(std::string_view arn);
Error alias_not_found(std::string_view arn);            // reading
Error alias_to_update_not_found(std::string_view arn);  // changing; the service says it otherwise
Error resource_not_found();                             // a layer version that is read
Error layer_version_not_found(std::string_view arn);    // and one whose policy is meant
Error no_policy();
Error no_policy_found(std::string_view arn);  // of a function that is not there
Error statement_not_found(std::string_view id);
Error no_event_invoke_config(std::string_view arn);
Error function_does_not_exist();          // function URLs; the service says it otherwise
Error function_to_configure_not_there();  // asynchronous invocation
Error code_signing_config_not_found(std::string_view arn);
Error capacity_provider_not_found(std::string_view arn);

// 404 CodeSigningConfigNotFoundException: the one of a function; the service says it otherwise.
Error functions_code_signing_config_not_found(std::string_view arn);
Error region_not_reachable(std::string_view wanted, std::string_view here);

// 403 AccessDeniedException: another account's function, whether it exists or not.
Error access_denied(std::string_view principal, std::string_view action, std::string_view resource);

// 409 ResourceConflictException.
Error conflict(std::string message);
Error function_exists(std::string_view name);
Error update_in_progress(std::string_view arn);
Error wrong_state(std::string_view state);
Error alias_exists(std::string_view arn);
Error version_in_use(const std::vector<std::string>& aliases);
Error statement_exists(std::string_view id);
Error code_signing_config_in_use(std::string_view arn);  // our own words

Error version_already_provisioned();   // an alias to a version with a configuration
Error version_provisioned_by_alias();  // and the other way round

// 404 ProvisionedConcurrencyConfigNotFoundException.
Error not_provisioned();

// 412 PreconditionFailedException.
Error revision_mismatch();
Error layer_policy_revision_mismatch();
Error policy_revision_mismatch();

// 400 CodeVerificationFailedException.
Error not_signed(std::string_view name);

// 403 AccessDeniedException: scaling of a function that has no capacity provider.
Error no_capacity_provider();

// 400 CodeStorageExceededException; the words are ours.
Error code_storage_exceeded(std::string_view why);

// 400 InvalidParameterValueException.
Error invalid_parameter(std::string message);
// Of tenant isolation.
Error tenant_needed();
Error tenant_not_wanted();
Error not_with_tenants(std::string_view what);
Error name_too_long(std::string_view name);
Error qualifiers_differ();
Error empty_zip();
// AWS's words, and but for the first the reason behind them, which AWS keeps to itself.
Error not_a_zip(std::string_view detail);  // `detail` is for our log
Error not_unzippable(std::string_view why);
Error entry_not_unzippable(std::string_view entry, std::string_view why);
Error unzipped_too_large();
Error no_code();
Error image_uri_needed(std::string_view verb);  // "creating", "updating"
Error image_uri_not_wanted(std::string_view verb);
Error not_for_images();  // handler, runtime, layers
Error code_signing_not_for_images();
Error image_config_not_for_zip();                 // our own words
Error image_config_too_large(std::size_t limit);  // likewise
Error image_not_valid(std::string_view uri);
Error image_not_there(std::string_view uri);
Error image_not_supported(std::string_view uri, std::string_view detail);
Error image_access_denied(std::string_view detail);  // 403 AccessDeniedException
Error image_layout_denied(std::string_view uri);     // likewise, our own words
Error code_given_twice();
Error unknown_runtime(std::string_view runtime);
Error retired_runtime(std::string_view runtime);
Error runtime_and_handler_needed();
Error environment_too_large(std::string_view json);
Error reserved_environment_keys(const std::vector<std::string>& keys);
Error log_level_needs_json();
Error latest_not_deletable();
Error too_many_tags();
Error no_tags();
Error tags_on_versions();
Error functions_only();
Error code_sha256_differs(std::string_view given, std::string_view current);
Error aliases_not_deletable();
Error no_policies_for_latest();
Error principal_not_valid();
Error auth_type_not_wanted();
Error policy_not_valid(std::string_view why);  // our own words, and IAM's
Error no_event_invoke_setting();
Error destination_is_itself();
Error destination_not_valid(std::string_view arn);
// Of a service that takes none, as the service prints what it was given: "null" for none.
Error destinations_not_valid(std::string_view on_success, std::string_view on_failure);
Error dead_letter_not_valid(std::string_view arn);                           // our own words
Error dead_letters_differ(std::string_view first, std::string_view second);  // likewise
Error runtime_management_not_for_images();                                   // likewise
Error runtime_version_needed();                                              // likewise
Error unknown_runtime_version(std::string_view arn);                         // likewise
Error runtime_is_fixed();
Error too_many_weights();
Error weights_on_latest();
Error version_already_routed(std::string_view version);
Error roles_differ(std::string_view first, std::string_view second);  // our own words
Error invalid_marker();
Error layer_version_too_small();
Error too_many_layers();
Error layers_in_other_region(std::string_view region);
Error layer_of_function_not_found(std::string_view arn);
Error same_layer_twice(std::string_view first, std::string_view second);
Error layers_too_large();
Error code_and_layers_too_large(std::uint64_t bytes);

// 400 PolicyLengthExceededException.
Error policy_too_long(std::size_t bytes);

Error reservation_too_large();
Error reservation_below_provisioned(std::uint64_t reserved, std::uint64_t provisioned);
Error provisioned_too_large();
Error provisioned_beyond_account(std::uint64_t unreserved);
Error provisioned_beyond_reserved();
Error provisioned_on_latest();
Error alias_or_version_needed();
Error provisioned_with_weights();
Error snap_start_unsupported(std::string_view what);
Error snap_start_with_storage(std::uint32_t most_mb);  // our own words
Error snap_start_with_provisioned();                   // likewise

// 413 RequestEntityTooLargeException.
Error zipped_too_large();
Error payload_too_large(std::size_t limit);

// 400 ValidationException in the words of the service's request validator.
Error validation(std::string_view value, std::string_view member, std::string_view constraint);

// 400 InvalidRequestContentException.
Error invalid_content(std::string message);

// 429 TooManyRequestsException.
Error too_many_requests();

// 500 ServiceException; `detail` is for our log.
Error service_failure(std::string_view detail);

}  // namespace lapwing::lambda::errors

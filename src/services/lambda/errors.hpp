// Every error of AWS Lambda that this folder answers, with AWS's words. Texts come from
// recorded answers of the service and its documentation; those that are Lapwing's own say so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::lambda::errors {

// 404 ResourceNotFoundException.
Error function_not_found(std::string_view arn);
Error region_not_reachable(std::string_view wanted, std::string_view here);

// 403 AccessDeniedException: another account's function, whether it exists or not.
Error access_denied(std::string_view principal, std::string_view action, std::string_view resource);

// 409 ResourceConflictException.
Error function_exists(std::string_view name);
Error update_in_progress(std::string_view arn);
Error wrong_state(std::string_view state);

// 412 PreconditionFailedException.
Error revision_mismatch();

// 400 InvalidParameterValueException.
Error invalid_parameter(std::string message);
Error name_too_long(std::string_view name);
Error qualifiers_differ();
Error not_unzippable(std::string_view detail);  // `detail` is for our log
Error unzipped_too_large();
Error no_code();
Error code_given_twice();
Error unknown_runtime(std::string_view runtime);
Error runtime_and_handler_needed();
Error environment_too_large(std::string_view json);
Error reserved_environment_keys(const std::vector<std::string>& keys);
Error log_level_needs_json();
Error latest_not_deletable();
Error too_many_tags();
Error no_tags();
Error tags_on_versions();

// 413 RequestEntityTooLargeException.
Error zipped_too_large();
Error payload_too_large(std::size_t limit);

// 400 ValidationException in the words of the service's request validator.
Error validation(std::string_view value, std::string_view member, std::string_view constraint);

// 400 InvalidRequestContentException.
Error invalid_content(std::string message);

// 501 NotImplemented, Lapwing's own: a known thing that is not built.
Error unsupported_parameter(std::string_view operation, std::string_view parameter,
                            std::string_view why = {});

// 500 ServiceException; `detail` is for our log.
Error service_failure(std::string_view detail);

}  // namespace lapwing::lambda::errors

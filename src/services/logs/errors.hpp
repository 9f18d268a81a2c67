// CloudWatch Logs' errors by name, in AWS's words.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace lapwing::logs {

inline Error invalid_parameter(std::string message) {
  return Error(ErrorKind::kInvalid, "InvalidParameterException", std::move(message));
}
// What the two ways to name a group answer, where every other parameter has the error above.
inline Error validation(std::string message) {
  return Error(ErrorKind::kInvalid, "ValidationException", std::move(message));
}
inline Error invalid_filter_pattern() { return invalid_parameter("Invalid filter pattern"); }
inline Error invalid_next_token() {
  return invalid_parameter("The specified nextToken is invalid.");
}
inline Error group_not_found() {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException",
               "The specified log group does not exist.");
}
inline Error stream_not_found() {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException",
               "The specified log stream does not exist.");
}
inline Error resource_not_found() {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException",
               "The specified resource does not exist.");
}
inline Error group_exists() {
  return Error(ErrorKind::kConflict, "ResourceAlreadyExistsException",
               "The specified log group already exists");
}
inline Error stream_exists() {
  return Error(ErrorKind::kConflict, "ResourceAlreadyExistsException",
               "The specified log stream already exists");
}
inline Error filter_not_found(std::string_view kind) {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException",
               "The specified " + std::string(kind) + " filter does not exist.");
}
inline Error destination_not_found() {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException",
               "The specified destination does not exist.");
}
inline Error limit_exceeded() {
  return Error(ErrorKind::kInvalid, "LimitExceededException", "Resource limit exceeded.");
}
inline Error access_denied(std::string message) {
  return Error(ErrorKind::kInvalid, "AccessDeniedException", std::move(message));
}
// [ours]: groups of the class INFREQUENT_ACCESS are followed by nobody.
inline Error foreign_role() { return access_denied("Cross-account role passing is not allowed."); }
inline Error not_of_this_class(std::string_view what) {
  return Error(ErrorKind::kInvalid, "InvalidOperationException",
               std::string(what) + " are not there for log groups of this class.");
}
inline Error too_many_tags() {
  return invalid_parameter("The maximum number of tags allowed for a resource is 50.");
}
inline Error too_many_tags(const std::string& resource) {
  return Error(ErrorKind::kInvalid, "TooManyTagsException",
               "The maximum number of tags allowed for a resource is 50.")
      .with_field("resourceName", resource);
}
inline Error service_unavailable(std::string detail) {
  return Error(ErrorKind::kUnavailable, "ServiceUnavailableException",
               "The service cannot complete the request.")
      .with_detail(std::move(detail));
}
// `why` may be read by everybody.
inline Error no_room(std::string_view why) {
  return Error(ErrorKind::kUnavailable, "ServiceUnavailableException",
               "The service cannot complete the request: " + std::string(why) + ".");
}
inline Error rate_exceeded(std::string_view why) {
  return Error(ErrorKind::kThrottled, "ThrottlingException",
               "Rate exceeded: " + std::string(why) + ".")
      .with_status(400);
}
}  // namespace lapwing::logs

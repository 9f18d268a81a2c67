#include "services/ec2/words.hpp"

#include <fmt/core.h>

namespace lapwing::ec2 {

Error failure(ErrorKind kind, std::string_view code, std::string message) {
  return Error(kind, std::string(code), std::move(message)).with_status(400);
}

Error invalid_value(std::string message) {
  return failure(ErrorKind::kInvalid, "InvalidParameterValue", std::move(message));
}

Error missing(std::string_view parameter) {
  return failure(ErrorKind::kInvalid, "MissingParameter",
                 fmt::format("The request must contain the parameter {}", parameter));
}

Error no_such_vpc(std::string_view id) {
  return failure(ErrorKind::kNotFound, "InvalidVpcID.NotFound",
                 fmt::format("The vpc ID '{}' does not exist", id));
}

Error no_such_subnet(std::string_view id) {
  return failure(ErrorKind::kNotFound, "InvalidSubnetID.NotFound",
                 fmt::format("The subnet ID '{}' does not exist", id));
}

Error no_such_group(std::string_view id) {
  return failure(ErrorKind::kNotFound, "InvalidGroup.NotFound",
                 fmt::format("The security group '{}' does not exist", id));
}

Error no_such_rule(std::string_view id) {
  return failure(ErrorKind::kNotFound, "InvalidSecurityGroupRuleId.NotFound",
                 fmt::format("The security group rule ID '{}' does not exist", id));
}

Error no_such_id(std::string_view id) {
  return failure(ErrorKind::kNotFound, "InvalidID", fmt::format("The ID '{}' is not valid", id));
}

Error malformed(std::string_view code, std::string_view id, std::string_view kind) {
  return failure(ErrorKind::kInvalid, code,
                 fmt::format("Invalid id: \"{}\" (expecting \"{}-...\")", id, kind));
}

Error has_dependents(std::string message) {
  return failure(ErrorKind::kConflict, "DependencyViolation", std::move(message));
}

Error limit_reached(std::string_view code, std::string_view what) {
  return failure(ErrorKind::kTooLarge, code,
                 fmt::format("The maximum number of {} has been reached.", what));
}

Error dry_run() {
  return Error(ErrorKind::kConflict, "DryRunOperation",
               "Request would have succeeded, but DryRun flag is set.")
      .with_status(412);
}

}  // namespace lapwing::ec2

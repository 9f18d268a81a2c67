#include "services/schemas/words.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/schemas/errors.hpp"
#include "resources/store_failure.hpp"

namespace lapwing::schemas {
namespace {

namespace errors = gen::schemas::errors;

Error coded(Error error, std::string_view code) {
  return std::move(error).with_field("Code", std::string(code));
}

Error not_found(std::string message) {
  return coded(errors::not_found(std::move(message)), "NotFound");
}

}  // namespace

Error bad_request(std::string message) {
  return coded(errors::bad_request(std::move(message)), "BadRequest");
}

Error conflict(std::string message) {
  return coded(errors::conflict(std::move(message)), "Conflict");
}

Error forbidden(std::string message) {
  return coded(errors::forbidden(std::move(message)), "Forbidden");
}

Error no_such_registry(std::string_view name) {
  return not_found(fmt::format("Registry with name {} does not exist.", name));
}

Error no_such_schema(std::string_view name) {
  return not_found(fmt::format("Schema with name {} does not exist.", name));
}

Error no_such_version(std::string_view schema, std::string_view number) {
  return not_found(
      fmt::format("Schema with name {} and version {} does not exist.", schema, number));
}

Error no_such_policy(std::string_view registry) {
  return not_found(fmt::format("No policy is attached to the registry {}.", registry));
}

Error no_such_resource(std::string_view arn) {
  return not_found(fmt::format("The resource {} does not exist.", arn));
}

Error policy_changed() {
  return coded(errors::precondition_failed("RevisionId is not that of the policy that is there."),
               "PreconditionFailed");
}

Error nothing_changed() { return conflict("No change since the previous schema version."); }

Error not_exported() {
  return forbidden("You cannot export non discovered or non aws managed schemas.");
}

Error store_failure(Error error) {
  const auto unavailable = [] {
    return coded(
        errors::service_unavailable(
            "The service cannot write now: too much waits, the disk is full, or it stops."),
        "ServiceUnavailable");
  };
  return resources::store_failure(
      std::move(error), {.throttled = unavailable(),
                         .too_large = bad_request("The resource is too large to be kept."),
                         .unavailable = unavailable()});
}

}  // namespace lapwing::schemas

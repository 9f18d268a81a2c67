#include "services/events/words.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/events/errors.hpp"
#include "resources/store_failure.hpp"

namespace lapwing::events {

namespace errors = gen::events::errors;

Error invalid(std::string message) {
  return Error(ErrorKind::kInvalid, "ValidationException", std::move(message)).with_status(400);
}

Error invalid_parameter(std::string_view parameter, std::string_view reason) {
  return invalid(fmt::format("Parameter {} is not valid. Reason: {}", parameter, reason));
}

Error no_such_bus(std::string_view name) {
  return errors::resource_not_found(fmt::format("Event bus {} does not exist.", name));
}

Error no_such_rule(std::string_view rule, std::string_view bus) {
  return errors::resource_not_found(
      fmt::format("Rule {} does not exist on EventBus {}.", rule, bus));
}

Error foreign_role() { return errors::access_denied("Cross-account pass role is not allowed."); }

Error too_many() {
  return errors::limit_exceeded("The requested resource exceeds the maximum number allowed.");
}

Error store_failure(Error error) {
  return resources::store_failure(
      std::move(error),
      {.throttled = errors::throttling("Too many requests wait to be written."),
       .too_large = errors::limit_exceeded("A value is larger than can be kept.")});
}

}  // namespace lapwing::events

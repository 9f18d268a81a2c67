#include "services/scheduler/words.hpp"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "gen/scheduler/errors.hpp"
#include "resources/store_failure.hpp"

namespace lapwing::scheduler {

namespace errors = gen::scheduler::errors;

Error invalid(std::string_view what) { return errors::validation(std::string(what)); }

Error foreign_role() {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               "Cross-account pass role is not allowed.")
      .with_status(403);
}

Error no_such_schedule(std::string_view name) {
  return errors::resource_not_found(fmt::format("Schedule {} does not exist.", name));
}

Error schedule_exists(std::string_view name) {
  return errors::conflict(fmt::format("Schedule {} already exists.", name));
}

Error no_such_group(std::string_view name) {
  return errors::resource_not_found(fmt::format("Schedule group {} does not exist.", name));
}

Error group_exists(std::string_view name) {
  return errors::conflict(fmt::format("Schedule group {} already exists.", name));
}

Error group_is_deleting(std::string_view name) {
  return errors::conflict(fmt::format("Schedule group {} is being deleted.", name));
}

Error token_used_otherwise() {
  return errors::conflict(
      "The ClientToken you provided was used in a request with other parameters.");
}

Error store_failure(Error error) {
  return resources::store_failure(
      std::move(error),
      {.throttled = errors::throttling("Rate exceeded"),
       .too_large = invalid("The schedule is larger than can be kept."),
       .unavailable = Error(ErrorKind::kUnavailable, "ServiceUnavailableException",
                            "The service cannot write now: the disk is full, or it stops.")
                          .with_status(503)});
}

}  // namespace lapwing::scheduler

#include "services/pipes/words.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/pipes/errors.hpp"
#include "text/json_writer.hpp"

namespace lapwing::pipes {
namespace {

namespace errors = gen::pipes::errors;

Error conflict(std::string_view name, std::string message) {
  return errors::conflict(std::move(message))
      .with_field("resourceId", std::string(name))
      .with_field("resourceType", "pipe");
}

}  // namespace

Error invalid(std::string message) { return errors::validation(std::move(message)); }

Error invalid_member(std::string_view member, std::string_view message) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("ValidationErrorFields");
  json.begin_array();
  json.begin_object();
  json.member("Name", member);
  json.member("Message", message);
  json.end_object();
  json.end_array();
  json.end_object();
  return errors::validation(std::move(out));
}

Error foreign_role() {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               "Cross-account pass role is not allowed.")
      .with_status(403);
}

Error no_such_pipe(std::string_view name) {
  return errors::not_found(fmt::format("Pipe {} does not exist.", name));
}

Error pipe_exists(std::string_view name) {
  return conflict(name, fmt::format("Pipe {} already exists.", name));
}

Error pipe_is_changing(std::string_view name, std::string_view state) {
  return conflict(name, fmt::format("Pipe {} cannot be changed while it is {}.", name, state));
}

Error store_failure(Error error) {
  if (error.kind() == ErrorKind::kThrottled) {
    return errors::throttling("Rate exceeded").with_detail(error.to_log());
  }
  if (error.kind() == ErrorKind::kTooLarge) {
    return invalid("The pipe is larger than can be kept.").with_detail(error.to_log());
  }
  if (error.kind() == ErrorKind::kUnavailable) {
    return Error(ErrorKind::kUnavailable, "ServiceUnavailableException",
                 "The service cannot write now: the disk is full, or it stops.")
        .with_status(503)
        .with_detail(error.to_log());
  }
  return error;
}

std::string source_trouble(const Error& why) {
  constexpr std::string_view kBegin = "Input parameter is invalid from the request due to : ";
  if (why.kind() == ErrorKind::kDenied) {
    return fmt::format(
        "{}The provided customer role does not have permissions to call ReceiveMessage on SQS",
        kBegin);
  }
  if (why.kind() == ErrorKind::kNotFound || why.kind() == ErrorKind::kInvalid) {
    return fmt::format(
        "{}Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist.",
        kBegin);
  }
  return "The source cannot be received from now: " + why.message();
}

}  // namespace lapwing::pipes

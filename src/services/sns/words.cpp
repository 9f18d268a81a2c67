#include "services/sns/words.hpp"

#include <fmt/core.h>

#include "gen/sns/errors.hpp"

namespace lapwing::sns {

Error invalid(std::string_view what) {
  return gen::sns::errors::invalid_parameter(fmt::format("Invalid parameter: {}", what));
}

Error no_such_topic() { return gen::sns::errors::not_found("Topic does not exist"); }
Error no_such_subscription() { return gen::sns::errors::not_found("Subscription does not exist"); }

Error store_failure(Error error) {
  switch (error.kind()) {
    case ErrorKind::kThrottled:
      return gen::sns::errors::throttled("Rate exceeded").with_detail(error.to_log());
    case ErrorKind::kUnavailable:
      return Error(ErrorKind::kUnavailable, "ServiceUnavailable",
                   "The service cannot write now: the disk is full, or it stops.")
          .with_status(503)
          .with_detail(error.to_log());
    case ErrorKind::kTooLarge:
      return invalid("a value is larger than can be kept").with_detail(error.to_log());
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kDenied:
    case ErrorKind::kUnsupported:
    case ErrorKind::kTimeout:
    case ErrorKind::kUnknown:
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      break;
  }
  return error;
}

}  // namespace lapwing::sns

#include "resources/store_failure.hpp"

#include <utility>

namespace lapwing::resources {

Error cannot_write() {
  return Error(ErrorKind::kUnavailable, "ServiceUnavailable",
               "The service cannot write now: the disk is full, or it stops.")
      .with_status(503);
}

Error store_failure(Error error, StoreWords words) {
  const auto in = [&](Error said) { return std::move(said).with_detail(error.to_log()); };
  switch (error.kind()) {
    case ErrorKind::kThrottled:
      return in(std::move(words.throttled));
    case ErrorKind::kUnavailable:
      return in(std::move(words.unavailable));
    case ErrorKind::kTooLarge:
      return in(std::move(words.too_large));
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

}  // namespace lapwing::resources

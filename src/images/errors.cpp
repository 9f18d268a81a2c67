#include "images/errors.hpp"

#include <fmt/core.h>

namespace lapwing::images::errors {

Error invalid(std::string message) { return make_error(ErrorKind::kInvalid, std::move(message)); }

Error damaged(std::string_view what, std::string_view digest) {
  return invalid(
      fmt::format("{} {} is damaged: its content has another digest or size", what, digest));
}

Error too_large(std::string message) {
  return make_error(ErrorKind::kTooLarge, std::move(message));
}

Error not_found(std::string_view reference) {
  return make_error(ErrorKind::kNotFound, fmt::format("there is no image {}", reference));
}

Error denied(std::string_view reference, std::string detail) {
  return make_error(ErrorKind::kDenied, fmt::format("access to {} is denied", reference))
      .with_detail(std::move(detail));
}

Error unsupported(std::string message) {
  return make_error(ErrorKind::kUnsupported, std::move(message));
}

Error unavailable(std::string_view registry, std::string detail) {
  return make_error(ErrorKind::kUnavailable, fmt::format("registry {} does not answer", registry))
      .with_detail(std::move(detail));
}

Error stopping() { return make_error(ErrorKind::kCancelled, "the server is stopping"); }

}  // namespace lapwing::images::errors

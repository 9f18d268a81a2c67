#include "base/result.hpp"

#include <cstring>

#include <fmt/core.h>

namespace lapwing {
namespace {

ErrorKind kind_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kConflict;
    case EACCES:
    case EPERM:
      return ErrorKind::kDenied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return ErrorKind::kUnavailable;
    case ETIMEDOUT:
      return ErrorKind::kTimeout;
    case ECANCELED:
      return ErrorKind::kCancelled;
    case E2BIG:
    case EFBIG:
    case EMSGSIZE:
      return ErrorKind::kTooLarge;
    default:
      return ErrorKind::kInternal;
  }
}

}  // namespace

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kTooLarge:
      return "too_large";
    case ErrorKind::kThrottled:
      return "throttled";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kUnknown:
      return "unknown";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorKind kind, std::string code, std::string message)
    : facts_(new Facts{kind, 0, std::move(code), std::move(message), {}, {}}) {}

Error::Error(const Error& other) : facts_(new Facts(other.facts())) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) facts_ = std::make_unique<Facts>(other.facts());
  return *this;
}

const Error::Facts& Error::nothing() {
  static const Facts kNothing{ErrorKind::kInternal,           0, "Internal", "Internal error",
                              "an error that was moved from", {}};
  return kNothing;
}

Error Error::with_status(int status) && {
  facts_->http_status = status;
  return std::move(*this);
}

Error Error::with_detail(std::string text) && {
  facts_->detail = std::move(text);
  return std::move(*this);
}

Error Error::with_field(std::string name, std::string value) && {
  facts_->fields.push_back({std::move(name), std::move(value)});
  return std::move(*this);
}

Error Error::context(std::string_view what) && {
  facts_->detail = detail().empty() ? fmt::format("{}: {}", what, message())
                                    : fmt::format("{}: {}", what, detail());
  return std::move(*this);
}

std::string Error::to_log() const {
  return fmt::format("{} {}: {}{}{}", to_string(kind()), code(), message(),
                     detail().empty() ? "" : " | ", detail());
}

Error errno_error(std::string_view what, int error_number) {
  char buffer[128];
  // GNU strerror_r returns the text, which may or may not be in `buffer`.
  const char* text = strerror_r(error_number, buffer, sizeof buffer);
  return Error(kind_of_errno(error_number), "Internal", "Internal error")
      .with_detail(fmt::format("{}: {}", what, text));
}

Error internal_error(std::string detail) {
  return Error(ErrorKind::kInternal, "Internal", "Internal error").with_detail(std::move(detail));
}

Error make_error(ErrorKind kind, std::string message) {
  return Error(kind, std::string(to_string(kind)), std::move(message));
}

}  // namespace lapwing

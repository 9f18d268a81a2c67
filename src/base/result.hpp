// Result<T> and Error: the one way in which Lapwing reports what went wrong and is
// expected to go wrong sometimes. Whatever AWS calls an error is a value made by a named
// factory (each service's errors.hpp) and rendered in one place (aws/error_writer).
// Exceptions mean a bug or a broken world and are caught at the request boundary, the
// background-task boundary and in main only.
//
// Thread-safety: plain values.
#pragma once

#include <cerrno>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lapwing {

// What a caller can do about an error, independent of any protocol.
enum class ErrorKind {
  kInvalid,      // the caller's input is wrong; the same call fails again
  kNotFound,     // the thing named does not exist
  kConflict,     // exists already, or changed since it was read
  kTooLarge,     // beyond a limit
  kThrottled,    // try again later
  kDenied,       // not authenticated or not authorised
  kUnsupported,  // Lapwing does not build this (yet); the message names it
  kUnavailable,  // not now: shutting down, disk full, dependency away
  kTimeout,      // the deadline passed; nothing happened, or it does not matter
  kUnknown,      // it may have happened: a write whose outcome was not seen
  kCancelled,    // the one who asked has gone
  kInternal,     // ours to fix
};

std::string_view to_string(ErrorKind kind);

struct ErrorField {
  std::string name;  // member or header name as it goes on the wire
  std::string value;
};

// `message` may be shown to the caller; `detail` is for our log only. They are never the
// same string by accident.
//
// One pointer wide: results of every kind lie in coroutine frames, of which thousands wait, and
// nearly none of them holds an error.
class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string code, std::string message);
  Error(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(const Error& other);
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  ErrorKind kind() const { return facts().kind; }
  // The AWS error name ("ResourceNotFoundException"), or an internal one ("Internal").
  const std::string& code() const { return facts().code; }
  const std::string& message() const { return facts().message; }
  const std::string& detail() const { return facts().detail; }
  // 0 where the protocol engine should take the status from the model's error shape.
  int http_status() const { return facts().http_status; }
  const std::vector<ErrorField>& fields() const { return facts().fields; }

  Error with_status(int status) &&;
  Error with_detail(std::string text) &&;
  Error with_field(std::string name, std::string value) &&;
  // Wraps on the way up: "create sandbox: mount /proc: Operation not permitted".
  Error context(std::string_view what) &&;

  // One line for logs: kind, code, message, detail.
  std::string to_log() const;

 private:
  struct Facts {
    ErrorKind kind;
    int http_status = 0;
    std::string code;
    std::string message;
    std::string detail;
    std::vector<ErrorField> fields;
  };
  // Of one that was moved from, those of a bug.
  static const Facts& nothing();
  const Facts& facts() const { return facts_ ? *facts_ : nothing(); }

  std::unique_ptr<Facts> facts_;  // null once it was moved from
};
static_assert(sizeof(Error) == sizeof(void*));

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

// A failed system call: kind from errno, public message generic, detail "what: strerror".
Error errno_error(std::string_view what, int error_number = errno);
// A bug or broken invariant that need not take the process down.
Error internal_error(std::string detail);
// A plain error of the given kind whose message is fit for the caller.
Error make_error(ErrorKind kind, std::string message);

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace lapwing

#define LAPWING_CONCAT_INNER(a, b) a##b
#define LAPWING_CONCAT(a, b) LAPWING_CONCAT_INNER(a, b)

// LAPWING_TRY(auto x, expression): declares x from a Result or returns its error. In a
// coroutine use LAPWING_CO_TRY. The expression is evaluated once.
#define LAPWING_TRY(declaration, ...)                                                  \
  auto LAPWING_CONCAT(lapwing_try_, __LINE__) = (__VA_ARGS__);                         \
  if (!LAPWING_CONCAT(lapwing_try_, __LINE__))                                         \
    return std::unexpected(std::move(LAPWING_CONCAT(lapwing_try_, __LINE__)).error()); \
  declaration = *std::move(LAPWING_CONCAT(lapwing_try_, __LINE__))

#define LAPWING_CO_TRY(declaration, ...)                                                  \
  auto LAPWING_CONCAT(lapwing_try_, __LINE__) = (__VA_ARGS__);                            \
  if (!LAPWING_CONCAT(lapwing_try_, __LINE__))                                            \
    co_return std::unexpected(std::move(LAPWING_CONCAT(lapwing_try_, __LINE__)).error()); \
  declaration = *std::move(LAPWING_CONCAT(lapwing_try_, __LINE__))

// The same for a Status or a Result whose value is not wanted.
#define LAPWING_CHECK(...)                                                        \
  do {                                                                            \
    auto lapwing_check = (__VA_ARGS__);                                           \
    if (!lapwing_check) return std::unexpected(std::move(lapwing_check).error()); \
  } while (false)

#define LAPWING_CO_CHECK(...)                                                        \
  do {                                                                               \
    auto lapwing_check = (__VA_ARGS__);                                              \
    if (!lapwing_check) co_return std::unexpected(std::move(lapwing_check).error()); \
  } while (false)

#include "services/lambda/invoke_failure.hpp"

#include <fmt/core.h>

namespace lapwing::lambda {
namespace {

// What the dispatcher could not do, in Lambda's words.
Error platform_failed(const Error& error, Logger& logger, const RequestId& request_id) {
  if (error.kind() == ErrorKind::kThrottled) return error;
  logger.error("invoke", "the platform failed an invocation",
               {{"request_id", request_id.str()}, {"error", error.to_log()}});
  const bool stopping = error.kind() == ErrorKind::kUnavailable;
  return Error(error.kind(), "ServiceException",
               stopping ? "The service is shutting down. Please retry."
                        : fmt::format("Internal Error. The log of Lapwing says why (request {})",
                                      request_id.str()))
      .with_status(stopping ? 503 : 500)
      .with_detail(error.detail());
}

// An after-restore hook's doing, in the words of the API's manual.
Error restore_failed(const runtime::Outcome& outcome) {
  if (outcome.restore == runtime::Outcome::Restore::kTimedOut) {
    return Error(ErrorKind::kTimeout, "SnapStartTimeoutException",
                 "Lambda couldn't restore the snapshot within the timeout limit.")
        .with_status(408);
  }
  return Error(ErrorKind::kInvalid, "SnapStartException",
               "The afterRestore() runtime hook encountered an error. For more information, "
               "check the Amazon CloudWatch logs.")
      .with_status(400);
}

Error no_runtime(const Error& error, Logger& logger) {
  logger.warn("invoke", error.message());
  return Error(ErrorKind::kUnavailable, "InvalidRuntimeException", error.message())
      .with_status(502);
}

}  // namespace

// In CreateFunction's words, as what a caller may see to is the same.
Error role_not_assumed() {
  return Error(ErrorKind::kDenied, "AccessDeniedException",
               "The role defined for the function cannot be assumed by Lambda.")
      .with_status(403);
}

std::optional<Error> invoke_failure(const Result<runtime::Outcome>& outcome,
                                    const std::string& runtime_id,
                                    const runtime::Catalogue& catalogue,
                                    const RequestId& request_id, Logger& log) {
  if (!outcome) return platform_failed(outcome.error(), log, request_id);
  if (outcome->kind != runtime::Outcome::Kind::kPlatformError) return std::nullopt;
  if (outcome->restore != runtime::Outcome::Restore::kNone) return restore_failed(*outcome);
  // The one cause that the caller can see to: an interpreter that is not installed. Images have
  // their own.
  if (!runtime_id.empty()) {
    if (const auto runtime = catalogue.choose(runtime_id); !runtime) {
      return no_runtime(runtime.error(), log);
    }
  }
  return platform_failed(internal_error(outcome->detail), log, request_id);
}

}  // namespace lapwing::lambda

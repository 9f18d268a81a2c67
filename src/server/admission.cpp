#include "server/admission.hpp"

#include <functional>
#include <string_view>
#include <utility>

#include "server/limits.hpp"

namespace lapwing::server {

Error too_many(std::string message) {
  return Error(ErrorKind::kThrottled, "TooManyRequestsException", std::move(message))
      .with_status(429)
      .with_field("Reason", "CallerRateLimitExceeded");
}

Error body_error(Error error) {
  if (error.kind() != ErrorKind::kThrottled) return error;
  return too_many("Too many request bytes in flight. Please retry.");
}

Status admit(http::RequestContext& context, const aws::Authenticator& authenticator,
             const aws::SignatureHead& signature) {
  if (authenticator.mode() != aws::AuthMode::kOff) {
    context.charge_to(std::hash<std::string_view>()(signature.access_key_id));
  }
  if (!context.answers_stalled()) return {};
  return fail(too_many("Too many answers wait to be read. Please read them, and retry."));
}

void record_access(Logger& logger, const http::RequestContext& context, const RequestId& request_id,
                   const aws::Response& response) {
  const LogLevel level = response.status >= 400 ? LogLevel::kInfo : LogLevel::kDebug;
  if (logger.enabled(level)) {
    const http::Request& request = context.request();
    const std::string error(response.header("x-amzn-ErrorType").value_or(""));
    logger.log(level, "api", error.empty() ? "answered" : error,
               {{"status", response.status},
                {"method", http::to_string(request.method)},
                {"target", std::string_view(request.target).substr(0, kLoggedTargetMax)},
                {"request_id", request_id.str()}});
  }
}

}  // namespace lapwing::server

#include "server/admission.hpp"

#include <algorithm>
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

std::uint64_t share_of(const aws::Caller& caller) {
  std::string_view who = caller.identity;
  if (who.empty()) who = std::string_view(caller.user_id).substr(0, caller.user_id.find(':'));
  if (who.empty()) who = caller.principal_arn;
  return std::hash<std::string_view>()(who) * 31 +
         std::hash<std::string_view>()(caller.account.view());
}

Status check_answers(http::RequestContext& context) {
  if (!context.answers_stalled()) return {};
  return fail(too_many("Too many answers wait to be read. Please read them, and retry."));
}

Status admit(http::RequestContext& context, const aws::Authenticator& authenticator,
             const aws::Request& head, const aws::SignatureHead& signature,
             std::string_view service) {
  if (authenticator.mode() == aws::AuthMode::kOff) return check_answers(context);
  context.claim(std::hash<std::string_view>()(signature.access_key_id));
  // Small ones have room of their own. What does not hold here is told once the body is there.
  const std::uint64_t length = context.content_length().value_or(UINT64_MAX);
  if (length > http::kSmallBodyBytes && head.header("x-amz-content-sha256")) {
    aws::Request said = head;
    said.body_follows = true;
    if (const auto caller = authenticator.authenticate(said, signature, service)) {
      context.charge_to(share_of(*caller));
    }
  }
  return check_answers(context);
}

Status admit(http::RequestContext& context, const aws::Caller& caller) {
  if (!caller.authenticated) return {};
  context.charge_to(share_of(caller));
  return check_answers(context);
}

Result<http::Charge> payload_room(http::Memory& memory, const http::CallerId& caller,
                                  std::size_t bytes) {
  const bool small = bytes <= kSmallPayloadBytes;
  http::Charge charge = small ? memory.payloads.charge() : memory.payloads.charge(caller);
  if (charge.room(small ? kSmallPayloadsReserve : 0) < bytes) {
    return fail(too_many("Too many payloads in flight. Please retry."));
  }
  charge.add(bytes);
  return charge;
}

std::uint64_t AnswerHold::room(const http::CallerId& caller) {
  if (memory_ == nullptr) return UINT64_MAX;
  if (!held_.counts()) held_ = memory_->answers.charge(caller);
  const std::uint64_t room = held_.room();
  return room > 0 ? room : std::min(held_.room(kSmallAnswersReserve), kSmallAnswerBytes);
}

namespace {

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + before.size());
  return text.substr(0, text.find(after));
}

// Each protocol has its own place for it.
std::string error_code_of(const aws::Response& response) {
  if (const auto header = response.header("x-amzn-ErrorType")) return std::string(*header);
  if (const auto header = response.header("x-amzn-query-error")) {
    return std::string(header->substr(0, header->find(';')));
  }
  std::string_view code = between(response.body, "\"__type\":\"", "\"");
  if (code.empty()) code = between(response.body, "<Code>", "</Code>");
  const std::size_t name_space = code.find('#');
  return std::string(code.substr(name_space == std::string_view::npos ? 0 : name_space + 1));
}

void note(Logger& logger, LogLevel level, std::string_view outcome,
          const http::RequestContext& context, const RequestId& request_id, const Asked& asked,
          int status, std::string_view error) {
  const http::Request& request = context.request();
  logger.log(level, "api", outcome,
             {{"service", asked.service},
              {"operation", asked.operation},
              {"status", status},
              {"error", error},
              {"method", http::to_string(request.method)},
              // Not the query: there may be a password in it, or a signature that is good for days.
              {"target", request.path().substr(0, kLoggedTargetMax)},
              {"request_id", request_id.str()}});
}

}  // namespace

void record_access(Logger& logger, const http::RequestContext& context, const RequestId& request_id,
                   const aws::Response& response, const Asked& asked) {
  const bool failed = response.status >= 400;
  const LogLevel level = failed ? LogLevel::kInfo : LogLevel::kDebug;
  if (!logger.enabled(level)) return;
  note(logger, level, failed ? "refused" : "answered", context, request_id, asked, response.status,
       failed ? error_code_of(response) : std::string());
}

void record_left(Logger& logger, const http::RequestContext& context, const RequestId& request_id,
                 const Asked& asked) {
  if (!logger.enabled(LogLevel::kDebug)) return;
  note(logger, LogLevel::kDebug, "left", context, request_id, asked, 0, "");
}

}  // namespace lapwing::server

#include "services/scheduler/outgoing.hpp"

#include <string>
#include <utility>

#include "services/scheduler/limits.hpp"
#include "text/time_format.hpp"
#include "text/utf8.hpp"

namespace lapwing::scheduler {
namespace {

ports::OnBehalf on_behalf(const Invocation& invocation) {
  return {.service = {},
          .source_arn = invocation.schedule_arn,
          .source_account = invocation.scope.account,
          .role_arn = invocation.target.role_arn};
}

void add(ports::Parcel& parcel, std::string name, std::string value) {
  if (!value.empty()) parcel.attributes.push_back({std::move(name), "String", std::move(value)});
}

}  // namespace

delivery::Posting posting_of(const Invocation& invocation, std::int64_t due_ms) {
  return {.id = invocation.execution_id,
          .event = encode(invocation),
          .addressees = {invocation.schedule_arn},
          .accepted_ms = due_ms};
}

std::optional<delivery::Shipment> Outgoing::shipment_at(const delivery::Posting& posting,
                                                        std::string_view, std::uint32_t attempt) {
  const auto invocation = decode_invocation(posting.event);
  if (!invocation) return std::nullopt;
  const Target& target = invocation->target;
  delivery::Shipment out;
  out.parcel.target = target.arn;
  out.parcel.body = payload(*invocation, attempt);
  out.parcel.as = on_behalf(*invocation);
  out.parcel.group = target.message_group;
  if (!target.source.empty()) {
    out.parcel.source = target.source;
    out.parcel.detail_type = target.detail_type;
    out.parcel.resources = {invocation->schedule_arn};
  }
  out.retry =
      delivery::RetryPolicy::exponential({.first = kRetryFirst,
                                          .most = kRetryMost,
                                          .attempts = static_cast<std::uint32_t>(target.retries),
                                          .age = std::chrono::seconds(target.event_age_s)});
  return out;
}

std::optional<ports::Parcel> Outgoing::dead_letter(const delivery::Posting& posting,
                                                   std::string_view,
                                                   const delivery::Failure& failure) {
  const auto invocation = decode_invocation(posting.event);
  if (!invocation || invocation->target.dead_letter_arn.empty()) return std::nullopt;
  ports::Parcel out;
  out.target = invocation->target.dead_letter_arn;
  out.as = on_behalf(*invocation);
  out.body = payload(*invocation, failure.attempts == 0 ? 1 : failure.attempts);
  const bool truncated = out.body.size() > kInputBytesMax;
  out.body.resize(text::truncate_utf8(out.body, kInputBytesMax).size());
  add(out, "ERROR_CODE", failure.last.code);
  add(out, "ERROR_MESSAGE", failure.last.message);
  if (failure.why == delivery::Why::kRetriesExhausted) {
    add(out, "EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts");
  } else if (failure.why == delivery::Why::kTooOld) {
    add(out, "EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds");
  }
  add(out, "RETRY_ATTEMPTS", std::to_string(failure.attempts == 0 ? 0 : failure.attempts - 1));
  add(out, "EXECUTION_ID", invocation->execution_id);
  add(out, "EXECUTION_TIME", text::format_iso8601(wall_from_unix_ms(invocation->occurrence_ms)));
  add(out, "SCHEDULE_ARN", invocation->schedule_arn);
  add(out, "TARGET_ARN", invocation->target.arn);
  add(out, "IS_PAYLOAD_TRUNCATED", truncated ? "true" : "false");
  return out;
}

}  // namespace lapwing::scheduler

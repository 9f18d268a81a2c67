#include "services/events/sending.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/events/input.hpp"
#include "services/events/limits.hpp"
#include "services/events/own_events.hpp"
#include "text/json.hpp"

namespace lapwing::events {
namespace {

using delivery::Failure;
using ports::Delivered;

constexpr std::string_view kService = "events.amazonaws.com";
constexpr std::string_view kNoInput = "INVALID_JSON";

// A rule's target, and the event that is for it.
struct Due {
  RulePtr rule;
  const gen::events::Target* target = nullptr;
  Event event;
};

std::optional<Due> due(const Rules& rules, const delivery::Posting& posting,
                       std::string_view addressee) {
  const Addressee address = read_addressee(addressee);
  Due out;
  out.rule = rules.by_id(address.rule_id);
  if (out.rule == nullptr || out.rule->mark_of(address.target_id) != address.mark) {
    return std::nullopt;
  }
  out.target = out.rule->find_target(address.target_id);
  auto event = unpack_event(posting.event);
  if (out.target == nullptr || !event) return std::nullopt;
  out.event = *std::move(event);
  return out;
}

ports::OnBehalf on_behalf(const Rule& rule, const gen::events::Target& target) {
  ports::OnBehalf out;
  out.source_arn = rule.address.arn();
  out.source_account = rule.address.bus.scope.account;
  if (target.role_arn) {
    out.role_arn = *target.role_arn;
  } else {
    out.service = kService;
  }
  return out;
}

delivery::RetryPolicy retries(const gen::events::Target& target) {
  std::int32_t attempts = kRetryAttemptsMax;
  std::int32_t age_s = kEventAgeSecondsMax;
  if (target.retry_policy) {
    attempts = target.retry_policy->maximum_retry_attempts.value_or(attempts);
    age_s = target.retry_policy->maximum_event_age_in_seconds.value_or(age_s);
  }
  return delivery::RetryPolicy::exponential({.first = kRetryFirst,
                                             .most = kRetryMost,
                                             .attempts = static_cast<std::uint32_t>(attempts),
                                             .age = std::chrono::seconds(age_s)});
}

// An input that a rule writes itself, and that says to be an event of a service.
bool says_it_is_a_services(const gen::events::Target& target, const std::string& body) {
  if (!target.input && !target.input_path && !target.input_transformer) return false;
  const auto document = text::parse_json(body, {.max_depth = kDetailDepthMax + 1});
  const text::JsonValue* const source = document ? document->root().find("source") : nullptr;
  return source != nullptr && is_own_source(source->as_string());
}

bool has(std::string_view code, std::string_view part) { return code.contains(part); }

// ERROR_CODE of a dead letter, of what the target answered.
std::string_view error_code(const Delivered& last) {
  const std::string_view code = last.code;
  if (code == kNoInput) return kNoInput;
  if (has(code, "AccessDenied") || has(code, "NotAuthorized") || code == "403" || code == "401") {
    return "NO_PERMISSIONS";
  }
  if (has(code, "NonExistent") || has(code, "NotFound") || has(code, "DoesNotExist") ||
      has(code, "UnsupportedTarget")) {
    return "NO_RESOURCE";
  }
  if (has(code, "Throttl") || has(code, "TooManyRequests") || code == "429") return "THROTTLING";
  if (has(code, "Timeout")) return "TIMEOUT";
  return last.kind == Delivered::Kind::kRefused ? "SDK_CLIENT_ERROR" : "INTERNAL_ERROR";
}

void add(ports::Parcel& parcel, std::string_view name, std::string_view value) {
  if (!value.empty())
    parcel.attributes.push_back({std::string(name), "String", std::string(value)});
}

}  // namespace

std::optional<delivery::Shipment> Sending::shipment(const delivery::Posting& posting,
                                                    std::string_view addressee) {
  const auto found = due(rules_, posting, addressee);
  if (!found) return std::nullopt;
  const gen::events::Target& target = *found->target;
  delivery::Shipment out;
  out.retry = retries(target);
  out.parcel.target = target.arn;
  out.parcel.as = on_behalf(*found->rule, target);
  out.parcel.hops = found->event.hops + 1;
  if (target.sqs_parameters && target.sqs_parameters->message_group_id) {
    out.parcel.group = *target.sqs_parameters->message_group_id;
  }
  auto body = input_of(*found->rule, target, found->event);
  if (!body) {
    out.refusal = Delivered{.kind = Delivered::Kind::kRefused,
                            .code = std::string(kNoInput),
                            .message = fmt::format("What the target is to get {}.",
                                                   expressions::to_string(body.error()))};
    return out;
  }
  if (is_bus_arn(target.arn) && says_it_is_a_services(target, *body)) {
    out.refusal = Delivered{.kind = Delivered::Kind::kRefused,
                            .code = "NotAuthorizedForSourceException",
                            .message = "Not authorized for the source."};
    return out;
  }
  out.parcel.body = *std::move(body);
  rules_.complete(*found->rule, target, out);
  return out;
}

std::optional<ports::Parcel> Sending::dead_letter(const delivery::Posting& posting,
                                                  std::string_view addressee,
                                                  const Failure& failure) {
  auto found = due(rules_, posting, addressee);
  if (!found || !found->target->dead_letter_config || !found->target->dead_letter_config->arn) {
    return std::nullopt;
  }
  ports::Parcel out;
  out.target = *found->target->dead_letter_config->arn;
  out.as = on_behalf(*found->rule, *found->target);
  // A target's role is for the target.
  out.as.service = kService;
  out.as.role_arn = {};
  out.body = std::move(found->event.json);
  add(out, "RULE_ARN", out.as.source_arn);
  add(out, "TARGET_ARN", found->target->arn);
  if (failure.why == delivery::Why::kTooOld && failure.last.code.empty()) {
    add(out, "ERROR_CODE", "TIMEOUT");
    add(out, "ERROR_MESSAGE", "The event was too old to be attempted.");
  } else {
    add(out, "ERROR_CODE", error_code(failure.last));
    add(out, "ERROR_MESSAGE", failure.last.message);
  }
  if (failure.why == delivery::Why::kRetriesExhausted) {
    add(out, "EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts");
  } else if (failure.why == delivery::Why::kTooOld) {
    add(out, "EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds");
  }
  add(out, "RETRY_ATTEMPTS", fmt::format("{}", failure.attempts == 0 ? 0 : failure.attempts - 1));
  return out;
}

std::string Sending::event_of(const delivery::Posting& posting) { return event_id(posting.event); }

void Sending::ended(const delivery::Posting&, std::string_view, const Failure* failure, Duration) {
  ++(failure == nullptr ? counts_.invocations : counts_.failed_invocations);
}

}  // namespace lapwing::events

#include "services/sns/delivery_policy.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "services/sns/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sns {
namespace {

using text::JsonValue;
using Fault = std::optional<std::string>;

// What the same thing is called in a topic's policy and in a subscription's.
struct Names {
  std::string_view retry;
  std::string_view throttle;
  std::string_view request;
};
constexpr Names kTopicNames = {"defaultHealthyRetryPolicy", "defaultThrottlePolicy",
                               "defaultRequestPolicy"};
constexpr Names kSubscriptionNames = {"healthyRetryPolicy", "throttlePolicy", "requestPolicy"};

struct Number {
  std::string_view name;
  std::int64_t HealthyRetryPolicy::* member;
  std::int64_t low;
  std::int64_t high;
};
constexpr Number kNumbers[] = {
    {"minDelayTarget", &HealthyRetryPolicy::min_delay_s, 1, kRetryDelaySecondsMax},
    {"maxDelayTarget", &HealthyRetryPolicy::max_delay_s, 1, kRetryDelaySecondsMax},
    {"numRetries", &HealthyRetryPolicy::retries, 0, kRetriesMax},
    {"numMaxDelayRetries", &HealthyRetryPolicy::max_delay_retries, 0, kRetriesMax},
    {"numNoDelayRetries", &HealthyRetryPolicy::no_delay_retries, 0, kRetriesMax},
    {"numMinDelayRetries", &HealthyRetryPolicy::min_delay_retries, 0, kRetriesMax},
};
constexpr std::string_view kBackoffs[] = {"linear", "arithmetic", "geometric", "exponential"};
constexpr std::string_view kContentTypes[] = {"text/plain",
                                              "application/json",
                                              "application/xml",
                                              "application/octet-stream",
                                              "application/gzip",
                                              "application/xml+soap",
                                              "text/css",
                                              "text/csv",
                                              "text/html",
                                              "text/xml",
                                              "application/x-www-form-urlencoded"};

const JsonValue* object_in(const JsonValue& parent, std::string_view name) {
  const JsonValue* const found = parent.find(name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

bool given(const JsonValue& parent, std::string_view name) {
  const JsonValue* const found = parent.find(name);
  return found != nullptr && !found->is_null();
}

void read_retry(const JsonValue& from, HealthyRetryPolicy& to) {
  for (const Number& number : kNumbers) {
    const JsonValue* const found = from.find(number.name);
    if (found != nullptr && found->as_int64()) to.*number.member = *found->as_int64();
  }
  const JsonValue* const backoff = from.find("backoffFunction");
  if (backoff != nullptr && backoff->is_string()) to.backoff = backoff->as_string();
}

// The longest that all retries together can wait.
std::int64_t total_delay_s(const HealthyRetryPolicy& policy) {
  const std::int64_t between = policy.retries - policy.no_delay_retries - policy.min_delay_retries -
                               policy.max_delay_retries;
  return policy.min_delay_retries * policy.min_delay_s +
         policy.max_delay_retries * policy.max_delay_s + between * policy.min_delay_s;
}

Fault retry_fault(const JsonValue& given_policy, std::string_view name) {
  for (const Number& number : kNumbers) {
    const JsonValue* const found = given_policy.find(number.name);
    if (found == nullptr || found->is_null()) continue;
    const auto value = found->as_int64();
    if (!value) return fmt::format("{}.{} must be a number", name, number.name);
    if (*value < number.low) {
      return fmt::format("{}.{} must be greater than or equal to {}", name, number.name,
                         number.low);
    }
    if (*value > number.high) {
      return fmt::format("{}.{} must be less than or equal to {}", name, number.name, number.high);
    }
  }
  HealthyRetryPolicy policy;
  read_retry(given_policy, policy);
  if (policy.min_delay_s > policy.max_delay_s) {
    return fmt::format("{}.maxDelayTarget must be greater than or equal to {}.minDelayTarget", name,
                       name);
  }
  if (policy.no_delay_retries + policy.min_delay_retries + policy.max_delay_retries >
      policy.retries) {
    return fmt::format(
        "{}.numRetries must be greater than or equal to total of numMinDelayRetries, "
        "numNoDelayRetries and numMaxDelayRetries",
        name);
  }
  if (std::ranges::find(kBackoffs, policy.backoff) == std::end(kBackoffs)) {
    return fmt::format("{}.backoffFunction must be one of: linear|arithmetic|geometric|exponential",
                       name);
  }
  if (total_delay_s(policy) > kRetryDelaySecondsMax) {
    return fmt::format("{}: total retry delay must be less than or equal to {} seconds", name,
                       kRetryDelaySecondsMax);
  }
  return std::nullopt;
}

bool is_content_type(std::string_view text) {
  const std::string_view type = text.substr(0, text.find(';'));
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
  return plain && std::ranges::find(kContentTypes, type) != std::end(kContentTypes);
}

Fault parts_fault(const JsonValue& policy, const Names& names) {
  for (const std::string_view name : {names.retry, names.throttle, names.request}) {
    if (given(policy, name) && object_in(policy, name) == nullptr) {
      return fmt::format("{} must be an object", name);
    }
  }
  if (const JsonValue* const retry = object_in(policy, names.retry)) {
    if (Fault fault = retry_fault(*retry, names.retry)) return fault;
  }
  if (const JsonValue* const throttle = object_in(policy, names.throttle)) {
    const JsonValue* const rate = throttle->find("maxReceivesPerSecond");
    if (rate != nullptr && !rate->is_null() && rate->as_int64().value_or(0) < 1) {
      return fmt::format("{}.maxReceivesPerSecond must be greater than or equal to 1",
                         names.throttle);
    }
  }
  if (const JsonValue* const request = object_in(policy, names.request)) {
    const JsonValue* const type = request->find("headerContentType");
    if (type != nullptr && !type->is_null() &&
        (!type->is_string() || !is_content_type(type->as_string()))) {
      return fmt::format("{}.headerContentType is not a supported content type", names.request);
    }
  }
  return std::nullopt;
}

void read_parts(const JsonValue& policy, const Names& names, DeliveryPolicy& to) {
  if (const JsonValue* const retry = object_in(policy, names.retry)) {
    to.retry = HealthyRetryPolicy();
    read_retry(*retry, to.retry);
  }
  if (const JsonValue* const throttle = object_in(policy, names.throttle)) {
    const JsonValue* const rate = throttle->find("maxReceivesPerSecond");
    if (rate != nullptr && rate->as_int64()) to.max_receives_a_second = rate->as_int64();
  }
  if (const JsonValue* const request = object_in(policy, names.request)) {
    const JsonValue* const type = request->find("headerContentType");
    if (type != nullptr && type->is_string()) to.content_type = type->as_string();
  }
}

Fault named(Fault fault) {
  if (fault) fault = "DeliveryPolicy: " + *fault;
  return fault;
}

Fault json_fault(std::string_view text) {
  if (text.size() > kSmallPolicyBytesMax) {
    return fmt::format("longer than {} bytes", kSmallPolicyBytesMax);
  }
  const auto document = text::parse_json(text);
  if (!document || !document->root().is_object()) return "failed to parse JSON.";
  return std::nullopt;
}

void write_retry(text::JsonWriter& json, const HealthyRetryPolicy& policy) {
  json.begin_object();
  for (const Number& number : kNumbers) json.member(number.name, policy.*number.member);
  json.member("backoffFunction", policy.backoff);
  json.end_object();
}

void write_throttle(text::JsonWriter& json, std::int64_t rate) {
  json.begin_object();
  json.member("maxReceivesPerSecond", rate);
  json.end_object();
}

void write_request(text::JsonWriter& json, const std::string& content_type) {
  json.begin_object();
  json.member("headerContentType", content_type);
  json.end_object();
}

}  // namespace

std::optional<std::string> topic_policy_fault(std::string_view text) {
  if (Fault fault = json_fault(text)) return named(std::move(fault));
  const auto document = text::parse_json(text);
  const JsonValue& root = document->root();
  for (const text::JsonMember& member : root.members()) {
    if (member.key != "http") return named(fmt::format("{} is not a known member", member.key));
  }
  const JsonValue* const http = object_in(root, "http");
  if (http == nullptr) return given(root, "http") ? named("http must be an object") : std::nullopt;
  const JsonValue* const disable = http->find("disableSubscriptionOverrides");
  if (disable != nullptr && !disable->is_null() && !disable->is_bool()) {
    return named("http.disableSubscriptionOverrides must be true or false");
  }
  Fault fault = parts_fault(*http, kTopicNames);
  if (fault) fault = "http." + *fault;
  return named(std::move(fault));
}

std::optional<std::string> subscription_policy_fault(std::string_view text) {
  if (Fault fault = json_fault(text)) return named(std::move(fault));
  const auto document = text::parse_json(text);
  return named(parts_fault(document->root(), kSubscriptionNames));
}

DeliveryPolicy effective_policy(std::string_view topic, std::string_view subscription) {
  DeliveryPolicy out;
  if (const auto document = text::parse_json(topic); document && !topic.empty()) {
    if (const JsonValue* const http = object_in(document->root(), "http")) {
      read_parts(*http, kTopicNames, out);
      const JsonValue* const disable = http->find("disableSubscriptionOverrides");
      out.disable_overrides = disable != nullptr && disable->as_bool();
    }
  }
  if (out.disable_overrides || subscription.empty()) return out;
  if (const auto document = text::parse_json(subscription)) {
    read_parts(document->root(), kSubscriptionNames, out);
  }
  return out;
}

std::string topic_policy_text(const DeliveryPolicy& policy) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("http");
  json.begin_object();
  json.key("defaultHealthyRetryPolicy");
  write_retry(json, policy.retry);
  json.member("disableSubscriptionOverrides", policy.disable_overrides);
  if (policy.max_receives_a_second) {
    json.key("defaultThrottlePolicy");
    write_throttle(json, *policy.max_receives_a_second);
  }
  json.key("defaultRequestPolicy");
  write_request(json, policy.content_type);
  json.end_object();
  json.end_object();
  return out;
}

std::string subscription_policy_text(const DeliveryPolicy& policy) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("healthyRetryPolicy");
  write_retry(json, policy.retry);
  json.key("sicklyRetryPolicy");
  json.null();
  json.key("throttlePolicy");
  if (policy.max_receives_a_second) {
    write_throttle(json, *policy.max_receives_a_second);
  } else {
    json.null();
  }
  json.key("requestPolicy");
  write_request(json, policy.content_type);
  json.member("guaranteed", false);
  json.end_object();
  return out;
}

std::string shown_subscription_policy(std::string_view text) {
  const auto document = text::parse_json(text);
  if (!document) return std::string(text);
  const JsonValue& root = document->root();
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("healthyRetryPolicy");
  if (const JsonValue* const retry = object_in(root, "healthyRetryPolicy")) {
    HealthyRetryPolicy policy;
    read_retry(*retry, policy);
    write_retry(json, policy);
  } else {
    json.null();
  }
  json.key("sicklyRetryPolicy");
  json.null();
  DeliveryPolicy parts;
  parts.content_type.clear();
  read_parts(root, kSubscriptionNames, parts);
  json.key("throttlePolicy");
  if (parts.max_receives_a_second) {
    write_throttle(json, *parts.max_receives_a_second);
  } else {
    json.null();
  }
  json.key("requestPolicy");
  if (!parts.content_type.empty()) {
    write_request(json, parts.content_type);
  } else {
    json.null();
  }
  json.member("guaranteed", false);
  json.end_object();
  return out;
}

}  // namespace lapwing::sns

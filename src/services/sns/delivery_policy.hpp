// Delivery policies: when HTTP deliveries are tried again, and how they look. A topic's stands
// below "http" with names of their own ("defaultHealthyRetryPolicy"); a subscription's is laid over
// it, and what nobody says is SNS's default.
//
// Source: the developer guide, "Amazon SNS message delivery retries"; recorded answers.
//
// Thread-safety: pure functions, plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::sns {

struct HealthyRetryPolicy {
  std::int64_t min_delay_s = 20;
  std::int64_t max_delay_s = 20;
  std::int64_t retries = 3;
  std::int64_t max_delay_retries = 0;
  std::int64_t no_delay_retries = 0;
  std::int64_t min_delay_retries = 0;
  std::string backoff = "linear";
};

struct DeliveryPolicy {
  HealthyRetryPolicy retry;
  bool disable_overrides = false;
  std::optional<std::int64_t> max_receives_a_second;
  std::string content_type = "text/plain; charset=UTF-8";
};

// A fault of the text, behind "Invalid parameter: " or what else goes before: "DeliveryPolicy:
// ...".
std::optional<std::string> topic_policy_fault(std::string_view text);
std::optional<std::string> subscription_policy_fault(std::string_view text);

// Of texts without faults; empty ones say nothing.
DeliveryPolicy effective_policy(std::string_view topic, std::string_view subscription);
// EffectiveDeliveryPolicy of a topic, as JSON.
std::string topic_policy_text(const DeliveryPolicy& policy);
// The same of an HTTP subscription.
std::string subscription_policy_text(const DeliveryPolicy& policy);
// DeliveryPolicy of a subscription as it is shown: every member is there.
std::string shown_subscription_policy(std::string_view text);

}  // namespace lapwing::sns

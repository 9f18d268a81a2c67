#include "services/sns/subscription_attributes.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "patterns/compile.hpp"
#include "services/sns/delivery_policy.hpp"
#include "services/sns/words.hpp"
#include "text/json.hpp"

namespace lapwing::sns {
namespace {

constexpr std::string_view kAttributesScope = "MessageAttributes";
constexpr std::string_view kBodyScope = "MessageBody";

Error refused(const Setting& where, std::string_view what) {
  return invalid(fmt::format("{}{}", where.before, what));
}

bool is_empty_object(std::string_view text) {
  const auto document = text::parse_json(text);
  return document && document->root().is_object() && document->root().size() == 0;
}

Status set_filter(Subscription& subscription, const std::optional<std::string>& value,
                  const Setting& where) {
  subscription.pattern = nullptr;
  subscription.filter_policy.clear();
  if (!value || value->empty() || is_empty_object(*value)) return {};
  subscription.filter_policy = *value;
  const Status compiled = compile_filter(subscription);
  if (!compiled) return fail(refused(where, compiled.error().message()));
  return {};
}

Status set_scope(Subscription& subscription, std::string_view value, const Setting& where) {
  if (value != kAttributesScope && value != kBodyScope) {
    return fail(refused(where, fmt::format("FilterPolicyScope: Invalid value [{}]. Please use "
                                           "either MessageBody or MessageAttributes",
                                           value.substr(0, 256))));
  }
  subscription.filter_body = value == kBodyScope;
  if (subscription.filter_policy.empty()) return {};
  return set_filter(subscription, std::string(subscription.filter_policy), where);
}

Status set_raw(Subscription& subscription, const std::string& value, const Setting& where) {
  if (parse_flag(value, subscription.raw)) return {};
  return fail(refused(where, fmt::format("RawMessageDelivery: Invalid value [{}]. Must be true or "
                                         "false.",
                                         value.substr(0, 256))));
}

Status set_redrive(Subscription& subscription, const std::optional<std::string>& value,
                   const Setting& where) {
  subscription.redrive_policy.clear();
  subscription.dead_letter_arn.clear();
  if (!value) return {};
  const auto document = text::parse_json(*value);
  if (value->size() > kSmallPolicyBytesMax || !document || !document->root().is_object()) {
    return fail(refused(where, "RedrivePolicy: failed to parse JSON."));
  }
  const text::JsonValue* const target = document->root().find("deadLetterTargetArn");
  const auto arn = aws::Arn::parse(target == nullptr ? std::string_view() : target->as_string());
  if (!arn || arn->service != "sqs") {
    return fail(refused(where, "RedrivePolicy: deadLetterTargetArn is an invalid arn"));
  }
  if (is_fifo_name(subscription.topic.name) != arn->resource.ends_with(".fifo")) {
    return fail(refused(
        where, is_fifo_name(subscription.topic.name)
                   ? "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a "
                     "FIFO Topic."
                   : "RedrivePolicy: must use a standard queue as DLQ for a subscription to a "
                     "standard Topic."));
  }
  subscription.redrive_policy = *value;
  subscription.dead_letter_arn = target->as_string();
  return {};
}

Status set_delivery_policy(Subscription& subscription, const std::string& value,
                           const Setting& where) {
  if (!value.empty()) {
    if (const auto fault = subscription_policy_fault(value)) return fail(refused(where, *fault));
  }
  subscription.delivery_policy = value;
  return {};
}

}  // namespace

Status compile_filter(Subscription& subscription) {
  if (subscription.filter_policy.empty()) return {};
  auto pattern = patterns::compile(
      subscription.filter_policy,
      subscription.filter_body ? patterns::Dialect::kBody : patterns::Dialect::kAttributes);
  if (!pattern) return fail(make_error(ErrorKind::kInvalid, std::move(pattern.error().message)));
  subscription.pattern = std::make_shared<const patterns::Pattern>(*std::move(pattern));
  return {};
}

Status set_subscription_attribute(Subscription& subscription, const std::string& name,
                                  const std::optional<std::string>& value, const Setting& where) {
  const std::string text = value.value_or("");
  if (name == "FilterPolicy") return set_filter(subscription, value, where);
  if (name == "FilterPolicyScope") return set_scope(subscription, text, where);
  if (name == "RawMessageDelivery") return set_raw(subscription, text, where);
  if (name == "RedrivePolicy") return set_redrive(subscription, value, where);
  if (name == "DeliveryPolicy") return set_delivery_policy(subscription, text, where);
  if (name == "SubscriptionRoleArn") {
    const auto arn = aws::Arn::parse(text);
    if (!text.empty() && (!arn || arn->service != "iam" || arn->resource_type() != "role")) {
      return fail(refused(where, "SubscriptionRoleArn"));
    }
    subscription.role_arn = text;
    return {};
  }
  if (name == "ReplayPolicy") {
    if (text.empty()) return {};
    return fail(aws::unsupported("sns", where.operation, "ReplayPolicy"));
  }
  return fail(refused(where, "AttributeName"));
}

Status apply_subscription_attributes(Subscription& subscription, const Attributes& given,
                                     const Setting& where) {
  constexpr const char* kScope = "FilterPolicyScope";
  if (const auto scope = given.find(kScope); scope != given.end()) {
    LAPWING_CHECK(set_subscription_attribute(subscription, scope->first, scope->second, where));
  }
  for (const auto& [name, value] : given) {
    if (name == kScope) continue;
    LAPWING_CHECK(set_subscription_attribute(subscription, name, value, where));
  }
  return {};
}

Attributes subscription_attributes(const Subscription& subscription, const Topic& topic) {
  const auto flag = [](bool value) { return std::string(value ? "true" : "false"); };
  Attributes out;
  out["SubscriptionArn"] = subscription.arn();
  out["TopicArn"] = subscription.topic.arn();
  out["Protocol"] = subscription.protocol;
  out["Endpoint"] = subscription.endpoint;
  out["Owner"] = subscription.owner;
  out["PendingConfirmation"] = flag(subscription.pending());
  out["ConfirmationWasAuthenticated"] = flag(subscription.authenticated);
  out["RawMessageDelivery"] = flag(subscription.raw);
  out["SubscriptionPrincipal"] = subscription.principal;
  if (!subscription.filter_policy.empty()) {
    out["FilterPolicy"] = subscription.filter_policy;
    out["FilterPolicyScope"] = subscription.filter_body ? kBodyScope : kAttributesScope;
  }
  if (!subscription.redrive_policy.empty()) out["RedrivePolicy"] = subscription.redrive_policy;
  if (!subscription.role_arn.empty()) out["SubscriptionRoleArn"] = subscription.role_arn;
  if (!subscription.delivery_policy.empty()) {
    out["DeliveryPolicy"] = shown_subscription_policy(subscription.delivery_policy);
  }
  if (subscription.http()) {
    out["EffectiveDeliveryPolicy"] = subscription_policy_text(
        effective_policy(topic.attribute("DeliveryPolicy"), subscription.delivery_policy));
  }
  return out;
}

bool has_attributes(const Subscription& subscription, const Subscription& wanted,
                    const Attributes& given) {
  return std::ranges::all_of(given, [&](const auto& each) {
    const std::string& name = each.first;
    if (name == "FilterPolicy") return subscription.filter_policy == wanted.filter_policy;
    if (name == "FilterPolicyScope") return subscription.filter_body == wanted.filter_body;
    if (name == "RawMessageDelivery") return subscription.raw == wanted.raw;
    if (name == "RedrivePolicy") return subscription.redrive_policy == wanted.redrive_policy;
    if (name == "DeliveryPolicy") return subscription.delivery_policy == wanted.delivery_policy;
    if (name == "SubscriptionRoleArn") return subscription.role_arn == wanted.role_arn;
    return true;
  });
}

}  // namespace lapwing::sns

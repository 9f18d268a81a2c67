#include "services/sns/topic_attributes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "aws/operation_table.hpp"
#include "services/sns/delivery_policy.hpp"
#include "services/sns/policy.hpp"
#include "services/sns/words.hpp"
#include "text/decimal.hpp"
#include "text/utf8.hpp"

namespace lapwing::sns {
namespace {

constexpr std::string_view kFeedbackProtocols[] = {"HTTP", "Firehose", "Lambda", "Application",
                                                   "SQS"};
constexpr std::string_view kFeedback[] = {"SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate",
                                          "FailureFeedbackRoleArn"};
constexpr std::string_view kManagedKeys[] = {"alias/aws/sns"};

bool is_feedback(std::string_view name) {
  return std::ranges::any_of(kFeedbackProtocols, [&](std::string_view protocol) {
    return name.starts_with(protocol) &&
           std::ranges::find(kFeedback, name.substr(protocol.size())) != std::end(kFeedback);
  });
}

// The key that needs none of ours: encrypting with it changes nothing that a caller can see.
bool is_managed_key(std::string_view key) {
  return std::ranges::any_of(kManagedKeys, [&](std::string_view managed) {
    return key == managed || (key.starts_with("arn:") && key.ends_with(managed));
  });
}

void put(Topic& topic, const std::string& name, const std::string& value) {
  if (value.empty()) {
    topic.attributes.erase(name);
  } else {
    topic.attributes[name] = value;
  }
}

Status set_choice(Topic& topic, const std::string& name, const std::string& value,
                  std::initializer_list<std::string_view> choices) {
  if (std::ranges::find(choices, value) == choices.end()) {
    return fail(invalid(fmt::format("{}: Invalid value [{}]. Must be one of: {}", name,
                                    value.substr(0, 256), fmt::join(choices, ", "))));
  }
  put(topic, name, value);
  return {};
}

Status set_fifo_attribute(Topic& topic, const std::string& name, const std::string& value) {
  if (!topic.fifo) return fail(invalid("AttributeName"));
  if (name == "ContentBasedDeduplication") {
    if (!parse_flag(value, topic.content_deduplication)) {
      return fail(invalid(fmt::format("{}: Invalid value [{}]. Must be true or false.", name,
                                      value.substr(0, 256))));
    }
    return {};
  }
  LAPWING_CHECK(set_choice(topic, name, value, {"Topic", "MessageGroup"}));
  topic.deduplicate_by_group = value == "MessageGroup";
  return {};
}

Status set_message_size(Topic& topic, const std::string& name, const std::string& value) {
  const auto size = text::integer_of(value);
  if (!size || *size < kMessageBytesMin || *size > kMessageBytesMax) {
    return fail(invalid(fmt::format("{}: Invalid value [{}]. Must be from {} to {}", name,
                                    value.substr(0, 256), kMessageBytesMin, kMessageBytesMax)));
  }
  // The default is not shown.
  put(topic, name, *size == kMessageBytesDefault ? std::string() : value);
  return {};
}

Status set_policy(Topic& topic, const std::string& value) {
  if (value.empty()) {
    topic.attributes.erase("Policy");
    return {};
  }
  if (const std::string fault = policy_fault(value); !fault.empty()) return fail(invalid(fault));
  topic.attributes["Policy"] = value;
  return {};
}

Status set_delivery_policy(Topic& topic, const std::string& value) {
  if (!value.empty()) {
    if (const auto fault = topic_policy_fault(value)) return fail(invalid(*fault));
  }
  put(topic, "DeliveryPolicy", value);
  return {};
}

Status set_display_name(Topic& topic, const std::string& value) {
  const bool plain = std::ranges::none_of(
      value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text::utf8_length(value) > kDisplayNameCharactersMax || !plain) {
    return fail(invalid("DisplayName"));
  }
  put(topic, "DisplayName", value);
  return {};
}

}  // namespace

std::size_t Topic::message_bytes_max() const {
  const auto set = text::integer_of(attribute("MaximumMessageSize"));
  return static_cast<std::size_t>(set.value_or(kMessageBytesDefault));
}

bool parse_flag(std::string_view text, bool& out) {
  const auto is = [&](std::string_view word) {
    return std::ranges::equal(text, word, {}, [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  };
  if (!is("true") && !is("false")) return false;
  out = is("true");
  return true;
}

Status set_topic_attribute(Topic& topic, const std::string& name, const std::string& value,
                           std::string_view operation) {
  const auto not_built = [&](std::string_view what) {
    return fail(aws::unsupported("sns", operation, what));
  };
  if (name == "DisplayName") return set_display_name(topic, value);
  if (name == "Policy") return set_policy(topic, value);
  if (name == "DeliveryPolicy") return set_delivery_policy(topic, value);
  if (name == "SignatureVersion") return set_choice(topic, name, value, {"1", "2"});
  if (name == "MaximumMessageSize") return set_message_size(topic, name, value);
  if (name == "ContentBasedDeduplication" || name == "FifoThroughputScope") {
    return set_fifo_attribute(topic, name, value);
  }
  if (name == "TracingConfig") {
    LAPWING_CHECK(set_choice(topic, name, value, {"PassThrough", "Active"}));
    if (value == "Active") return not_built("TracingConfig=Active");
    return {};
  }
  if (name == "KmsMasterKeyId") {
    if (!value.empty() && !is_managed_key(value)) {
      return not_built("KmsMasterKeyId (keys other than alias/aws/sns)");
    }
    put(topic, name, value);
    return {};
  }
  if (name == "ArchivePolicy" || is_feedback(name)) {
    // Taking away what is not there is what tools do.
    if (value.empty() || (name == "ArchivePolicy" && value == "{}")) return {};
    return not_built(name);
  }
  return fail(invalid("AttributeName"));
}

Attributes topic_attributes(const Topic& topic, const SubscriptionCounts& counts) {
  Attributes out = topic.attributes;
  out["TopicArn"] = topic.arn();
  out["Owner"] = topic.scope.account.str();
  out.emplace("DisplayName", "");
  out["Policy"] = policy_of(topic);
  out["EffectiveDeliveryPolicy"] =
      topic_policy_text(effective_policy(topic.attribute("DeliveryPolicy"), ""));
  out["SubscriptionsConfirmed"] = std::to_string(counts.confirmed);
  out["SubscriptionsPending"] = std::to_string(counts.pending);
  out["SubscriptionsDeleted"] = std::to_string(topic.subscriptions_deleted);
  if (topic.fifo) {
    out["FifoTopic"] = "true";
    out["ContentBasedDeduplication"] = topic.content_deduplication ? "true" : "false";
  }
  return out;
}

bool has_attributes(const Topic& topic, const Topic& wanted, const Attributes& given) {
  return std::ranges::all_of(given, [&](const auto& each) {
    const std::string& name = each.first;
    if (name == "FifoTopic") return topic.fifo == wanted.fifo;
    if (name == "ContentBasedDeduplication") {
      return topic.content_deduplication == wanted.content_deduplication;
    }
    if (name == "Policy") return policy_of(topic) == policy_of(wanted);
    return topic.attribute(name) == wanted.attribute(name);
  });
}

}  // namespace lapwing::sns

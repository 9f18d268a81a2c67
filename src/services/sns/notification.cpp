#include "services/sns/notification.hpp"

#include <fmt/core.h>

#include "base/clock.hpp"
#include "text/base64.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"
#include "text/time_format.hpp"

namespace lapwing::sns {
namespace {

std::string timestamp(const Message& message) {
  return text::format_iso8601(wall_from_unix_ms(message.time_ms), true);
}

bool is_notification(const Message& message) { return message.kind == MessageKind::kNotification; }

void write_attributes(text::JsonWriter& json, const MessageAttributes& attributes,
                      bool numbers_as_strings) {
  json.begin_object();
  for (const MessageAttribute& attribute : attributes) {
    json.key(attribute.name);
    json.begin_object();
    json.member("Type",
                numbers_as_strings && !attribute.binary() ? std::string("String") : attribute.type);
    json.member("Value", attribute.binary() ? text::base64_encode(std::string_view(attribute.value))
                                            : attribute.value);
    json.end_object();
  }
  json.end_object();
}

// What is common to all forms, up to the timestamp.
void write_head(text::JsonWriter& json, const Message& message, const std::string& text) {
  json.member("Type", type_of(message.kind));
  json.member("MessageId", message.id);
  if (message.fifo()) json.member("SequenceNumber", sequence_text(message.sequence));
  if (!is_notification(message)) json.member("Token", message.token);
  json.member("TopicArn", message.topic_arn);
  if (message.has_subject) json.member("Subject", message.subject);
  json.member("Message", text);
  if (!is_notification(message)) json.member("SubscribeURL", subscribe_url(message));
  json.member("Timestamp", timestamp(message));
}

void write_signature(text::JsonWriter& json, const Message& message, const std::string& text,
                     Signer& signer, std::string_view url_name) {
  json.member("SignatureVersion", std::to_string(message.signature_version));
  json.member("Signature", signer.sign(message.signature_version, string_to_sign(message, text)));
  json.member(url_name, certificate_url(message, signer.certificate_name()));
}

}  // namespace

std::string_view type_of(MessageKind kind) {
  switch (kind) {
    case MessageKind::kNotification:
      return "Notification";
    case MessageKind::kSubscriptionConfirmation:
      return "SubscriptionConfirmation";
    case MessageKind::kUnsubscribeConfirmation:
      return "UnsubscribeConfirmation";
  }
  return {};
}

std::string subscribe_url(const Message& message) {
  return fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", message.base,
                     message.topic_arn, message.token);
}

std::string unsubscribe_url(const Message& message, std::string_view subscription_arn) {
  return fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}", message.base, subscription_arn);
}

std::string certificate_url(const Message& message, std::string_view certificate_name) {
  return fmt::format("{}/{}", message.base, certificate_name);
}

std::string string_to_sign(const Message& message, std::string_view text) {
  std::string out;
  const auto put = [&](std::string_view key, std::string_view value) {
    out += key;
    out += '\n';
    out += value;
    out += '\n';
  };
  put("Message", text);
  put("MessageId", message.id);
  if (is_notification(message)) {
    if (message.has_subject) put("Subject", message.subject);
  } else {
    put("SubscribeURL", subscribe_url(message));
  }
  put("Timestamp", timestamp(message));
  if (!is_notification(message)) put("Token", message.token);
  put("TopicArn", message.topic_arn);
  put("Type", type_of(message.kind));
  return out;
}

std::string notification(const Message& message, const Subscription& subscription, Signer& signer) {
  const std::string& text = message.text_for(subscription.protocol);
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  write_head(json, message, text);
  // FIFO topics do not sign.
  if (!message.fifo()) write_signature(json, message, text, signer, "SigningCertURL");
  if (is_notification(message)) {
    json.member("UnsubscribeURL", unsubscribe_url(message, subscription.arn()));
    if (!message.attributes.empty()) {
      json.key("MessageAttributes");
      write_attributes(json, message.attributes, false);
    }
  }
  json.end_object();
  return out;
}

std::string lambda_event(const Message& message, const Subscription& subscription, Signer& signer) {
  const std::string& text = message.text_for(subscription.protocol);
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("Records");
  json.begin_array();
  json.begin_object();
  json.member("EventSource", "aws:sns");
  json.member("EventVersion", "1.0");
  json.member("EventSubscriptionArn", subscription.arn());
  json.key("Sns");
  json.begin_object();
  json.member("Type", type_of(message.kind));
  json.member("MessageId", message.id);
  json.member("TopicArn", message.topic_arn);
  json.key("Subject");
  if (message.has_subject) {
    json.string(message.subject);
  } else {
    json.null();
  }
  json.member("Message", text);
  json.member("Timestamp", timestamp(message));
  write_signature(json, message, text, signer, "SigningCertUrl");
  json.member("UnsubscribeUrl", unsubscribe_url(message, subscription.arn()));
  json.key("MessageAttributes");
  write_attributes(json, message.attributes, true);
  json.end_object();
  json.end_object();
  json.end_array();
  json.end_object();
  return out;
}

std::string firehose_record(const Message& message, const Subscription& subscription) {
  const std::string& text = message.text_for(subscription.protocol);
  if (subscription.raw) return text;
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  write_head(json, message, text);
  json.member("UnsubscribeURL", unsubscribe_url(message, subscription.arn()));
  if (!message.attributes.empty()) {
    json.key("MessageAttributes");
    write_attributes(json, message.attributes, false);
  }
  json.end_object();
  return out;
}

std::vector<ports::ParcelHeader> http_headers(const Message& message,
                                              const Subscription& subscription,
                                              std::string_view content_type) {
  std::vector<ports::ParcelHeader> out = {
      {"x-amz-sns-message-type", std::string(type_of(message.kind))},
      {"x-amz-sns-message-id", message.id},
      {"x-amz-sns-topic-arn", message.topic_arn}};
  if (message.kind != MessageKind::kSubscriptionConfirmation) {
    out.push_back({"x-amz-sns-subscription-arn", subscription.arn()});
  }
  if (is_notification(message) && subscription.raw) {
    out.push_back({"x-amz-sns-rawdelivery", "true"});
  }
  out.push_back({"Content-Type", std::string(content_type)});
  out.push_back({"User-Agent", "Amazon Simple Notification Service Agent"});
  out.push_back({"Accept-Encoding", "gzip,deflate"});
  return out;
}

}  // namespace lapwing::sns

// A published message, or one that asks for a confirmation, as it is kept until it is delivered.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aws/scope.hpp"
#include "base/result.hpp"

namespace lapwing::sns {

struct MessageAttribute {
  std::string name;
  std::string type;   // "String", "Number.int", "Binary.png", "String.Array"
  std::string value;  // a binary one's bytes

  bool binary() const { return type.starts_with("Binary"); }
  std::size_t size() const { return name.size() + type.size() + value.size(); }
};
// In the order of their names, each name once.
using MessageAttributes = std::vector<MessageAttribute>;

// Their numbers are kept.
enum class MessageKind : std::uint8_t {
  kNotification = 0,
  kSubscriptionConfirmation = 1,
  kUnsubscribeConfirmation = 2,
};

struct Message {
  MessageKind kind = MessageKind::kNotification;
  std::string id;  // a UUID
  std::string topic_arn;
  std::int64_t time_ms = 0;
  std::string text;
  // Of MessageStructure json: by protocol ("sqs"), instead of `text`.
  std::map<std::string, std::string> texts;
  bool has_subject = false;
  std::string subject;
  MessageAttributes attributes;
  std::string group;
  std::string deduplication_id;
  std::uint64_t sequence = 0;  // of FIFO topics
  int signature_version = 1;
  // Of confirmations: the token, and whom they go to. It may be attempted before memory shows the
  // change that it was committed with.
  std::string token;
  std::string to_protocol;
  std::string to_endpoint;
  std::string base;  // "http://host": where links in the message lead
  std::string trace;

  bool fifo() const { return sequence != 0; }
  const std::string& text_for(const std::string& protocol) const {
    const auto found = texts.find(protocol);
    return found == texts.end() ? text : found->second;
  }
};

std::string encode(const Message& message);
// kInternal for what this program has not written.
Result<Message> decode(std::string_view bytes);

// 20 digits.
std::string sequence_text(std::uint64_t sequence);

}  // namespace lapwing::sns

// A message as it is kept, and the checksums that clients verify.
//
// The store keeps one as bytes (encode, decode): a format number, then each field with its length.
// Its group is the store's business (store::EnqueueRequest), for it orders by it.
//
// Source of the checksums: the developer guide, "Calculating the MD5 message digest for message
// attributes", and recorded answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::sqs {

struct MessageAttribute {
  std::string name;
  std::string type;   // "String", "Number.int", "Binary.png"
  std::string value;  // a binary one's bytes

  bool binary() const { return type.starts_with("Binary"); }
  std::size_t size() const { return name.size() + type.size() + value.size(); }
};
// In the order of their names, each name once.
using MessageAttributes = std::vector<MessageAttribute>;

struct Message {
  std::string id;  // a UUID
  std::string sender_id;
  std::string deduplication_id;
  std::string source_arn;    // the queue it came to this dead-letter queue from
  std::string trace_header;  // AWSTraceHeader
  MessageAttributes attributes;
  std::string body;
};

std::string encode(const Message& message);
Result<Message> decode(std::string_view bytes);

std::string md5_of(const MessageAttributes& attributes);
// What counts against the queue's maximum.
std::size_t size_of(std::string_view body, const MessageAttributes& attributes);

// XML 1.0's characters, which are all a message may hold.
bool is_message_text(std::string_view text);

// 20 digits, rising with the store's id.
std::string sequence_number(std::uint64_t id);

}  // namespace lapwing::sqs

// From what a publisher gives to what is kept: the checks of a message, in SNS's words.
//
// Thread-safety: pure functions, but for the randomness of ids.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "gen/sns/shape/message_attribute_value.hpp"
#include "services/sns/message.hpp"
#include "services/sns/topic.hpp"

namespace lapwing::sns {

using AttributeValues = std::map<std::string, gen::sns::MessageAttributeValue>;

// The common part of Publish and an entry of PublishBatch.
struct Outgoing {
  std::string text;
  std::optional<std::string> subject;
  std::optional<std::string> structure;
  std::optional<AttributeValues> attributes;
  std::optional<std::string> group;
  std::optional<std::string> deduplication_id;
};

// What no topic is needed for: text, subject, structure, attributes.
Result<Message> prepare(const aws::Call& call, Random& random, Outgoing&& out);
// What a topic asks besides: sizes, groups and deduplication ids. Completes the message.
Status fit(const Topic& topic, const Outgoing& ids, Message& message);
// Of a FIFO topic's message: what a missing id is refused with.
Status check_fifo_ids(const Topic& topic, const Outgoing& out);
// What counts against the limit.
std::size_t size_of(const Message& message);

// "http://host": where links lead for those whom this call's answers reach.
std::string base_url(const aws::Call& call, std::string_view set);

}  // namespace lapwing::sns

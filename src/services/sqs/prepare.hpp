// From what a sender gives to what is kept: the checks of a message, in SQS's words and order.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "gen/sqs/shape/message_attribute_value.hpp"
#include "gen/sqs/shape/message_system_attribute_value.hpp"
#include "services/sqs/message.hpp"
#include "services/sqs/queue.hpp"
#include "store/queue_types.hpp"

namespace lapwing::sqs {

using AttributeValues = std::map<std::string, gen::sqs::MessageAttributeValue>;
using SystemAttributeValues = std::map<std::string, gen::sqs::MessageSystemAttributeValue>;

// The common part of SendMessage and an entry of SendMessageBatch.
struct Outgoing {
  std::string body;
  std::optional<std::int32_t> delay_s;
  std::optional<std::string> group;
  std::optional<std::string> deduplication_id;
  std::optional<AttributeValues> attributes;
  std::optional<SystemAttributeValues> system_attributes;
  bool in_batch = false;
};

struct Prepared {
  store::EnqueueRequest request;
  std::string message_id;
  std::string trace;  // its AWSTraceHeader
  std::string md5_of_body;
  std::optional<std::string> md5_of_attributes;
  std::optional<std::string> md5_of_system_attributes;
};

Result<Prepared> prepare(const Queue& queue, const aws::Call& call, Random& random, Outgoing out);

// InvalidParameterValue, or MissingParameter outside a batch, where a FIFO queue's message lacks
// what orders it.
Status check_fifo_ids(const Queue& queue, const Outgoing& out);

Result<MessageAttributes> check_attributes(const AttributeValues& given);
// What counts of an entry against the size of its batch.
std::size_t sent_bytes(std::string_view body, const std::optional<AttributeValues>& attributes);

}  // namespace lapwing::sqs

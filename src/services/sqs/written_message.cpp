#include "services/sqs/written_message.hpp"

#include <map>
#include <utility>

#include "crypto/md5.hpp"

namespace lapwing::sqs {
namespace {

std::map<std::string, std::string> system_attributes(const Queue& queue,
                                                     const store::Claimed& claimed,
                                                     const Message& message, const Wanted& wanted) {
  std::map<std::string, std::string> out;
  const auto put = [&](const char* name, std::string value) {
    if (!value.empty() && wanted.system(name)) out.emplace(name, std::move(value));
  };
  put("SenderId", message.sender_id);
  put("SentTimestamp", std::to_string(claimed.enqueued_ms));
  put("ApproximateReceiveCount", std::to_string(claimed.attempts_in_all));
  put("ApproximateFirstReceiveTimestamp", std::to_string(claimed.first_claim_ms));
  put("AWSTraceHeader", message.trace_header);
  put("MessageGroupId", claimed.group);
  put("DeadLetterQueueSourceArn", message.source_arn);
  put("MessageDeduplicationId", message.deduplication_id);
  if (queue.fifo) put("SequenceNumber", sequence_number(claimed.receipt.id));
  return out;
}

}  // namespace

Wanted::Wanted(const gen::sqs::ReceiveMessageRequest& in) {
  for (const auto* const names : {&in.message_system_attribute_names, &in.attribute_names}) {
    if (!*names) continue;
    for (const std::string& name : **names) {
      all_system_ = all_system_ || name == "All";
      system_.insert(name);
    }
  }
  if (in.message_attribute_names) attributes_ = *in.message_attribute_names;
}

bool Wanted::attribute(std::string_view name) const {
  for (const std::string& pattern : attributes_) {
    if (pattern == name || pattern == "All" || pattern == ".*" || pattern == "*") return true;
    const std::string_view view = pattern;
    if (view.ends_with(".*") && name.starts_with(view.substr(0, view.size() - 2))) return true;
  }
  return false;
}

Result<gen::sqs::Message> written_message(const Queue& queue, const store::Claimed& claimed,
                                          const Handle& handle, const Wanted& wanted) {
  LAPWING_TRY(Message message, decode(claimed.payload));
  gen::sqs::Message out;
  out.message_id = std::move(message.id);
  out.receipt_handle = write_handle(queue, handle);
  out.md5_of_body = crypto::md5_hex(message.body);
  auto system = system_attributes(queue, claimed, message, wanted);
  if (!system.empty()) out.attributes = std::move(system);
  out.body = std::move(message.body);
  MessageAttributes chosen;
  for (MessageAttribute& attribute : message.attributes) {
    if (wanted.attribute(attribute.name)) chosen.push_back(std::move(attribute));
  }
  if (chosen.empty()) return out;
  out.md5_of_message_attributes = md5_of(chosen);
  out.message_attributes.emplace();
  for (MessageAttribute& attribute : chosen) {
    gen::sqs::MessageAttributeValue value;
    (attribute.binary() ? value.binary_value : value.string_value) = std::move(attribute.value);
    value.data_type = std::move(attribute.type);
    out.message_attributes->emplace(std::move(attribute.name), std::move(value));
  }
  return out;
}

}  // namespace lapwing::sqs

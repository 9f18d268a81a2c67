#include "hosting/outbox_page.hpp"

#include "text/json_writer.hpp"

namespace lapwing::hosting {
namespace {

constexpr std::size_t kAround = 256;  // names of members, the time

}  // namespace

std::size_t bytes_of(const OutboxMessage& message) {
  std::string json;
  for (const std::string* const each :
       {&message.protocol, &message.to, &message.subject, &message.body, &message.message_id,
        &message.topic_arn, &message.subscription_arn}) {
    text::append_json_string(json, *each);
  }
  return kAround + json.size();
}

}  // namespace lapwing::hosting

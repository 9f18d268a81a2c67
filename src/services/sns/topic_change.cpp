#include "services/sns/topic_change.hpp"

#include "text/json.hpp"

namespace lapwing::sns {

std::string_view large_messages_refused() {
  return "MaximumMessageSize Reason: a topic of messages larger than 262144 bytes has at most 100 "
         "subscriptions, of the protocols sqs, lambda and firehose";
}

Status check_data_protection_policy(std::string_view text) {
  if (text.empty()) return {};
  const auto document = text::parse_json(text);
  if (text.size() > kDataProtectionPolicyBytesMax || !document || !document->root().is_object()) {
    return fail(invalid("DataProtectionPolicy"));
  }
  return {};
}

}  // namespace lapwing::sns

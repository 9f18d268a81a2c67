#include "services/sns/topic_change.hpp"

namespace lapwing::sns {

std::string_view large_messages_refused() {
  return "MaximumMessageSize Reason: a topic of messages larger than 262144 bytes has at most 100 "
         "subscriptions, of the protocols sqs, lambda and firehose";
}

}  // namespace lapwing::sns

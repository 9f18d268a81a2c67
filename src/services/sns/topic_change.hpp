// What operations on one topic have in common.
#pragma once

#include <string_view>

#include "base/function_ref.hpp"
#include "services/sns/core.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {

// Changes a copy, which takes the topic's place.
inline Status change_topic(Core& core, const TopicAddress& address,
                           FunctionRef<Status(Topic&)> body) {
  LAPWING_CHECK(core.catalog().change(address, [&](TopicPtr there) -> Result<TopicPtr> {
    if (there == nullptr) return fail(no_such_topic());
    auto changed = std::make_shared<Topic>(*there);
    LAPWING_CHECK(body(*changed));
    return TopicPtr(std::move(changed));
  }));
  return {};
}

inline Status change_topic(Core& core, const aws::Call& call, std::string_view arn,
                           FunctionRef<Status(Topic&)> body) {
  LAPWING_TRY(const TopicAddress address, parse_topic(call, arn));
  return change_topic(core, address, body);
}

// Of messages beyond 256 KiB.
inline bool takes_large_messages(std::string_view protocol) {
  return protocol == "sqs" || protocol == "lambda" || protocol == "firehose";
}
std::string_view large_messages_refused();

}  // namespace lapwing::sns

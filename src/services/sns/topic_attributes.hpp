// The attributes of a topic as its API has them: names and texts.
//
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/sns/topic.hpp"

namespace lapwing::sns {

using Attributes = std::map<std::string, std::string>;

// How many subscriptions a topic has, by what became of them.
struct SubscriptionCounts {
  std::size_t confirmed = 0;
  std::size_t pending = 0;
};

// Sets one; refusals in SNS's words. `operation` is named where something is not built. At its
// making a topic takes "FifoTopic", too, which its maker has looked at.
Status set_topic_attribute(Topic& topic, const std::string& name, const std::string& value,
                           std::string_view operation);
// What GetTopicAttributes answers.
Attributes topic_attributes(const Topic& topic, const SubscriptionCounts& counts);
// Whether what is given is what the topic has.
bool has_attributes(const Topic& topic, const Topic& wanted, const Attributes& given);

// "true" and "false" in any case.
bool parse_flag(std::string_view text, bool& out);

}  // namespace lapwing::sns

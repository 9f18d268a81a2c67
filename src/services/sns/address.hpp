// How topics and subscriptions are named: their ARNs, refused in SNS's words.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "aws/scope.hpp"
#include "base/result.hpp"

namespace lapwing::sns {

struct TopicAddress {
  aws::Scope scope;
  std::string name;

  std::string key() const;
  std::string arn() const;
};

struct SubscriptionAddress {
  TopicAddress topic;
  std::string id;  // a UUID

  std::string key() const { return topic.key() + "/" + id; }
  std::string arn() const { return topic.arn() + ":" + id; }
};

// InvalidParameter naming `parameter` for what names no topic of the caller's region;
// AuthorizationError for another account's: accounts are apart, as long as nothing decides what a
// topic's policy lets others do.
Result<TopicAddress> parse_topic(const aws::Call& call, std::string_view arn,
                                 std::string_view parameter = "TopicArn");
Result<SubscriptionAddress> parse_subscription(const aws::Call& call, std::string_view arn);
// The same for everybody.
Result<SubscriptionAddress> parse_any_subscription(std::string_view arn);
// Without looking at who asks; kInvalid without words.
Result<TopicAddress> read_topic_arn(std::string_view arn);

// 1 to 256 letters, digits, hyphens, underscores; ".fifo" at the end counts.
bool is_topic_name(std::string_view name);
inline bool is_fifo_name(std::string_view name) { return name.ends_with(".fifo"); }

// The topic of a subscription's ARN, for authorisation; as it is where that is none.
std::string topic_part(std::string_view subscription_arn);

// Whether nobody signed the request: links in messages are followed so.
inline bool is_unsigned(const aws::Call& call) { return call.caller.is_nobody(); }

}  // namespace lapwing::sns

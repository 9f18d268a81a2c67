// How a queue is named: its URL and its ARN.
//
// Of a URL the last two segments of the path count; host, scheme and what precedes them do not, so
// that every name under which the server is reached works.
#pragma once

#include <string>
#include <string_view>

#include "aws/call.hpp"
#include "base/result.hpp"
#include "services/sqs/queue.hpp"

namespace lapwing::sqs {

struct Address {
  aws::Scope scope;
  std::string name;

  std::string key() const;
  std::string arn() const;
};

// InvalidAddress for what names no queue. A bare name is the caller's queue of it.
// Accounts are apart, as long as nothing decides what a queue's policy lets others do.
Status check_account(const aws::Call& call, const Address& address);

Result<Address> parse_url(const aws::Call& call, std::string_view url);
// kInvalid for what is no queue's ARN.
Result<Address> parse_arn(std::string_view arn);

// With the host under which the caller reached us.
std::string url_of(const aws::Call& call, const Queue& queue);

// 1 to 80 letters, digits, hyphens, underscores; ".fifo" at the end counts.
bool is_queue_name(std::string_view name);
inline bool is_fifo_name(std::string_view name) { return name.ends_with(".fifo"); }

}  // namespace lapwing::sqs

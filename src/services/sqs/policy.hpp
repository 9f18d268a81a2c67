// A queue's policy: kept as it was given, checked for what SQS checks, changed statement by
// statement by AddPermission and RemovePermission. Nothing is evaluated here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "policy/statements.hpp"
#include "services/sqs/queue.hpp"

namespace lapwing::sqs {

// InvalidAttributeValue. An empty text is good: it removes the policy.
Status check_policy(std::string_view text);

using Grant = policy::AccountGrant;
// The policy with one more statement.
Result<std::string> with_statement(const Queue& queue, const Grant& grant);
// Without the statement of that label; empty where it was the last one.
Result<std::string> without_statement(const Queue& queue, std::string_view label);

}  // namespace lapwing::sqs

// A topic's policy: the one it has where none was set, what may stand in one, and AddPermission's
// statements.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "policy/statements.hpp"
#include "services/sns/topic.hpp"

namespace lapwing::sns {

std::string default_policy(const Topic& topic);
// As it is or, where none was set, the default.
std::string policy_of(const Topic& topic);

// A fault, behind "Invalid parameter: " or what else goes before it; empty: none.
std::string policy_fault(std::string_view text);

using Grant = policy::AccountGrant;

Result<std::string> with_statement(const Topic& topic, const Grant& grant);
// The same where there is none of that label.
std::string without_statement(const Topic& topic, std::string_view label);

}  // namespace lapwing::sns

// Whether a password is good enough for an account.
//
// Source: the IAM user guide, "Set an account password policy for IAM users".
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

// PasswordPolicyViolation. An account without a policy has AWS's: eight characters of three kinds,
// and not the user's name.
Status check_password(const Account& account, std::string_view user_name,
                      std::string_view password);

}  // namespace lapwing::iam

// Names, paths, ids and ARNs as IAM has them.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

std::string lower(std::string_view text);
// "user", "group", "role": the beginning of an ARN's resource.
std::string_view resource_type(Kind kind);
// "User", "Group", "Role".
std::string_view title(Kind kind);

// ARNs of an account; `path` begins and ends with a slash.
std::string arn_of(std::string_view account, std::string_view type, std::string_view path,
                   std::string_view name);
std::string arn_of(const Identity& identity);
std::string arn_of(const CustomerPolicy& policy);
std::string arn_of(const InstanceProfile& profile);
std::string arn_of(const OidcProvider& provider);
std::string arn_of(const SamlProvider& provider);

// "AROA..." and so on.
std::string new_id(Random& random, Kind kind);
std::string new_policy_id(Random& random);
std::string new_instance_profile_id(Random& random);
std::string new_access_key_id(Random& random);
std::string new_secret_access_key(Random& random);

// ValidationError unless the name is made of letters, digits and _+=,.@-; `field` is the member's
// name ("roleName").
Status check_name(std::string_view field, std::string_view name);
Status check_path(std::string_view path);
// Paths of policies: of the characters of names.
Status check_policy_path(std::string_view path);

// "v3".
std::string version_name(std::int64_t number);
std::optional<std::int64_t> version_number(std::string_view name);

// What a policy's ARN says.
struct PolicyName {
  std::string account;  // "aws" for AWS's own
  std::string path;
  std::string name;
};
// ValidationError for what is no ARN, or none of a policy.
Result<PolicyName> parse_policy_arn(std::string_view arn);

}  // namespace lapwing::iam

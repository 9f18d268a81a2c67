// Managed policies, of a customer and of AWS, as one thing to those who attach or show them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gen/iam/shape/policy.hpp"
#include "services/iam/core.hpp"
#include "services/iam/tables.hpp"

namespace lapwing::iam {

// A row of data/managed_policies.json: what AWS publishes, the newest version of each.
struct AwsPolicy {
  std::string_view name;
  std::string_view path;
  std::string_view id;
  std::int64_t version;
  std::int64_t created_s;
  std::int64_t updated_s;
  std::string_view document;
};
// Sorted by name. Made by codegen/managed_policies.py.
std::span<const AwsPolicy> aws_policies();
const AwsPolicy* find_aws_policy(std::string_view path, std::string_view name);
std::string arn_of(const AwsPolicy& policy);

// A customer's policy by its ARN; NoSuchEntity for another account's and for what is not there.
Result<CustomerPolicy> find_customer_policy(store::Reader& reader, std::string_view account,
                                            std::string_view arn);
// AccessDenied where it is AWS's own or another account's: "Cannot <doing> outside your own
// account."
Result<CustomerPolicy> find_changeable_policy(store::Reader& reader, std::string_view account,
                                              std::string_view arn,
                                              std::string_view doing = "update policies");
// Whether there is such a policy to attach.
Result<bool> policy_exists(store::Reader& reader, std::string_view account, std::string_view arn);

// How it is shown, but for tags and description.
Result<gen::iam::Policy> show_policy(store::Reader& reader, const CustomerPolicy& policy);
Result<gen::iam::Policy> show_policy(store::Reader& reader, std::string_view account,
                                     const AwsPolicy& policy);

}  // namespace lapwing::iam

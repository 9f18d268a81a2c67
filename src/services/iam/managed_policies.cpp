#include "services/iam/managed_policies.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "services/iam/errors.hpp"
#include "services/iam/lookup.hpp"

namespace lapwing::iam {
namespace {

constexpr std::string_view kAws = "aws";

WallTime from_seconds(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

Status show_usage(store::Reader& reader, std::string_view account, std::string_view arn,
                  gen::iam::Policy& out) {
  LAPWING_TRY(const auto attached, identities_with(reader, IdentityTable::kByPolicy, account, arn));
  LAPWING_TRY(const auto bounded,
              identities_with(reader, IdentityTable::kByBoundary, account, arn));
  out.arn = arn;
  out.attachment_count = static_cast<std::int32_t>(attached.size());
  out.permissions_boundary_usage_count = static_cast<std::int32_t>(bounded.size());
  out.is_attachable = true;
  return {};
}

}  // namespace

const AwsPolicy* find_aws_policy(std::string_view path, std::string_view name) {
  const auto all = aws_policies();
  const auto found = std::ranges::lower_bound(all, name, {}, &AwsPolicy::name);
  return found != all.end() && found->name == name && found->path == path ? &*found : nullptr;
}

std::string arn_of(const AwsPolicy& policy) {
  return arn_of(kAws, "policy", policy.path, policy.name);
}

Result<CustomerPolicy> find_customer_policy(store::Reader& reader, std::string_view account,
                                            std::string_view arn) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(arn));
  if (name.account == account) {
    LAPWING_TRY(auto found, CustomerPolicies::find(reader, account_key(account, lower(name.name))));
    if (found && found->record.path == name.path) return std::move(found->record);
  }
  return fail(errors::no_policy(arn));
}

Result<CustomerPolicy> find_changeable_policy(store::Reader& reader, std::string_view account,
                                              std::string_view arn, std::string_view doing) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(arn));
  if (name.account != account) {
    return fail(Error(ErrorKind::kDenied, "AccessDenied",
                      fmt::format("Cannot {} outside your own account.", doing))
                    .with_status(403));
  }
  return find_customer_policy(reader, account, arn);
}

Result<bool> policy_exists(store::Reader& reader, std::string_view account, std::string_view arn) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(arn));
  if (name.account == kAws) return find_aws_policy(name.path, name.name) != nullptr;
  if (name.account != account) return false;
  LAPWING_TRY(auto found, CustomerPolicies::find(reader, account_key(account, lower(name.name))));
  return found && found->record.path == name.path;
}

Result<gen::iam::Policy> show_policy(store::Reader& reader, const CustomerPolicy& policy) {
  gen::iam::Policy out;
  LAPWING_CHECK(show_usage(reader, policy.account, arn_of(policy), out));
  out.policy_name = policy.name;
  out.path = policy.path;
  out.policy_id = policy.id;
  out.default_version_id = version_name(policy.default_version);
  out.create_date = wall_from_unix_ms(policy.created_ms);
  out.update_date = wall_from_unix_ms(policy.updated_ms);
  return out;
}

Result<gen::iam::Policy> show_policy(store::Reader& reader, std::string_view account,
                                     const AwsPolicy& policy) {
  gen::iam::Policy out;
  LAPWING_CHECK(show_usage(reader, account, arn_of(policy), out));
  out.policy_name = policy.name;
  out.path = policy.path;
  out.policy_id = policy.id;
  out.default_version_id = version_name(policy.version);
  out.create_date = from_seconds(policy.created_s);
  out.update_date = from_seconds(policy.updated_s);
  return out;
}

}  // namespace lapwing::iam

#include "services/iam/tables.hpp"

#include <fmt/core.h>

namespace lapwing::iam {

std::string account_key(std::string_view account, std::string_view name) {
  return fmt::format("{}/{}", account, name);
}

std::string kind_prefix(std::string_view account, Kind kind) {
  return fmt::format("{}/{}/", account, resource_type(kind));
}

void IdentityTable::terms(const Identity& identity, resources::Terms& terms) {
  const auto add = [&](std::string_view index, std::string_view term) {
    terms.push_back({std::string(index), account_key(identity.account, term)});
  };
  add(kById, identity.id);
  for (const std::string& arn : identity.attached) add(kByPolicy, arn);
  if (!identity.boundary.empty()) add(kByBoundary, identity.boundary);
  for (const std::string& group : identity.groups) add(kByGroup, group);
}

std::string PolicyVersionTable::key(std::string_view account, std::string_view policy,
                                    std::int64_t number) {
  return fmt::format("{}{:012}", prefix(account, policy), number);
}

void InstanceProfileTable::terms(const InstanceProfile& profile, resources::Terms& terms) {
  if (profile.role.empty()) return;
  terms.push_back({std::string(kByRole), account_key(profile.account, profile.role)});
}

void AccessKeyTable::terms(const AccessKey& access_key, resources::Terms& terms) {
  terms.push_back({std::string(kByUser), account_key(access_key.account, access_key.user)});
}

void AccountTable::terms(const Account& account, resources::Terms& terms) {
  if (!account.alias.empty()) terms.push_back({std::string(kByAlias), account.alias});
}

}  // namespace lapwing::iam

#include "services/iam/operations/attachments.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/managed_policies.hpp"

namespace lapwing::iam {

Status attach(store::Txn& txn, std::string_view account, Kind kind, std::string_view name,
              const std::string& arn) {
  LAPWING_CHECK(parse_policy_arn(arn));
  LAPWING_TRY(Identity identity, find_identity(txn, account, kind, name));
  if (is_service_linked(identity)) return fail(errors::protected_role(identity.name));
  LAPWING_TRY(const bool exists, policy_exists(txn, account, arn));
  if (!exists) return fail(errors::not_attachable(arn));
  if (std::ranges::find(identity.attached, arn) != identity.attached.end()) return {};
  if (identity.attached.size() >= kAttachedPoliciesMax) {
    return fail(errors::quota(fmt::format("PoliciesPer{}", title(kind)), kAttachedPoliciesMax));
  }
  identity.attached.push_back(arn);
  LAPWING_CHECK(Identities::put(txn, identity));
  return {};
}

Status detach(store::Txn& txn, std::string_view account, Kind kind, std::string_view name,
              const std::string& arn) {
  LAPWING_CHECK(parse_policy_arn(arn));
  LAPWING_TRY(Identity identity, find_identity(txn, account, kind, name));
  if (is_service_linked(identity)) return fail(errors::protected_role(identity.name));
  if (std::erase(identity.attached, arn) == 0) return fail(errors::no_policy(arn));
  LAPWING_CHECK(Identities::put(txn, identity));
  return {};
}

Status check_boundary(store::Reader& reader, std::string_view account, const std::string& arn) {
  if (!parse_policy_arn(arn)) {
    return fail(gen::iam::errors::invalid_input(fmt::format("ARN {} is not valid.", arn)));
  }
  LAPWING_TRY(const bool exists, policy_exists(reader, account, arn));
  if (exists) return {};
  return fail(gen::iam::errors::no_such_entity(
      fmt::format("Scope ARN: {} does not exist or is not attachable.", arn)));
}

Status set_boundary(store::Txn& txn, std::string_view account, Kind kind, std::string_view name,
                    const std::string& arn) {
  LAPWING_TRY(Identity identity, find_identity(txn, account, kind, name));
  if (is_service_linked(identity)) return fail(errors::protected_role(identity.name));
  if (!arn.empty()) LAPWING_CHECK(check_boundary(txn, account, arn));
  identity.boundary = arn;
  LAPWING_CHECK(Identities::put(txn, identity));
  return {};
}

std::vector<gen::iam::AttachedPolicy> show_attached(const Identity& identity) {
  std::vector<gen::iam::AttachedPolicy> out;
  for (const std::string& arn : identity.attached) {
    out.push_back({.policy_arn = arn, .policy_name = arn.substr(arn.rfind('/') + 1)});
  }
  return out;
}

}  // namespace lapwing::iam

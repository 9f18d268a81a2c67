#include "services/iam/operations/policies.hpp"

#include <algorithm>

#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/managed_policies.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {
namespace {

// What ListPolicies has been asked for.
struct Wanted {
  std::string path;
  bool attached = false;
  bool as_policy = true;  // PolicyUsageFilter
  bool as_boundary = true;

  bool takes(const gen::iam::Policy& policy) const {
    const bool used = *policy.attachment_count > 0;
    const bool bounds = *policy.permissions_boundary_usage_count > 0;
    if (!policy.path->starts_with(path)) return false;
    if (attached && !used) return false;
    return (as_policy && as_boundary) || (as_policy && used) || (as_boundary && bounds);
  }
};

// AWS's own behind all of the customer's.
std::string order_of(const gen::iam::Policy& policy) {
  const bool aws = policy.arn->starts_with("arn:aws:iam::aws:");
  return (aws ? "2" : "1") + lower(*policy.policy_name);
}

Result<std::vector<gen::iam::Policy>> customer_policies(store::Reader& reader,
                                                        const std::string& account,
                                                        const Wanted& wanted) {
  std::vector<gen::iam::Policy> out;
  const PageAsk all{"", static_cast<std::size_t>(kPoliciesMax), ""};
  LAPWING_TRY(const auto page,
              page_records<CustomerPolicyTable>(reader, all, account_key(account, ""),
                                                [](const CustomerPolicy&) { return true; }));
  for (const CustomerPolicy& policy : page.items) {
    LAPWING_TRY(auto shown, show_policy(reader, policy));
    if (wanted.takes(shown)) out.push_back(std::move(shown));
  }
  return out;
}

Status add_aws_policies(store::Reader& reader, const std::string& account, const Wanted& wanted,
                        std::vector<gen::iam::Policy>& out) {
  for (const AwsPolicy& policy : aws_policies()) {
    LAPWING_TRY(auto shown, show_policy(reader, account, policy));
    if (wanted.takes(shown)) out.push_back(std::move(shown));
  }
  return {};
}

}  // namespace

Result<gen::iam::CreatePolicyResponse> create_policy(Core& core, const aws::Call& call,
                                                     gen::iam::CreatePolicyRequest in) {
  LAPWING_CHECK(check_name("policyName", in.policy_name));
  CustomerPolicy policy;
  policy.account = account_of(call);
  policy.name = std::move(in.policy_name);
  policy.path = in.path.value_or("/");
  policy.id = new_policy_id(core.random);
  policy.created_ms = policy.updated_ms = core.now_ms();
  policy.description = in.description.value_or("");
  LAPWING_CHECK(check_policy_path(policy.path));
  LAPWING_CHECK(put_tags(policy.tags, in.tags.value_or(TagList()), KeyCase::kTells));
  LAPWING_CHECK(check_identity_document(in.policy_document));
  LAPWING_CHECK(check_managed_size(in.policy_document));
  using Out = gen::iam::CreatePolicyResponse;
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(const auto found, CustomerPolicies::find(txn, CustomerPolicyTable::key(policy)));
    if (found) {
      return fail(gen::iam::errors::entity_already_exists(
          "A policy called " + policy.name + " already exists. Duplicate names are not allowed."));
    }
    LAPWING_CHECK(count(txn, policy.account, "Policies", 1, kPoliciesMax));
    LAPWING_CHECK(count(txn, policy.account, "PolicyVersions", 1, INT64_MAX));
    LAPWING_CHECK(CustomerPolicies::insert(txn, policy));
    LAPWING_CHECK(PolicyVersions::insert(
        txn, {policy.account, policy.id, 1, policy.created_ms, in.policy_document}));
    Out out;
    LAPWING_TRY(out.policy, show_policy(txn, policy));
    out.policy->tags = show_some_tags(policy.tags);
    return out;
  });
}

Result<gen::iam::GetPolicyResponse> get_policy(Core& core, const aws::Call& call,
                                               const gen::iam::GetPolicyRequest& in) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(in.policy_arn));
  using Out = gen::iam::GetPolicyResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    Out out;
    if (name.account == "aws") {
      const AwsPolicy* policy = find_aws_policy(name.path, name.name);
      if (policy == nullptr) return fail(errors::no_policy(in.policy_arn));
      LAPWING_TRY(out.policy, show_policy(reader, account_of(call), *policy));
      out.policy->tags.emplace();
      return out;
    }
    LAPWING_TRY(const CustomerPolicy policy,
                find_customer_policy(reader, account_of(call), in.policy_arn));
    LAPWING_TRY(out.policy, show_policy(reader, policy));
    if (!policy.description.empty()) out.policy->description = policy.description;
    out.policy->tags = show_tags(policy.tags);
    return out;
  });
}

Result<gen::iam::ListPoliciesResponse> list_policies(Core& core, const aws::Call& call,
                                                     const gen::iam::ListPoliciesRequest& in) {
  const std::string scope = in.scope.value_or("All");
  const std::string usage = in.policy_usage_filter.value_or("");
  Wanted wanted;
  wanted.path = in.path_prefix.value_or("/");
  wanted.attached = in.only_attached.value_or(false);
  if (!usage.empty()) {
    wanted.as_policy = usage == gen::iam::PolicyUsageType::kPermissionsPolicy;
    wanted.as_boundary = usage == gen::iam::PolicyUsageType::kPermissionsBoundary;
  }
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListPolicies" + scope + usage + wanted.path, in.marker, in.max_items));
  using Out = gen::iam::ListPoliciesResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    std::vector<gen::iam::Policy> all;
    if (scope != gen::iam::policyScopeType::kAws) {
      LAPWING_TRY(all, customer_policies(reader, account_of(call), wanted));
    }
    if (scope != gen::iam::policyScopeType::kLocal) {
      LAPWING_CHECK(add_aws_policies(reader, account_of(call), wanted, all));
    }
    auto page = page_items(std::move(all), ask, order_of);
    Out out;
    out.policies = std::move(page.items);
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> delete_policy(Core& core, const aws::Call& call,
                                 const gen::iam::DeletePolicyRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const CustomerPolicy policy,
                find_changeable_policy(txn, account_of(call), in.policy_arn, "delete policies"));
    LAPWING_TRY(const auto shown, show_policy(txn, policy));
    if (*shown.attachment_count > 0 || *shown.permissions_boundary_usage_count > 0) {
      return fail(
          gen::iam::errors::delete_conflict("Cannot delete a policy attached to entities."));
    }
    LAPWING_TRY(const auto versions, versions_of(txn, policy));
    if (versions.size() > 1) {
      return fail(gen::iam::errors::delete_conflict(
          "This policy has more than one version. Before you delete a policy, you must delete the "
          "policy's versions. The default version is deleted with the policy."));
    }
    for (const PolicyVersion& version : versions) {
      LAPWING_CHECK(PolicyVersions::erase(txn, PolicyVersionTable::key(version)));
    }
    LAPWING_CHECK(count(txn, policy.account, "Policies", -1, kPoliciesMax));
    LAPWING_CHECK(count(txn, policy.account, "PolicyVersions", -1, INT64_MAX));
    return CustomerPolicies::erase(txn, CustomerPolicyTable::key(policy));
  }));
  return aws::Empty();
}

Result<gen::iam::ListEntitiesForPolicyResponse> list_entities_for_policy(
    Core& core, const aws::Call& call, const gen::iam::ListEntitiesForPolicyRequest& in) {
  const std::string filter = in.entity_filter.value_or("");
  const std::string usage = in.policy_usage_filter.value_or("");
  const std::string path = in.path_prefix.value_or("/");
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListEntitiesForPolicy" + in.policy_arn + filter + usage + path, in.marker,
                       in.max_items));
  using Out = gen::iam::ListEntitiesForPolicyResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const bool exists, policy_exists(reader, account_of(call), in.policy_arn));
    if (!exists) return fail(errors::no_policy(in.policy_arn));
    std::vector<Identity> all;
    for (const std::string_view index : {IdentityTable::kByPolicy, IdentityTable::kByBoundary}) {
      const bool boundary = index == IdentityTable::kByBoundary;
      if (!usage.empty() &&
          boundary != (usage == gen::iam::PolicyUsageType::kPermissionsBoundary)) {
        continue;
      }
      LAPWING_TRY(auto found, identities_with(reader, index, account_of(call), in.policy_arn));
      std::ranges::move(found, std::back_inserter(all));
    }
    std::ranges::sort(all, {}, &Identity::id);  // one may use it in both ways
    const auto repeated = std::ranges::unique(all, {}, &Identity::id);
    all.erase(repeated.begin(), repeated.end());
    std::erase_if(all, [&](const Identity& identity) {
      return !identity.path.starts_with(path) ||
             (!filter.empty() && filter != title(identity.kind));
    });
    const auto page = page_items(std::move(all), ask, IdentityTable::key);
    Out out;
    out.policy_groups.emplace();
    out.policy_roles.emplace();
    out.policy_users.emplace();
    for (const Identity& identity : page.items) {
      if (identity.kind == Kind::kRole) {
        out.policy_roles->push_back({.role_id = identity.id, .role_name = identity.name});
      } else if (identity.kind == Kind::kUser) {
        out.policy_users->push_back({.user_id = identity.id, .user_name = identity.name});
      } else {
        out.policy_groups->push_back({.group_id = identity.id, .group_name = identity.name});
      }
    }
    set_page(out, page);
    return out;
  });
}

}  // namespace lapwing::iam

#include <algorithm>

#include "gen/iam/errors.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/managed_policies.hpp"
#include "services/iam/operations/policies.hpp"
#include "services/iam/pages.hpp"

namespace lapwing::iam {
namespace {

gen::iam::PolicyVersion show_version(const PolicyVersion& version, const CustomerPolicy& policy) {
  gen::iam::PolicyVersion out;
  out.create_date = wall_from_unix_ms(version.created_ms);
  out.is_default_version = version.number == policy.default_version;
  out.version_id = version_name(version.number);
  return out;
}

gen::iam::PolicyVersion show_version(const AwsPolicy& policy) {
  gen::iam::PolicyVersion out;
  out.create_date = WallTime(std::chrono::seconds(policy.updated_s));
  out.is_default_version = true;
  out.version_id = version_name(policy.version);
  return out;
}

Result<PolicyVersion> find_version(store::Reader& reader, const CustomerPolicy& policy,
                                   std::string_view name) {
  if (const auto number = version_number(name)) {
    LAPWING_TRY(auto found, PolicyVersions::find(reader, PolicyVersionTable::key(
                                                             policy.account, policy.id, *number)));
    if (found) return std::move(found->record);
  }
  return fail(errors::no_version(arn_of(policy), name));
}

}  // namespace

Result<std::vector<PolicyVersion>> versions_of(store::Reader& reader,
                                               const CustomerPolicy& policy) {
  LAPWING_TRY(
      auto page,
      PolicyVersions::list(reader, {.prefix = PolicyVersionTable::prefix(policy.account, policy.id),
                                    .order = store::Order::kDescending}));
  return std::move(page.records);
}

Result<gen::iam::CreatePolicyVersionResponse> create_policy_version(
    Core& core, const aws::Call& call, const gen::iam::CreatePolicyVersionRequest& in) {
  LAPWING_CHECK(check_identity_document(in.policy_document));
  LAPWING_CHECK(check_managed_size(in.policy_document));
  using Out = gen::iam::CreatePolicyVersionResponse;
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(CustomerPolicy policy,
                find_changeable_policy(txn, account_of(call), in.policy_arn));
    LAPWING_TRY(const auto versions, versions_of(txn, policy));
    if (versions.size() >= kPolicyVersionsMax) {
      return fail(gen::iam::errors::limit_exceeded(
          "A managed policy can have up to 5 versions. Before you create a new version, you must "
          "delete an existing version."));
    }
    const PolicyVersion version{policy.account, policy.id, ++policy.last_version, core.now_ms(),
                                in.policy_document};
    if (in.set_as_default.value_or(false)) policy.default_version = version.number;
    policy.updated_ms = version.created_ms;
    LAPWING_CHECK(count(txn, policy.account, "PolicyVersions", 1, INT64_MAX));
    LAPWING_CHECK(PolicyVersions::insert(txn, version));
    LAPWING_CHECK(CustomerPolicies::put(txn, policy));
    Out out;
    out.policy_version = show_version(version, policy);
    return out;
  });
}

Result<gen::iam::GetPolicyVersionResponse> get_policy_version(
    Core& core, const aws::Call& call, const gen::iam::GetPolicyVersionRequest& in) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(in.policy_arn));
  gen::iam::GetPolicyVersionResponse out;
  if (name.account == "aws") {
    const AwsPolicy* policy = find_aws_policy(name.path, name.name);
    if (policy == nullptr) return fail(errors::no_policy(in.policy_arn));
    if (in.version_id != version_name(policy->version)) {
      return fail(errors::no_version(in.policy_arn, in.version_id));
    }
    out.policy_version = show_version(*policy);
    out.policy_version->document = show_document(policy->document);
    return out;
  }
  return read<gen::iam::GetPolicyVersionResponse>(
      core, [&](store::Reader& reader) -> Result<gen::iam::GetPolicyVersionResponse> {
        LAPWING_TRY(const CustomerPolicy policy,
                    find_customer_policy(reader, account_of(call), in.policy_arn));
        LAPWING_TRY(const PolicyVersion version, find_version(reader, policy, in.version_id));
        gen::iam::GetPolicyVersionResponse found;
        found.policy_version = show_version(version, policy);
        found.policy_version->document = show_document(version.document);
        return found;
      });
}

Result<gen::iam::ListPolicyVersionsResponse> list_policy_versions(
    Core& core, const aws::Call& call, const gen::iam::ListPolicyVersionsRequest& in) {
  LAPWING_TRY(const PolicyName name, parse_policy_arn(in.policy_arn));
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListPolicyVersions" + in.policy_arn, in.marker, in.max_items));
  using Out = gen::iam::ListPolicyVersionsResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    Out out;
    if (name.account == "aws") {
      const AwsPolicy* policy = find_aws_policy(name.path, name.name);
      if (policy == nullptr) return fail(errors::no_policy(in.policy_arn));
      out.is_truncated = false;
      out.versions.emplace().push_back(show_version(*policy));
      return out;
    }
    LAPWING_TRY(const CustomerPolicy policy,
                find_customer_policy(reader, account_of(call), in.policy_arn));
    LAPWING_TRY(auto versions, versions_of(reader, policy));
    // The newest first: numbers counted down from what none reaches.
    const auto page = page_items(std::move(versions), ask, [](const PolicyVersion& version) {
      return PolicyVersionTable::key("", "", kVersionNumbersMax - version.number);
    });
    out.versions.emplace();
    for (const PolicyVersion& version : page.items) {
      out.versions->push_back(show_version(version, policy));
    }
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> set_default_policy_version(Core& core, const aws::Call& call,
                                              const gen::iam::SetDefaultPolicyVersionRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(CustomerPolicy policy,
                find_changeable_policy(txn, account_of(call), in.policy_arn));
    LAPWING_TRY(const PolicyVersion version, find_version(txn, policy, in.version_id));
    policy.default_version = version.number;
    policy.updated_ms = core.now_ms();
    LAPWING_CHECK(CustomerPolicies::put(txn, policy));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_policy_version(Core& core, const aws::Call& call,
                                         const gen::iam::DeletePolicyVersionRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const CustomerPolicy policy,
                find_changeable_policy(txn, account_of(call), in.policy_arn,
                                       "delete policy versions for policies"));
    LAPWING_TRY(const PolicyVersion version, find_version(txn, policy, in.version_id));
    if (version.number == policy.default_version) {
      return fail(
          gen::iam::errors::delete_conflict("Cannot delete the default version of a policy."));
    }
    LAPWING_CHECK(count(txn, policy.account, "PolicyVersions", -1, INT64_MAX));
    return PolicyVersions::erase(txn, PolicyVersionTable::key(version));
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam

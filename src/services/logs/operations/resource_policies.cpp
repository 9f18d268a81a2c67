#include "services/logs/resource_policies.hpp"

#include "policy/document.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

// One of the two: a policy has a name, or the resource whose it is.
struct Whose {
  std::string name;
  std::string group;
};

Result<Whose> whose(Core& core, const Scope& scope, const std::optional<std::string>& name,
                    const std::optional<std::string>& resource) {
  if (name.has_value() == resource.has_value() || (name && name->empty())) {
    return fail(invalid_parameter("Either policyName or resourceArn must be specified."));
  }
  if (name) return Whose{*name, {}};
  const auto group = name_in_arn(scope, *resource);
  if (!group) return fail(invalid_parameter("The specified resource ARN is invalid."));
  if (const auto there = core.repository.group(scope, *group); !there) {
    if (there.error().kind() != ErrorKind::kNotFound) return fail(there.error());
    return fail(resource_not_found());
  }
  return Whose{{}, *group};
}

std::string key_of(const Scope& scope, const Whose& of) {
  return of.group.empty() ? ResourcePolicyTable::account_key(scope, of.name)
                          : resource_policy_key(scope, of.group);
}

Status check_revision(const std::optional<std::string>& expected, const ResourcePolicy* there) {
  if (!expected || (there != nullptr && there->revision == *expected)) return {};
  // [ours], but for the code.
  return fail(
      Error(ErrorKind::kConflict, "OperationAbortedException", "The policy has another revision.")
          .with_status(400));
}

model::ResourcePolicy describe(const ResourcePolicy& policy) {
  model::ResourcePolicy out;
  out.policy_document = policy.document;
  out.last_updated_time = policy.updated_ms;
  if (policy.group.empty()) {
    out.policy_name = policy.name;
    out.policy_scope = model::PolicyScope::kAccount;
    return out;
  }
  out.resource_arn = group_arn(policy.scope, policy.group);
  out.revision_id = policy.revision;
  out.policy_scope = model::PolicyScope::kResource;
  return out;
}

}  // namespace

Result<model::PutResourcePolicyResponse> put_resource_policy(
    Core& core, const Call& call, const model::PutResourcePolicyRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const Whose of, whose(core, scope, in.policy_name, in.resource_arn));
  const std::string document = in.policy_document.value_or("");
  const bool account = of.group.empty();
  if (account && document.size() > kAccountPolicyBytesMax) return fail(limit_exceeded());
  if (const auto parsed = policy::parse(document, policy::Use::kResource); !parsed) {
    return fail(invalid_parameter(parsed.error().message));
  }
  ResourcePolicy policy{.scope = scope,
                        .name = of.name,
                        .group = of.group,
                        .document = document,
                        .revision = account ? "" : random_hex(core.repository.random(), 32),
                        .updated_ms = core.now_ms()};
  LAPWING_CHECK(core.repository.change([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto there, ResourcePolicies::find(txn, ResourcePolicyTable::key(policy)));
    LAPWING_CHECK(check_revision(in.expected_revision_id, there ? &there->record : nullptr));
    if (account && !there) {
      LAPWING_TRY(const auto all, ResourcePolicies::list(
                                      txn, {.prefix = ResourcePolicyTable::account_key(scope, ""),
                                            .limit = kAccountPoliciesMax}));
      if (all.records.size() >= kAccountPoliciesMax) return fail(limit_exceeded());
    }
    LAPWING_CHECK(ResourcePolicies::put(txn, policy));
    return {};
  }));
  model::PutResourcePolicyResponse out;
  out.resource_policy = describe(policy);
  if (!account) out.revision_id = policy.revision;
  return out;
}

Result<model::DescribeResourcePoliciesResponse> describe_resource_policies(
    Core& core, const Call& call, const model::DescribeResourcePoliciesRequest& in) {
  const Scope scope = scope_of(call.caller);
  // Unasked for, and no resource named: the account's.
  const bool resource = in.policy_scope ? *in.policy_scope == model::PolicyScope::kResource
                                        : in.resource_arn.has_value();
  const std::string prefix =
      resource ? resource_policy_prefix(scope) : ResourcePolicyTable::account_key(scope, "");
  std::string only;
  if (in.resource_arn) {
    const auto group = name_in_arn(scope, *in.resource_arn);
    if (!group) return fail(invalid_parameter("The specified resource ARN is invalid."));
    only = *group;
  }
  LAPWING_TRY(const PageAsk ask,
              page_ask("logs.DescribeResourcePolicies of " + prefix, in.next_token, in.limit));
  model::DescribeResourcePoliciesResponse out;
  LAPWING_CHECK(core.repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto page, resources::page_records<ResourcePolicyTable>(
                                     reader, ask, prefix, [&](const ResourcePolicy& each) {
                                       return only.empty() || each.group == only;
                                     }));
    out.resource_policies.emplace();
    for (const ResourcePolicy& each : page.items) {
      out.resource_policies->push_back(describe(each));
    }
    out.next_token = page.next;
    return {};
  }));
  return out;
}

Nothing delete_resource_policy(Core& core, const Call& call,
                               const model::DeleteResourcePolicyRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const Whose of, whose(core, scope, in.policy_name, in.resource_arn));
  const std::string key = key_of(scope, of);
  LAPWING_CHECK(core.repository.change([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto there, ResourcePolicies::find(txn, key));
    if (!there) {
      return fail(Error(ErrorKind::kNotFound, "ResourceNotFoundException",
                        of.group.empty()
                            ? fmt::format("Policy with name [{}] does not exist", of.name)
                            : std::string("The specified resource does not exist.")));
    }
    LAPWING_CHECK(check_revision(in.expected_revision_id, &there->record));
    return ResourcePolicies::erase(txn, key);
  }));
  return {};
}

}  // namespace lapwing::logs

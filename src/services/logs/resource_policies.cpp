#include "services/logs/resource_policies.hpp"

#include <fmt/core.h>

#include "policy/evaluate.hpp"
#include "ports/acting.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {

Result<bool> may_write(Repository& repository, const Scope& scope, std::string_view group,
                       std::string_view stream, const ports::OnBehalf& as) {
  const ports::Standing stands = ports::standing(as, scope.account);
  if (stands != ports::Standing::kByPolicy) return stands == ports::Standing::kOwn;
  const policy::Request request = ports::request_of(
      as, "logs:PutLogEvents", fmt::format("{}:log-stream:{}", group_arn(scope, group), stream));
  bool allowed = false;
  bool denied = false;
  const auto look = [&](const ResourcePolicy& each) {
    const auto document = policy::parse(each.document, policy::Use::kResource);
    if (!document) return;
    const policy::Verdict verdict = policy::evaluate(*document, request);
    allowed = allowed || ports::is_allowed(verdict);
    denied = denied || verdict == policy::Verdict::kDenied;
  };
  LAPWING_CHECK(repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto own, ResourcePolicies::find(reader, resource_policy_key(scope, group)));
    if (own) look(own->record);
    LAPWING_TRY(const auto all, ResourcePolicies::list(
                                    reader, {.prefix = ResourcePolicyTable::account_key(scope, ""),
                                             .limit = kAccountPoliciesMax}));
    for (const ResourcePolicy& each : all.records) look(each);
    return {};
  }));
  return allowed && !denied;
}

}  // namespace lapwing::logs

#include "ports/acting.hpp"

#include "aws/arn.hpp"

namespace lapwing::ports {

bool is_role_of(std::string_view role_arn, const AccountId& account) {
  const auto arn = aws::Arn::parse(role_arn);
  return arn && arn->service == "iam" && arn->account == account && !account.empty();
}

std::string role_in(std::string_view role_arn, const AccountId& account) {
  auto arn = aws::Arn::parse(role_arn);
  if (!arn) return std::string(role_arn);
  arn->account = account;
  return arn->str();
}

Standing standing(const OnBehalf& as, const AccountId& owner) {
  if (!as.service.empty()) return Standing::kByPolicy;
  if (!is_role_of(as.role_arn, as.source_account)) return Standing::kNobody;
  return as.source_account == owner ? Standing::kOwn : Standing::kByPolicy;
}

policy::Request request_of(const OnBehalf& as, std::string_view action, std::string_view resource) {
  policy::Request out;
  if (!as.service.empty()) {
    out = policy::service_request(as.service, as.source_arn, as.source_account.view());
  } else {
    out.asker.arn = out.asker.role_arn = as.role_arn;
    out.asker.account = as.source_account.str();
    out.context["aws:PrincipalArn"] = {as.role_arn};
    out.context["aws:PrincipalAccount"] = {out.asker.account};
  }
  out.action = action;
  out.resource = resource;
  return out;
}

bool is_allowed(policy::Verdict verdict) {
  return verdict == policy::Verdict::kAllowed || verdict == policy::Verdict::kAccount;
}

bool may(const OnBehalf& as, const Asked& asked, const policy::Document* document) {
  const Standing stands = standing(as, asked.owner);
  if (stands != Standing::kByPolicy) return stands == Standing::kOwn;
  return document != nullptr &&
         is_allowed(policy::evaluate(*document, request_of(as, asked.action, asked.resource)));
}

std::string_view sender(const OnBehalf& as) {
  return as.service.empty() ? as.role_arn : as.service;
}

}  // namespace lapwing::ports

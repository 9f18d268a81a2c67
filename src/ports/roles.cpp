#include "ports/roles.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"

namespace lapwing::ports {

bool Role::trusts(std::string_view service) const {
  return std::ranges::any_of(
      trusted_services, [&](const std::string& each) { return each == service || each == "*"; });
}

aws::Principal role_session(const Role& role, std::string_view role_arn, const AccountId& account,
                            std::string_view session) {
  const std::string_view name = role_arn.substr(role_arn.rfind('/') + 1);
  aws::Principal out;
  out.account = account;
  out.arn =
      aws::make_arn("sts", Region(), account, fmt::format("assumed-role/{}/{}", name, session));
  out.user_id = fmt::format("{}:{}", role.id, session);
  if (role.known) out.identity = role.id;
  return out;
}

}  // namespace lapwing::ports

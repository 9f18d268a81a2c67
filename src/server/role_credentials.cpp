#include "server/role_credentials.hpp"

#include <fmt/core.h>

#include "services/lambda/invoke_edge.hpp"

namespace lapwing::server {
namespace {

constexpr auto kSessionLength = std::chrono::hours(36);
// Where the role cannot be read.
constexpr std::string_view kUnreadRole = "AROAAAAAAAAAAAAAAAAAA";

}  // namespace

Result<runtime::RoleCredentials> RoleCredentialMint::mint(
    const runtime::FunctionVersion& function) {
  const std::string& role = function.role_arn;
  const auto slash = role.rfind('/');
  const std::string_view role_name =
      std::string_view(role).substr(slash == std::string::npos ? 0 : slash + 1);
  aws::Principal principal;
  principal.account = function.account;
  principal.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", function.account.view(),
                              role_name, function.name.view());
  const auto known = roles_->find(role);
  if (known_only_ && known && !(known->known && known->trusts_lambda)) {
    return fail(lambda::role_not_assumed());
  }
  const std::string_view id = known ? std::string_view(known->id) : kUnreadRole;
  principal.user_id = fmt::format("{}:{}", id, function.name.view());
  if (known && known->known) principal.identity = known->id;
  const WallTime expires = clock_->wall() + kSessionLength;
  const aws::Credentials made = mint_->mint(principal, expires);
  return runtime::RoleCredentials{made.access_key_id, made.secret_access_key, made.session_token,
                                  expires};
}

}  // namespace lapwing::server

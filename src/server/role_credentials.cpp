#include "server/role_credentials.hpp"

#include <string>

#include "services/lambda/invoke_edge.hpp"

namespace lapwing::server {
namespace {

constexpr auto kSessionLength = std::chrono::hours(36);
// Where the role cannot be read.
constexpr std::string_view kUnreadRole = "AROAAAAAAAAAAAAAAAAAA";

}  // namespace

Result<runtime::RoleCredentials> RoleCredentialMint::mint(
    const runtime::FunctionVersion& function) {
  const auto known = roles_->find(function.role_arn);
  if (known_only_ && known && !(known->known && known->trusts("lambda.amazonaws.com"))) {
    return fail(lambda::role_not_assumed());
  }
  const aws::Principal principal =
      ports::role_session(known ? *known : ports::Role{.id = std::string(kUnreadRole)},
                          function.role_arn, function.account, function.name.view());
  const WallTime expires = clock_->wall() + kSessionLength;
  const aws::Credentials made = mint_->mint(principal, expires);
  return runtime::RoleCredentials{made.access_key_id, made.secret_access_key, made.session_token,
                                  expires};
}

}  // namespace lapwing::server

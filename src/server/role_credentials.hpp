// Credentials of execution roles: what a function signs with when it calls back.
//
// Thread-safety: any thread.
#pragma once

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "ports/roles.hpp"
#include "runtime/environment/environment.hpp"

namespace lapwing::server {

class RoleCredentialMint final : public runtime::RoleCredentialSource {
 public:
  // `known_only`: roles that IAM does not know, or that do not trust Lambda, are not assumed.
  RoleCredentialMint(const aws::SessionMint& mint, ports::Roles& roles, const Clock& clock,
                     bool known_only)
      : mint_(&mint), roles_(&roles), clock_(&clock), known_only_(known_only) {}

  // A session "assumed-role/<role>/<function>", good for longer than an environment lives.
  Result<runtime::RoleCredentials> mint(const runtime::FunctionVersion& function) override;

 private:
  const aws::SessionMint* mint_;
  ports::Roles* roles_;
  const Clock* clock_;
  bool known_only_;
};

}  // namespace lapwing::server

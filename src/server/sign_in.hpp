// Who may sign requests, and what functions sign with.
//
// Thread-safety: made by one thread; then as its parts.
#pragma once

#include <optional>

#include "aws/credentials.hpp"
#include "aws/sigv4.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "crypto/aes_gcm.hpp"
#include "hosting/ports.hpp"
#include "server/config.hpp"
#include "server/role_credentials.hpp"

namespace lapwing::server {

struct SignIn {
  SignIn(const Config& config, const crypto::AesKey& key, Random& random, const Clock& clock)
      : mint(key, random),
        credentials(&mint),
        authenticator(aws::parse_auth_mode(config.auth).value_or(aws::AuthMode::kOff), credentials,
                      clock) {
    for (const StaticCredential& known : config.credentials) {
      aws::Principal principal;
      principal.account = AccountId(known.account);
      principal.arn = known.principal;
      credentials.add(known.access_key_id, known.secret_access_key, principal);
    }
  }
  // Once the services are there, of which IAM always is.
  void ask(const hosting::Ports& ports, const Clock& clock) {
    credentials.ask_further(*ports.keys);
    of_roles.emplace(mint, *ports.roles, clock, ports.roles->known_only());
  }
  SignIn(const SignIn&) = delete;
  SignIn& operator=(const SignIn&) = delete;

  aws::SessionMint mint;
  aws::MemoryCredentialStore credentials;
  aws::Authenticator authenticator;
  std::optional<RoleCredentialMint> of_roles;  // from ask() on
};

}  // namespace lapwing::server

// Platform applications and their endpoints, for push notifications. Nothing reaches a phone from
// here: what is published to them is kept (kept.hpp).
//
// Thread-safety: plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/arn.hpp"
#include "aws/scope.hpp"
#include "crypto/sha256.hpp"
#include "resources/table.hpp"

namespace lapwing::sns {

// Where it is, behind the account and region: "GCM/name" and "GCM/name/UUID".
struct PlatformApplication {
  aws::Scope scope;
  std::string platform;  // "GCM"
  std::string name;
  std::map<std::string, std::string> attributes;

  std::string path() const { return platform + "/" + name; }
  std::string key() const { return resources::scoped_key(scope, path()); }
  std::string arn() const {
    return aws::make_arn("sns", scope.region, scope.account, "app/" + path());
  }
};

struct PlatformEndpoint {
  aws::Scope scope;
  std::string platform;
  std::string application;
  std::string id;                                 // a UUID
  std::map<std::string, std::string> attributes;  // "Token", "Enabled", "CustomUserData"

  std::string application_key() const {
    return resources::scoped_key(scope, platform + "/" + application);
  }
  std::string key() const { return application_key() + "/" + id; }
  std::string arn() const {
    return aws::make_arn("sns", scope.region, scope.account,
                         "endpoint/" + platform + "/" + application + "/" + id);
  }
  std::string_view attribute(const std::string& which) const {
    const auto found = attributes.find(which);
    return found == attributes.end() ? std::string_view() : std::string_view(found->second);
  }
  bool enabled() const { return attribute("Enabled") != "false"; }
  // Endpoints of an application with this token.
  std::string token_term() const { return token_term(application_key(), attribute("Token")); }
  static std::string token_term(std::string_view application_key, std::string_view token) {
    return std::string(application_key) + "/" + crypto::sha256_hex(token);
  }
};

}  // namespace lapwing::sns

// WWW-Authenticate of a registry (RFC 9110 §11.6.1; distribution "Token Authentication
// Specification").
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lapwing::images {

struct Challenge {
  bool bearer = false;  // else Basic
  std::string realm;    // where a token is to be had; of Bearer
  std::string service;
};

// The first Bearer or Basic challenge in the value; nothing for others.
std::optional<Challenge> parse_challenge(std::string_view value);

}  // namespace lapwing::images

// An http or https URL, taken apart as a client needs it.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::http {

inline constexpr std::size_t kUrlBytesMax = 8 * 1024;

struct Url {
  bool tls = false;
  std::string host;  // as the Host header has it: "example.com:8080"
  std::string name;  // "example.com", "::1"
  std::uint16_t port = 0;
  std::string target = "/";  // path and query, as they were written; no fragment
};

// kInvalid: another scheme, no host, a user, a port that is none, blanks or control characters.
Result<Url> parse_url(std::string_view text);

}  // namespace lapwing::http

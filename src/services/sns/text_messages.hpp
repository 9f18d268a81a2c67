// What an account has set for text messages. None leaves here: what is published to numbers is kept
// (kept.hpp).
//
// Thread-safety: plain values.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aws/scope.hpp"

namespace lapwing::sns {

struct TextMessages {
  aws::Scope scope;
  std::map<std::string, std::string> attributes = {};
  std::vector<std::string> opted_out = {};
  // Numbers that may be written to from the sandbox: "Pending CODE" or "Verified".
  std::map<std::string, std::string> sandbox = {};
};

// E.164: a plus, and up to 15 digits, of which the first is not 0.
inline bool is_phone_number(std::string_view text) {
  if (text.size() < 3 || text.size() > 16 || text[0] != '+' || text[1] == '0') return false;
  return std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace lapwing::sns

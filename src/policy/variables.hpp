// Patterns of a statement: '*' and '?', and variables whose values are literal text (IAM user
// guide, "Policy variables": a '*' in a tag's value is no wildcard).
//
// Thread-safety: pure functions, plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/evaluate.hpp"

namespace lapwing::policy {

struct Token {
  enum class Kind : std::uint8_t { kCharacter, kAny, kOne };  // 'x', '*', '?'
  Kind kind = Kind::kCharacter;
  char character = 0;
};
using Tokens = std::vector<Token>;

struct Reading {
  bool wildcards = true;
  const Context* variables = nullptr;  // null: "${...}" is text
};

// None: a variable has no value, and nothing matches.
std::optional<Tokens> read_tokens(std::string_view pattern, const Reading& reading);
bool matches(const Tokens& pattern, std::string_view text, bool ignore_case = false);

}  // namespace lapwing::policy

#include "images/challenge.hpp"

#include <algorithm>

#include "http/message.hpp"

namespace lapwing::images {
namespace {

void skip(std::string_view& rest, std::string_view characters) {
  rest.remove_prefix(std::min(rest.find_first_not_of(characters), rest.size()));
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(" \t=,"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

// A token, or a quoted string with its escapes undone.
std::string take_value(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::string(take_word(rest));
  std::string out;
  std::size_t at = 1;
  for (; at < rest.size() && rest[at] != '"'; ++at) {
    if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
    out += rest[at];
  }
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return out;
}

}  // namespace

std::optional<Challenge> parse_challenge(std::string_view value) {
  std::optional<Challenge> out;
  std::string_view rest = value;
  while (true) {
    skip(rest, " \t,");
    if (rest.empty()) return out;
    const std::string_view word = take_word(rest);
    if (word.empty()) return out;  // a stray "="
    std::string_view after = rest;
    skip(after, " \t");
    if (!after.starts_with('=')) {
      // A scheme; one that was understood already is the one.
      if (out) return out;
      const bool bearer = http::equal_ignoring_case(word, "Bearer");
      if (bearer || http::equal_ignoring_case(word, "Basic")) out.emplace().bearer = bearer;
      continue;
    }
    rest = after.substr(1);
    skip(rest, " \t");
    std::string text = take_value(rest);
    if (!out) continue;
    if (http::equal_ignoring_case(word, "realm")) out->realm = std::move(text);
    if (http::equal_ignoring_case(word, "service")) out->service = std::move(text);
  }
}

}  // namespace lapwing::images

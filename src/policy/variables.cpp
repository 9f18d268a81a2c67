#include "policy/variables.hpp"

#include <algorithm>

namespace lapwing::policy {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

void append_text(Tokens& out, std::string_view text) {
  for (const char c : text) out.push_back({Token::Kind::kCharacter, c});
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// What stands between "${" and "}": a key, or a key and a default in quotes, or one of the
// characters that would otherwise mean something.
bool append_variable(Tokens& out, std::string_view inside, const Context& context) {
  if (inside == "*" || inside == "?" || inside == "$") {
    append_text(out, inside);
    return true;
  }
  std::optional<std::string_view> otherwise;
  if (const std::size_t comma = inside.find(','); comma != std::string_view::npos) {
    const std::string_view quoted = trim(inside.substr(comma + 1));
    if (quoted.size() < 2 || quoted.front() != '\'' || quoted.back() != '\'') return false;
    otherwise = quoted.substr(1, quoted.size() - 2);
    inside = trim(inside.substr(0, comma));
  }
  const std::vector<std::string>* values = find(context, inside);
  if (values != nullptr && values->size() == 1) {
    append_text(out, values->front());
    return true;
  }
  if (!otherwise || values != nullptr) return false;
  append_text(out, *otherwise);
  return true;
}

}  // namespace

std::optional<Tokens> read_tokens(std::string_view pattern, const Reading& reading) {
  Tokens out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (reading.variables != nullptr && pattern.substr(at).starts_with("${")) {
      const std::size_t end = pattern.find('}', at);
      if (end == std::string_view::npos) return std::nullopt;
      if (!append_variable(out, pattern.substr(at + 2, end - at - 2), *reading.variables)) {
        return std::nullopt;
      }
      at = end;
    } else if (reading.wildcards && (c == '*' || c == '?')) {
      out.push_back({c == '*' ? Token::Kind::kAny : Token::Kind::kOne, 0});
    } else {
      out.push_back({Token::Kind::kCharacter, c});
    }
  }
  return out;
}

// Greedy: when a character does not fit, the last '*' takes one more.
bool matches(const Tokens& pattern, std::string_view text, bool ignore_case) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::optional<std::size_t> star;
  std::size_t star_in = 0;
  const auto fits = [&](const Token& token, char c) {
    if (token.kind == Token::Kind::kOne) return true;
    if (token.kind == Token::Kind::kAny) return false;
    return ignore_case ? lower(token.character) == lower(c) : token.character == c;
  };
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at].kind == Token::Kind::kAny) {
      star = at++;
      star_in = in;
    } else if (at < pattern.size() && fits(pattern[at], text[in])) {
      ++at;
      ++in;
    } else if (star) {
      at = *star + 1;
      in = ++star_in;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at].kind == Token::Kind::kAny) ++at;
  return at == pattern.size();
}

}  // namespace lapwing::policy

#include "expressions/template.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "expressions/limits.hpp"
#include "text/json.hpp"

namespace lapwing::expressions {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// What stands between '<' and '>' at the front of `text`; empty: no placeholder.
std::string_view name_at(std::string_view text, Dialect dialect) {
  const std::size_t end = text.find('>');
  if (end == std::string_view::npos || end < 2) return {};
  const std::string_view name = text.substr(1, end - 1);
  if (dialect == Dialect::kPipe && name.starts_with('$')) {
    return name.find_first_of("<\"\n") == std::string_view::npos ? name : std::string_view{};
  }
  return std::ranges::all_of(name, is_name_letter) ? name : std::string_view{};
}

// Does a colon follow, behind the end of the string that `text` starts in, where it does?
bool colon_follows(std::string_view text, bool in_string) {
  std::size_t at = 0;
  if (in_string) {
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    ++at;
  }
  at = std::min(at, text.size());
  at = text.find_first_not_of(kBlanks, at);
  return at != std::string_view::npos && text[at] == ':';
}

// The end of one value of JSON that starts at `at`: a string's quote, the matching bracket, or
// white space behind anything else. Whether it is valid is for the parser to say.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c != '"') continue;
      in_string = false;
    } else if (c == '"') {
      in_string = true;
      continue;
    } else if (c == '{' || c == '[') {
      ++depth;
      continue;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
    } else if (depth > 0 || !kBlanks.contains(c)) {
      continue;
    }
    if (depth == 0) return kBlanks.contains(c) ? at : at + 1;
  }
  return text.size();
}

bool is_json_sequence(std::string_view text) {
  if (text::check_json(text)) return true;
  std::size_t at = text.find_first_not_of(kBlanks);
  if (at == std::string_view::npos) return false;
  while (at != std::string_view::npos) {
    const std::size_t end = end_of_value(text, at);
    if (!text::check_json(text.substr(at, end - at))) return false;
    if (end < text.size() && !kBlanks.contains(text[end])) return false;
    at = text.find_first_not_of(kBlanks, end);
  }
  return true;
}

}  // namespace

Template Template::read(std::string_view text, Dialect dialect) {
  Template out;
  out.dialect_ = dialect;
  const std::size_t first = text.find_first_not_of(kBlanks);
  out.is_json_ = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  bool in_string = false;
  std::string literal;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '<') {
      const std::string_view name = name_at(text.substr(at), dialect);
      if (!name.empty()) {
        const std::string_view behind = text.substr(at + name.size() + 2);
        out.placeholders_.push_back({.name = std::string(name),
                                     .quoted = in_string,
                                     .is_key = out.is_json_ && colon_follows(behind, in_string)});
        out.texts_.push_back(std::exchange(literal, {}));
        at += name.size() + 1;
        continue;
      }
    }
    literal += c;
    if (c == '\\' && in_string && at + 1 < text.size()) {
      literal += text[++at];
    } else if (c == '"') {
      in_string = !in_string;
    }
  }
  out.texts_.push_back(std::move(literal));
  return out;
}

const Placeholder* Template::unknown(FunctionRef<bool(std::string_view)> is_known) const {
  for (const Placeholder& placeholder : placeholders_) {
    if (!is_known(placeholder.name)) return &placeholder;
  }
  return nullptr;
}

std::optional<std::string> Template::render(FunctionRef<Value(std::string_view)> value_of) const {
  std::string out = texts_.front();
  for (std::size_t i = 0; i < placeholders_.size(); ++i) {
    Value value = value_of(placeholders_[i].name);
    if (!placeholders_[i].quoted) {
      // Free text of a pipe: a string without quotes.
      const bool bare = dialect_ == Dialect::kPipe && !is_json_ && value.kind != Value::Kind::kJson;
      out += bare ? value.text : value.as_json();
    } else {
      if (value.kind == Value::Kind::kJson && !is_json_) std::erase(value.text, '"');
      out += value.text;
    }
    out += texts_[i + 1];
    if (out.size() > kRenderedBytesMax) return std::nullopt;
  }
  const bool any_text = dialect_ == Dialect::kPipe && !is_json_;
  if (!any_text && !is_json_sequence(out)) return std::nullopt;
  return out;
}

}  // namespace lapwing::expressions

#include "expressions/template.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
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
  const std::size_t end = text.find_first_of("<>\"\n", 1);
  if (end == std::string_view::npos || text[end] != '>') return {};
  const std::string_view name = text.substr(1, end - 1);
  if (dialect == Dialect::kPipe && name.starts_with('$')) return name;
  return std::ranges::all_of(name, is_name_letter) ? name : std::string_view{};
}

bool colon_follows(std::string_view text) {
  const std::size_t at = text.find_first_not_of(kBlanks);
  return at != std::string_view::npos && text[at] == ':';
}

void append_without_quotes(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c != '"') out += c;
  }
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

std::string_view to_string(Unsent why) {
  switch (why) {
    case Unsent::kNoJson:
      return "is not valid JSON";
    case Unsent::kTooLarge:
      return "is larger than 4 MiB";
    case Unsent::kTooMuch:
      return "takes too much looking for: its paths pass too many values of the event";
  }
  return "";
}

Template Template::read(std::string_view text, Dialect dialect) {
  Template out;
  out.dialect_ = dialect;
  const std::size_t first = text.find_first_not_of(kBlanks);
  out.is_json_ = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  bool in_string = false;
  std::size_t of_string = 0;  // the first placeholder that may stand in the string
  std::string literal;
  std::map<std::string_view, std::size_t> numbers;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '<') {
      const std::string_view name = name_at(text.substr(at), dialect);
      if (!name.empty()) {
        const std::string_view behind = text.substr(at + name.size() + 2);
        out.placeholders_.push_back(
            {.name = std::string(name),
             .number = numbers.try_emplace(name, numbers.size()).first->second,
             .quoted = in_string,
             .is_key = out.is_json_ && !in_string && colon_follows(behind)});
        out.texts_.push_back(std::exchange(literal, {}));
        at += name.size() + 1;
        continue;
      }
    }
    literal += c;
    if (c == '\\' && in_string && at + 1 < text.size()) {
      literal += text[++at];
    } else if (c == '"') {
      const bool key = in_string && out.is_json_ && colon_follows(text.substr(at + 1));
      for (std::size_t i = of_string; key && i < out.placeholders_.size(); ++i) {
        out.placeholders_[i].is_key = true;
      }
      of_string = out.placeholders_.size();
      in_string = !in_string;
    }
  }
  out.texts_.push_back(std::move(literal));
  out.names_ = numbers.size();
  return out;
}

const Placeholder* Template::unknown(FunctionRef<bool(std::string_view)> is_known) const {
  for (const Placeholder& placeholder : placeholders_) {
    if (!is_known(placeholder.name)) return &placeholder;
  }
  return nullptr;
}

std::expected<std::string, Unsent> Template::render(
    FunctionRef<Value(std::string_view)> value_of) const {
  std::vector<std::optional<Value>> values(names_);
  std::string out = texts_.front();
  for (std::size_t i = 0; i < placeholders_.size(); ++i) {
    std::optional<Value>& known = values[placeholders_[i].number];
    if (!known) known = value_of(placeholders_[i].name);
    const Value& value = *known;
    if (value.kind == Value::Kind::kTooMuch) return std::unexpected(Unsent::kTooMuch);
    const bool is_json = value.kind == Value::Kind::kJson;
    if (placeholders_[i].quoted) {
      if (is_json && !is_json_) {
        append_without_quotes(out, value.text);
      } else {
        out += value.text;
      }
    } else if (is_json || (dialect_ == Dialect::kPipe && !is_json_)) {
      // Free text of a pipe: a string without quotes.
      out += value.text;
    } else {
      out += value.as_json();
    }
    out += texts_[i + 1];
    if (out.size() > kRenderedBytesMax) return std::unexpected(Unsent::kTooLarge);
  }
  const bool any_text = dialect_ == Dialect::kPipe && !is_json_;
  if (!any_text && !is_json_sequence(out)) return std::unexpected(Unsent::kNoJson);
  return out;
}

}  // namespace lapwing::expressions

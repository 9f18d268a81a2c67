#include "server/config_value.hpp"

#include <charconv>

#include <fmt/core.h>

namespace lapwing::server::config {
namespace {

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  return false;
}

Status set_text(std::string_view name, std::string& to, const SettingFacts& facts,
                std::string_view value) {
  if (!facts.choices.empty() && !is_choice(facts.choices, value)) {
    return fail(invalid(fmt::format("{} = {}: must be one of {}", name, value, facts.choices)));
  }
  to = value;
  return {};
}

Status set_number(std::string_view name, std::int64_t& to, const SettingFacts& facts,
                  std::int64_t value) {
  if (value < facts.low || value > facts.high) {
    return fail(invalid(
        fmt::format("{} = {}: must be between {} and {}", name, value, facts.low, facts.high)));
  }
  to = value;
  return {};
}

Status wrong_type(std::string_view name, std::string_view wanted) {
  return fail(invalid(fmt::format("{}: must be {}", name, wanted)));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

// "[" and then a quote or "]". An IPv6 address in brackets is plain text.
bool looks_like_toml_list(std::string_view text) {
  if (!text.starts_with('[')) return false;
  const std::string_view inner = trim(text.substr(1));
  return inner.empty() || is_quote(inner.front()) || inner.front() == ']';
}

// Quotes and brackets that belong to no address would be taken into the value, and then nothing
// is found under it.
bool is_plain_item(std::string_view item) {
  if (item.empty() || item.find_first_of("\"'") != std::string_view::npos) return false;
  const auto open = item.find('[');
  const auto close = item.find(']');
  if (open == std::string_view::npos && close == std::string_view::npos) return true;
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return false;
  }
  const std::string_view address = item.substr(open + 1, close - open - 1);
  return address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos &&
         address.find(':') != std::string_view::npos &&
         item.find_first_of("[]", close + 1) == std::string_view::npos;
}

}  // namespace

void TomlSetter::flag(std::string_view name, bool& value, const SettingFacts&) {
  if (!is_it(name)) return;
  const auto given = node_.value_exact<bool>();
  if (!given) return done(wrong_type(name, "true or false"));
  value = *given;
}

void TomlSetter::number(std::string_view name, std::int64_t& value, const SettingFacts& facts) {
  if (!is_it(name)) return;
  const auto given = node_.value_exact<std::int64_t>();
  done(given ? set_number(name, value, facts, *given) : wrong_type(name, "a whole number"));
}

void TomlSetter::text(std::string_view name, std::string& value, const SettingFacts& facts) {
  if (!is_it(name)) return;
  const auto given = node_.value_exact<std::string>();
  done(given ? set_text(name, value, facts, *given) : wrong_type(name, "a string"));
}

void TomlSetter::list(std::string_view name, std::vector<std::string>& value, const SettingFacts&) {
  if (!is_it(name)) return;
  const toml::array* array = node_.as_array();
  if (array == nullptr) return done(wrong_type(name, "a list of strings"));
  std::vector<std::string> items;
  for (const toml::node& item : *array) {
    const auto given = item.value_exact<std::string>();
    if (!given) return done(wrong_type(name, "a list of strings"));
    items.push_back(*given);
  }
  value = std::move(items);
}

// ---- as --set gives it: plain, or as `lapwing config` prints it and a file holds it

template <class T>
Status TextSetter::from_toml(T& value, const SettingFacts& facts,
                             void (TomlSetter::*set)(std::string_view, T&,
                                                     const SettingFacts&)) const {
  try {
    const toml::table parsed = toml::parse(fmt::format("value = {}\n", given_));
    // One value, and nothing smuggled in behind a line's end.
    if (parsed.size() == 1) {
      TomlSetter setter(name_, *parsed.get("value"));
      (setter.*set)(name_, value, facts);
      return setter.status();
    }
  } catch (const toml::parse_error&) {  // said below
  }
  return fail(invalid(fmt::format("{} = {}: is not as TOML has it", name_, given_)));
}

namespace {

Result<std::vector<std::string>> plain_items(std::string_view name, std::string_view value) {
  std::vector<std::string> items;
  for (std::string_view left = trim(value); !left.empty();) {
    const auto comma = left.find(',');
    const std::string_view item = trim(left.substr(0, comma));
    if (!is_plain_item(item)) {
      return fail(invalid(fmt::format("{} = {}: write A,B or [\"A\", \"B\"]", name, value)));
    }
    items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    left = left.substr(comma + 1);
    if (trim(left).empty()) {
      return fail(invalid(fmt::format("{} = {}: ends in a comma", name, value)));
    }
  }
  return items;
}

}  // namespace

void TextSetter::text(std::string_view name, std::string& value, const SettingFacts& facts) {
  if (!is_it(name)) return;
  const bool quoted = !given_.empty() && is_quote(given_.front());
  done(quoted ? from_toml(value, facts, &TomlSetter::text) : set_text(name, value, facts, given_));
}

void TextSetter::list(std::string_view name, std::vector<std::string>& value,
                      const SettingFacts& facts) {
  if (!is_it(name)) return;
  if (looks_like_toml_list(trim(given_))) return done(from_toml(value, facts, &TomlSetter::list));
  auto items = plain_items(name, given_);
  if (!items) return done(fail(std::move(items).error()));
  value = *std::move(items);
}

void TextSetter::flag(std::string_view name, bool& value, const SettingFacts&) {
  if (!is_it(name)) return;
  if (given_ != "true" && given_ != "false") {
    return done(fail(invalid(fmt::format("{} = {}: must be true or false", name, given_))));
  }
  value = given_ == "true";
}

void TextSetter::number(std::string_view name, std::int64_t& value, const SettingFacts& facts) {
  if (!is_it(name)) return;
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(given_.data(), given_.data() + given_.size(), number);
  if (ec != std::errc() || end != given_.data() + given_.size()) {
    return done(fail(invalid(fmt::format("{} = {}: must be a whole number", name, given_))));
  }
  done(set_number(name, value, facts, number));
}

// ---- printed

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string one_of(std::string_view choices) {
  if (choices.empty()) return {};
  std::string out = "one of: ";
  for (const char c : choices) out += c == '|' ? std::string(", ") : std::string(1, c);
  return out;
}

}  // namespace

void Lister::add(std::string_view name, const SettingFacts& facts, std::string allowed,
                 std::string printed) {
  const auto here = facts.stands_for != nullptr ? facts.stands_for(machine_) : std::nullopt;
  keys_.push_back({name, facts.help, facts.unit, facts.example, std::move(allowed),
                   std::move(printed), here ? fmt::format("{}", *here) : std::string()});
}

void Lister::flag(std::string_view name, bool& value, const SettingFacts& facts) {
  add(name, facts, {}, value ? "true" : "false");
}

void Lister::number(std::string_view name, std::int64_t& value, const SettingFacts& facts) {
  add(name, facts, fmt::format("{} to {}", facts.low, facts.high), fmt::format("{}", value));
}

void Lister::text(std::string_view name, std::string& value, const SettingFacts& facts) {
  add(name, facts, one_of(facts.choices), quoted(value));
}

void Lister::list(std::string_view name, std::vector<std::string>& value,
                  const SettingFacts& facts) {
  std::string out = "[";
  for (const std::string& item : value) {
    if (out.size() > 1) out += ", ";
    out += quoted(item);
  }
  add(name, facts, {}, out + "]");
}

}  // namespace lapwing::server::config

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

Status set_string(Config& config, const Key& key, std::string_view value) {
  if (!key.choices.empty() && !is_choice(key.choices, value)) {
    return fail(invalid(fmt::format("{} = {}: must be one of {}", key.name, value, key.choices)));
  }
  config.*std::get<std::string Config::*>(key.member) = value;
  return {};
}

Status set_integer(Config& config, const Key& key, std::int64_t value) {
  if (value < key.bounds.low || value > key.bounds.high) {
    return fail(invalid(fmt::format("{} = {}: must be between {} and {}", key.name, value,
                                    key.bounds.low, key.bounds.high)));
  }
  config.*std::get<std::int64_t Config::*>(key.member) = value;
  return {};
}

Status wrong_type(const Key& key, std::string_view wanted) {
  return fail(invalid(fmt::format("{}: must be {}", key.name, wanted)));
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

Status set_from_toml(Config& config, const Key& key, const toml::node& node) {
  if (std::holds_alternative<std::string Config::*>(key.member)) {
    const auto value = node.value_exact<std::string>();
    return value ? set_string(config, key, *value) : wrong_type(key, "a string");
  }
  if (const auto* flag = std::get_if<bool Config::*>(&key.member)) {
    const auto value = node.value_exact<bool>();
    if (!value) return wrong_type(key, "true or false");
    config.** flag = *value;
    return {};
  }
  if (const auto* list = std::get_if<std::vector<std::string> Config::*>(&key.member)) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return wrong_type(key, "a list of strings");
    std::vector<std::string> items;
    for (const toml::node& item : *array) {
      const auto value = item.value_exact<std::string>();
      if (!value) return wrong_type(key, "a list of strings");
      items.push_back(*value);
    }
    config.** list = std::move(items);
    return {};
  }
  const auto value = node.value_exact<std::int64_t>();
  return value ? set_integer(config, key, *value) : wrong_type(key, "a whole number");
}

namespace {

// ---- as --set gives it: plain, or as `lapwing config` prints it and a file holds it

Status set_from_toml_text(Config& config, const Key& key, std::string_view value) {
  try {
    const toml::table parsed = toml::parse(fmt::format("value = {}\n", value));
    // One value, and nothing smuggled in behind a line's end.
    if (parsed.size() == 1) return set_from_toml(config, key, *parsed.get("value"));
  } catch (const toml::parse_error&) {  // said below
  }
  return fail(invalid(fmt::format("{} = {}: is not as TOML has it", key.name, value)));
}

Status set_list(Config& config, const Key& key, std::string_view value) {
  std::vector<std::string> items;
  for (std::string_view left = trim(value); !left.empty();) {
    const auto comma = left.find(',');
    const std::string_view item = trim(left.substr(0, comma));
    if (!is_plain_item(item)) {
      return fail(invalid(fmt::format("{} = {}: write A,B or [\"A\", \"B\"]", key.name, value)));
    }
    items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    left = left.substr(comma + 1);
    if (trim(left).empty()) {
      return fail(invalid(fmt::format("{} = {}: ends in a comma", key.name, value)));
    }
  }
  config.*std::get<std::vector<std::string> Config::*>(key.member) = std::move(items);
  return {};
}

}  // namespace

Status set_from_text(Config& config, const Key& key, std::string_view value) {
  if (std::holds_alternative<std::string Config::*>(key.member)) {
    const bool quoted = !value.empty() && is_quote(value.front());
    return quoted ? set_from_toml_text(config, key, value) : set_string(config, key, value);
  }
  if (std::holds_alternative<std::vector<std::string> Config::*>(key.member)) {
    return looks_like_toml_list(trim(value)) ? set_from_toml_text(config, key, value)
                                             : set_list(config, key, value);
  }
  if (const auto* flag = std::get_if<bool Config::*>(&key.member)) {
    if (value != "true" && value != "false") {
      return fail(invalid(fmt::format("{} = {}: must be true or false", key.name, value)));
    }
    config.** flag = value == "true";
    return {};
  }
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (ec != std::errc() || end != value.data() + value.size()) {
    return fail(invalid(fmt::format("{} = {}: must be a whole number", key.name, value)));
  }
  return set_integer(config, key, number);
}

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string allowed(const Key& key) {
  if (!key.choices.empty()) {
    std::string out = "one of: ";
    for (const char c : key.choices) out += c == '|' ? std::string(", ") : std::string(1, c);
    return out;
  }
  if (!std::holds_alternative<std::int64_t Config::*>(key.member)) return {};
  return fmt::format("{} to {}", key.bounds.low, key.bounds.high);
}

// As a file holds it and --set takes it.
std::string printed(const Config& config, const Key& key) {
  if (const auto* text = std::get_if<std::string Config::*>(&key.member)) {
    return quoted(config.**text);
  }
  if (const auto* flag = std::get_if<bool Config::*>(&key.member)) {
    return config.**flag ? "true" : "false";
  }
  if (const auto* number = std::get_if<std::int64_t Config::*>(&key.member)) {
    return fmt::format("{}", config.**number);
  }
  std::string out = "[";
  for (const std::string& item : config.*std::get<std::vector<std::string> Config::*>(key.member)) {
    if (out.size() > 1) out += ", ";
    out += quoted(item);
  }
  return out + "]";
}

}  // namespace lapwing::server::config

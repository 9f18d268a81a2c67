#include "runtime/log/log_level.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <utility>

#include "text/json.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::pair<std::string_view, ApplicationLevel> kNames[] = {
    {"trace", ApplicationLevel::kTrace},  {"debug", ApplicationLevel::kDebug},
    {"info", ApplicationLevel::kInfo},    {"warn", ApplicationLevel::kWarn},
    {"warning", ApplicationLevel::kWarn}, {"error", ApplicationLevel::kError},
    {"fatal", ApplicationLevel::kFatal},  {"critical", ApplicationLevel::kFatal}};

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(
      text, lower, [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  const std::size_t next = text.find_first_not_of(" \t\r\n", at);
  return next == std::string_view::npos ? text.size() : next;
}

// Behind the string that begins at `at`; its content goes into `content`, as written.
std::size_t skip_string(std::string_view text, std::size_t at, std::string_view& content) {
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  content = text.substr(at + 1, end - at - 1);
  return std::min(end + 1, text.size());
}

}  // namespace

std::optional<ApplicationLevel> parse_application_level(std::string_view text) {
  for (const auto& [name, level] : kNames) {
    if (equal_ignoring_case(text, name)) return level;
  }
  return std::nullopt;
}

ApplicationLevel level_of_line(std::string_view line) {
  ApplicationLevel level = ApplicationLevel::kInfo;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    if (c != '"') {
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && depth > 0) --depth;
      ++at;
      continue;
    }
    std::string_view text;
    at = skip_space(line, skip_string(line, at, text));
    // In an object every other string is a name, and only a name is followed by a colon.
    if (depth != 1 || text != "level" || at >= line.size() || line[at] != ':') continue;
    at = skip_space(line, at + 1);
    level = ApplicationLevel::kInfo;
    if (at < line.size() && line[at] == '"') {
      at = skip_string(line, at, text);
      level = parse_application_level(text).value_or(ApplicationLevel::kInfo);
    }
  }
  return level;
}

bool passes(std::string_view line, ApplicationLevel least) {
  line.remove_prefix(skip_space(line, 0));
  if (!line.starts_with('{')) return true;
  if (level_of_line(line) >= least) return true;
  // Looked at closely only when it is to go: half an object is text.
  return !text::check_json(line).has_value();
}

}  // namespace lapwing::runtime

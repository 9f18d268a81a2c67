#include "services/logs/filter/pattern.hpp"

#include <utility>

#include "services/logs/errors.hpp"
#include "services/logs/filter/scanner.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {

Result<FilterPattern> FilterPattern::parse(std::string_view pattern) {
  if (pattern.size() > kFilterPatternBytesMax) return fail(invalid_filter_pattern());
  while (!pattern.empty() && is_space_char(pattern.front())) pattern.remove_prefix(1);
  while (!pattern.empty() && is_space_char(pattern.back())) pattern.remove_suffix(1);
  FilterPattern result;
  if (pattern.empty()) return result;
  if (pattern.front() == '{') {
    if (pattern.back() != '}' || pattern.size() < 2)
      return fail(invalid_parameter("If a filter pattern starts with '{' it must end with '}'"));
    LAPWING_TRY(result.matcher_, parse_json_pattern(pattern));
  } else if (pattern.front() == '[') {
    if (pattern.back() != ']' || pattern.size() < 2)
      return fail(invalid_parameter("If a filter pattern starts with '[' it must end with ']'"));
    LAPWING_TRY(result.matcher_, parse_space_pattern(pattern));
  } else {
    LAPWING_TRY(result.matcher_, parse_text_pattern(pattern));
  }
  return result;
}

}  // namespace lapwing::logs

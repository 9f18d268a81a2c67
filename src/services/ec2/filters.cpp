#include "services/ec2/filters.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "services/ec2/limits.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {

// Goes back to the last '*' alone: as many steps as the two are long, multiplied.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      after_star = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t at = escaped ? p + 1 : p;
    const bool any = p < pattern.size() && !escaped && pattern[p] == '?';
    if (at < pattern.size() && (any || pattern[at] == text[t])) {
      p = at + 1;
      ++t;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star;
    t = ++after_star;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Status check_filters(const Filters& filters, std::initializer_list<std::string_view> names) {
  if (!filters) return {};
  if (filters->size() > kFiltersMax) {
    return fail(failure(ErrorKind::kTooLarge, "FilterLimitExceeded",
                        fmt::format("The maximum number of filters is {}.", kFiltersMax)));
  }
  std::size_t values = 0;
  for (const gen::ec2::Filter& filter : *filters) {
    if (!filter.name || filter.name->empty()) return fail(missing("Filter.Name"));
    const std::string& name = *filter.name;
    const bool known = name == "tag-key" || name == "tag-value" || name.starts_with("tag:") ||
                       std::ranges::find(names, name) != names.end();
    if (!known) return fail(invalid_value(fmt::format("The filter '{}' is invalid", name)));
    if (!filter.values || filter.values->empty()) {
      return fail(invalid_value(fmt::format("The filter '{}' needs a value", name)));
    }
    values += filter.values->size();
    if (values > kFilterValuesMax) {
      return fail(
          failure(ErrorKind::kTooLarge, "FilterLimitExceeded",
                  fmt::format("The maximum number of filter values is {}.", kFilterValuesMax)));
    }
  }
  return {};
}

void Facts::add_tags(const resources::Tags& tags) {
  for (const auto& [key, value] : tags) {
    add("tag-key", key);
    add("tag-value", value);
    add("tag:" + key, value);
  }
}

bool Facts::fit(const Filters& filters) const {
  if (!filters) return true;
  return std::ranges::all_of(*filters, [&](const gen::ec2::Filter& filter) {
    const auto [first, last] = facts_.equal_range(*filter.name);
    return std::any_of(first, last, [&](const auto& fact) {
      return std::ranges::any_of(
          *filter.values, [&](const std::string& value) { return fits(value, fact.second); });
    });
  });
}

}  // namespace lapwing::ec2

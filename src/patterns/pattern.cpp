#include "patterns/pattern.hpp"

#include <algorithm>
#include <string>

#include "patterns/fold.hpp"

namespace lapwing::patterns {
namespace {

bool holds_of_string(const Test& test, std::string_view text) {
  switch (test.kind) {
    case TestKind::kString:
      return text == test.text;
    case TestKind::kPrefix:
      return text.starts_with(test.text);
    case TestKind::kSuffix:
      return text.ends_with(test.text);
    case TestKind::kIgnoreCase:
      return folded(text) == test.text;
    case TestKind::kPrefixIgnoreCase:
      return folded(text).starts_with(test.text);
    case TestKind::kSuffixIgnoreCase:
      return folded(text).ends_with(test.text);
    case TestKind::kWildcard:
      return test.glob.matches(text);
    case TestKind::kAddress: {
      const auto address = parse_address(text);
      return address && test.addresses.first <= *address && *address <= test.addresses.last;
    }
    default:
      return false;
  }
}

}  // namespace

bool holds(const Test& test, const Value& value) {
  switch (test.kind) {
    case TestKind::kLiteral:
      return value.kind == test.literal;
    case TestKind::kExists:
      return true;
    case TestKind::kAbsent:
      return false;
    case TestKind::kAnythingBut:
      return std::none_of(test.none_of.begin(), test.none_of.end(),
                          [&](const Test& inner) { return holds(inner, value); });
    case TestKind::kNumber:
      if (value.kind != ValueKind::kNumber) return false;
      return test.low != 0 ? value.number == test.low : value.text == test.text;
    case TestKind::kRange:
      return value.kind == ValueKind::kNumber && value.number != 0 && test.low <= value.number &&
             value.number <= test.high;
    default:
      return value.kind == ValueKind::kString && holds_of_string(test, value.text);
  }
}

std::size_t Pattern::weight() const {
  std::size_t out = 0;
  for (const auto& alternative : alternatives) {
    for (const std::uint32_t condition : alternative) out += conditions[condition].tests.size();
  }
  return out;
}

}  // namespace lapwing::patterns

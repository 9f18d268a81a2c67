#include "services/logs/filter/selector.hpp"

#include <charconv>
#include <utility>

#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

bool is_name_char(char c) {
  // Beyond AWS's letters, digits, - and _: what common field names carry ("@timestamp").
  return is_word_char(c) || c == '-' || c == '@' || c == '/';
}

// AWS names the selector's head too: "Invalid character(s) in term '$."'".
Error bad_name(std::string_view rest) {
  if (is_space_char(rest.front())) return invalid_filter_pattern();
  return invalid_parameter("Invalid character(s) in term '$." + std::string(1, rest.front()) + "'");
}

}  // namespace

Result<JsonSelector> JsonSelector::parse(Scanner& in, std::size_t& all_wildcards) {
  JsonSelector out;
  std::size_t wildcards = 0;
  const std::string_view from = in.rest();
  if (!in.take("$")) return fail(invalid_filter_pattern());
  while (true) {
    const bool dot = in.take(".");
    if (in.peek() == '[') {
      LAPWING_TRY(Step step, parse_bracket(in));
      out.steps_.push_back(std::move(step));
    } else if (dot && in.take("*")) {
      out.steps_.push_back({Step::Kind::kAny});
    } else if (dot) {
      LAPWING_TRY(Step step, parse_name(in));
      out.steps_.push_back(std::move(step));
    } else {
      break;
    }
    if (out.steps_.back().kind == Step::Kind::kAny &&
        (++wildcards > kSelectorWildcardsMax || ++all_wildcards > kPatternWildcardsMax))
      return fail(invalid_filter_pattern());
  }
  if (out.steps_.empty()) return fail(invalid_filter_pattern());
  out.source_ = from.substr(0, from.size() - in.rest().size());
  return out;
}

Result<JsonSelector> JsonSelector::parse(std::string_view text) {
  Scanner in(text);
  std::size_t wildcards = 0;
  LAPWING_TRY(JsonSelector out, parse(in, wildcards));
  if (!in.done()) return fail(invalid_filter_pattern());
  return out;
}

std::optional<std::string> JsonSelector::text_at(const text::JsonValue& root) const {
  std::optional<std::string> out;
  any(root, [&](const text::JsonValue& value) {
    if (value.is_string()) out = std::string(value.as_string());
    if (value.is_number()) out = std::string(value.number_text());
    if (value.is_bool()) out = value.as_bool() ? "true" : "false";
    return out.has_value();
  });
  return out;
}

Result<JsonSelector::Step> JsonSelector::parse_name(Scanner& in) {
  const std::string_view rest = in.rest();
  std::size_t length = 0;
  while (length < rest.size() && is_name_char(rest[length])) ++length;
  if (length == 0) return fail(rest.empty() ? invalid_filter_pattern() : bad_name(rest));
  in.advance(length);
  return Step{Step::Kind::kName, std::string(rest.substr(0, length))};
}

// [0], [*], ['a.name'] or ["a.name"]
Result<JsonSelector::Step> JsonSelector::parse_bracket(Scanner& in) {
  in.advance();
  Step step;
  if (in.take("*")) {
    step.kind = Step::Kind::kAny;
  } else if (in.peek() == '\'' || in.peek() == '"') {
    const char quote = in.peek();
    const std::string_view rest = in.rest();
    const std::size_t end = rest.find(quote, 1);
    if (end == std::string_view::npos || end == 1) return fail(invalid_filter_pattern());
    step.kind = Step::Kind::kName;
    step.name = rest.substr(1, end - 1);
    in.advance(end + 1);
  } else {
    step.kind = Step::Kind::kIndex;
    const std::string_view rest = in.rest();
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), step.index);
    if (error != std::errc()) return fail(invalid_filter_pattern());
    in.advance(static_cast<std::size_t>(end - rest.data()));
  }
  if (!in.take("]")) return fail(invalid_filter_pattern());
  return step;
}

}  // namespace lapwing::logs

// JSON patterns. A selector that leads to nothing, to an array or to an object makes every
// comparison false, != included: the manual says the pattern then does not fit the event.
// With a wildcard a comparison is true if it is for any element.
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "services/logs/errors.hpp"
#include "services/logs/filter/bool_expr.hpp"
#include "services/logs/filter/condition.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/limits.hpp"
#include "text/json.hpp"

namespace lapwing::logs {
namespace {

struct Step {
  enum class Kind { kName, kIndex, kAny };
  Kind kind = Kind::kAny;
  std::string name = {};
  std::size_t index = 0;
};

struct Leaf {
  enum class Test { kCondition, kNull, kTrue, kFalse, kNotExists };
  std::vector<Step> selector;
  Test test = Test::kCondition;
  Condition condition = {};
};

// Calls `test` on every value the selector leads to until one answers true.
template <class Test>
bool any_at(const text::JsonValue& value, const std::vector<Step>& selector, std::size_t step,
            const Test& test) {
  if (step == selector.size()) return test(value);
  const Step& next = selector[step];
  switch (next.kind) {
    case Step::Kind::kName: {
      const text::JsonValue* member = value.is_object() ? value.find(next.name) : nullptr;
      return member != nullptr && any_at(*member, selector, step + 1, test);
    }
    case Step::Kind::kIndex: {
      const auto items = value.items();
      return value.is_array() && next.index < items.size() &&
             any_at(items[next.index], selector, step + 1, test);
    }
    case Step::Kind::kAny:
      break;
  }
  if (value.is_array()) {
    for (const text::JsonValue& item : value.items()) {
      if (any_at(item, selector, step + 1, test)) return true;
    }
  } else if (value.is_object()) {
    for (const text::JsonMember& member : value.members()) {
      if (any_at(member.value, selector, step + 1, test)) return true;
    }
  }
  return false;
}

bool compare(const text::JsonValue& value, const Condition& condition) {
  switch (value.kind()) {
    case text::JsonKind::kString:
      return condition.holds(value.as_string(), std::nullopt);
    case text::JsonKind::kNumber:
      return condition.holds(value.number_text(), value.as_double());
    case text::JsonKind::kBool:
      return condition.holds(value.as_bool() ? "true" : "false", std::nullopt);
    case text::JsonKind::kNull:
    case text::JsonKind::kArray:
    case text::JsonKind::kObject:
      return false;
  }
  return false;
}

class JsonPattern final : public PatternMatcher {
 public:
  std::vector<Leaf> leaves;
  BoolExpr expr;

  bool matches(std::string_view message) const override {
    const std::size_t first = message.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || (message[first] != '{' && message[first] != '['))
      return false;
    const auto document = text::parse_json(message);
    if (!document) return false;
    return expr.evaluate([&](std::size_t leaf) { return holds(leaves[leaf], document->root()); });
  }

 private:
  static bool holds(const Leaf& leaf, const text::JsonValue& root) {
    const auto any = [&](const auto& test) { return any_at(root, leaf.selector, 0, test); };
    switch (leaf.test) {
      case Leaf::Test::kCondition:
        return any([&](const text::JsonValue& value) { return compare(value, leaf.condition); });
      case Leaf::Test::kNull:
        return any([](const text::JsonValue& value) { return value.is_null(); });
      case Leaf::Test::kTrue:
        return any([](const text::JsonValue& v) { return v.is_bool() && v.as_bool(); });
      case Leaf::Test::kFalse:
        return any([](const text::JsonValue& v) { return v.is_bool() && !v.as_bool(); });
      case Leaf::Test::kNotExists:
        return !any([](const text::JsonValue&) { return true; });
    }
    return false;
  }
};

bool is_name_char(char c) {
  // Beyond AWS's letters, digits, - and _: what common field names carry ("@timestamp").
  return is_word_char(c) || c == '-' || c == '@' || c == '/';
}

class Parser {
 public:
  explicit Parser(std::string_view body) : in_(body) {}

  Result<MatcherPtr> run() {
    auto result = std::make_shared<JsonPattern>();
    const auto leaf = [&]() -> Result<std::size_t> {
      LAPWING_TRY(Leaf one, parse_leaf());
      result->leaves.push_back(std::move(one));
      return result->leaves.size() - 1;
    };
    LAPWING_TRY(result->expr, BoolExpr::parse(in_, leaf));
    in_.skip_space();
    if (!in_.done()) return fail(invalid_filter_pattern());
    return result;
  }

 private:
  Result<Leaf> parse_leaf() {
    Leaf leaf;
    LAPWING_TRY(leaf.selector, parse_selector());
    in_.skip_space();
    if (in_.take_word("IS")) {
      in_.skip_space();
      if (in_.take_word("NULL")) {
        leaf.test = Leaf::Test::kNull;
      } else if (in_.take_word("TRUE")) {
        leaf.test = Leaf::Test::kTrue;
      } else if (in_.take_word("FALSE")) {
        leaf.test = Leaf::Test::kFalse;
      } else {
        return fail(invalid_filter_pattern());
      }
      return leaf;
    }
    if (in_.take_word("NOT")) {
      in_.skip_space();
      if (!in_.take_word("EXISTS")) return fail(invalid_filter_pattern());
      leaf.test = Leaf::Test::kNotExists;
      return leaf;
    }
    LAPWING_TRY(leaf.condition, Condition::parse(in_, ")}", regexes_));
    return leaf;
  }

  Result<std::vector<Step>> parse_selector() {
    std::vector<Step> steps;
    std::size_t wildcards = 0;
    if (!in_.take("$")) return fail(invalid_filter_pattern());
    while (true) {
      const bool dot = in_.take(".");
      if (in_.peek() == '[') {
        LAPWING_TRY(Step step, parse_bracket());
        steps.push_back(std::move(step));
      } else if (dot && in_.take("*")) {
        steps.push_back({Step::Kind::kAny});
      } else if (dot) {
        LAPWING_TRY(Step step, parse_name());
        steps.push_back(std::move(step));
      } else {
        break;
      }
      if (steps.back().kind == Step::Kind::kAny &&
          (++wildcards > kSelectorWildcardsMax || ++wildcards_ > kPatternWildcardsMax))
        return fail(invalid_filter_pattern());
    }
    if (steps.empty()) return fail(invalid_filter_pattern());
    return steps;
  }

  Result<Step> parse_name() {
    const std::string_view rest = in_.rest();
    std::size_t length = 0;
    while (length < rest.size() && is_name_char(rest[length])) ++length;
    if (length == 0) return fail(rest.empty() ? invalid_filter_pattern() : bad_name(rest));
    in_.advance(length);
    return Step{Step::Kind::kName, std::string(rest.substr(0, length))};
  }
  // AWS names the selector's head too: "Invalid character(s) in term '$."'".
  static Error bad_name(std::string_view rest) {
    if (is_space_char(rest.front())) return invalid_filter_pattern();
    return invalid_parameter("Invalid character(s) in term '$." + std::string(1, rest.front()) +
                             "'");
  }

  // [0], [*], ['a.name'] or ["a.name"]
  Result<Step> parse_bracket() {
    in_.advance();
    Step step;
    if (in_.take("*")) {
      step.kind = Step::Kind::kAny;
    } else if (in_.peek() == '\'' || in_.peek() == '"') {
      const char quote = in_.peek();
      const std::string_view rest = in_.rest();
      const std::size_t end = rest.find(quote, 1);
      if (end == std::string_view::npos || end == 1) return fail(invalid_filter_pattern());
      step.kind = Step::Kind::kName;
      step.name = rest.substr(1, end - 1);
      in_.advance(end + 1);
    } else {
      step.kind = Step::Kind::kIndex;
      const std::string_view rest = in_.rest();
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), step.index);
      if (error != std::errc()) return fail(invalid_filter_pattern());
      in_.advance(static_cast<std::size_t>(end - rest.data()));
    }
    if (!in_.take("]")) return fail(invalid_filter_pattern());
    return step;
  }

  Scanner in_;
  std::size_t regexes_ = 0;
  std::size_t wildcards_ = 0;
};

}  // namespace

Result<MatcherPtr> parse_json_pattern(std::string_view pattern) {
  return Parser(pattern.substr(1, pattern.size() - 2)).run();
}

}  // namespace lapwing::logs

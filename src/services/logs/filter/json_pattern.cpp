// JSON patterns. A selector that leads to nothing, to an array or to an object makes every
// comparison false, != included: the manual says the pattern then does not fit the event.
// With a wildcard a comparison is true if it is for any element.
#include <string>
#include <utility>
#include <vector>

#include "services/logs/errors.hpp"
#include "services/logs/filter/bool_expr.hpp"
#include "services/logs/filter/condition.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/filter/selector.hpp"
#include "text/json.hpp"

namespace lapwing::logs {
namespace {

struct Leaf {
  enum class Test { kCondition, kNull, kTrue, kFalse, kNotExists };
  JsonSelector selector;
  Test test = Test::kCondition;
  Condition condition = {};
};

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

  Extracted extract(std::string_view message) const override {
    Extracted out;
    const auto document = text::parse_json(message);
    if (!document) return out;
    for (const Leaf& leaf : leaves) {
      if (auto value = leaf.selector.text_at(document->root())) {
        out.insert_or_assign(leaf.selector.source(), *std::move(value));
      }
    }
    return out;
  }

 private:
  static bool holds(const Leaf& leaf, const text::JsonValue& root) {
    const auto any = [&](const auto& test) { return leaf.selector.any(root, test); };
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
    LAPWING_TRY(leaf.selector, JsonSelector::parse(in_, wildcards_));
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

  Scanner in_;
  std::size_t regexes_ = 0;
  std::size_t wildcards_ = 0;
};

}  // namespace

Result<MatcherPtr> parse_json_pattern(std::string_view pattern) {
  return Parser(pattern.substr(1, pattern.size() - 2)).run();
}

}  // namespace lapwing::logs

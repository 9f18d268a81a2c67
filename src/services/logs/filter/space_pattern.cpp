// Space-delimited patterns. A message is cut at white space, what stands in [] or "" being
// one field. Without an ellipsis the last named field takes the rest of the line, which is
// why AWS's manual wants a blank indicator behind the last condition: [w1=ERROR, w2].
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/logs/errors.hpp"
#include "services/logs/filter/bool_expr.hpp"
#include "services/logs/filter/condition.hpp"
#include "services/logs/filter/pattern.hpp"

namespace lapwing::logs {
namespace {

struct Field {
  std::string name = {};  // or empty
  std::vector<Condition> conditions;
  std::optional<BoolExpr> expr;

  bool accepts(std::string_view text) const {
    if (!expr) return true;
    const auto number = parse_number(text);
    return expr->evaluate([&](std::size_t leaf) { return conditions[leaf].holds(text, number); });
  }
};

class Cutter {
 public:
  explicit Cutter(std::string_view message) : rest_(message) { trim(); }
  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  std::string_view next() {
    if (rest_.front() == '[' || rest_.front() == '"') {
      const char close = rest_.front() == '[' ? ']' : '"';
      const std::size_t end = rest_.find(close, 1);
      if (end != std::string_view::npos) return take(1, end, end + 1);
    }
    std::size_t end = 0;
    while (end < rest_.size() && !is_space_char(rest_[end])) ++end;
    return take(0, end, end);
  }

 private:
  std::string_view take(std::size_t from, std::size_t to, std::size_t cut) {
    const std::string_view field = rest_.substr(from, to - from);
    rest_.remove_prefix(cut);
    trim();
    return field;
  }
  void trim() {
    while (!rest_.empty() && is_space_char(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

class SpacePattern final : public PatternMatcher {
 public:
  std::vector<Field> front;
  std::vector<Field> back;  // behind the ellipsis
  bool ellipsis = false;

  bool matches(std::string_view message) const override {
    const auto fields = cut(message);
    if (!fields) return false;
    for (std::size_t i = 0; i < front.size(); ++i) {
      if (!front[i].accepts((*fields)[i])) return false;
    }
    const std::size_t offset = fields->size() - back.size();
    for (std::size_t i = 0; i < back.size(); ++i) {
      if (!back[i].accepts((*fields)[offset + i])) return false;
    }
    return true;
  }

  Extracted extract(std::string_view message) const override {
    Extracted out;
    const auto fields = cut(message);
    if (!fields) return out;
    const std::size_t offset = fields->size() - back.size();
    for (std::size_t i = 0; i < fields->size(); ++i) {
      std::string_view name;
      if (i < front.size()) name = front[i].name;
      if (i >= offset) name = back[i - offset].name;
      out.insert_or_assign("$" + (name.empty() ? std::to_string(i + 1) : std::string(name)),
                           std::string((*fields)[i]));
    }
    return out;
  }
  bool is_delimited() const override { return true; }

 private:
  // None where there are not enough.
  std::optional<std::vector<std::string_view>> cut(std::string_view message) const {
    Cutter cutter(message);
    std::vector<std::string_view> fields;
    const std::size_t whole = ellipsis ? SIZE_MAX : front.size() - 1;
    while (!cutter.done() && fields.size() < whole) fields.push_back(cutter.next());
    if (!ellipsis) {
      if (cutter.done()) return std::nullopt;
      fields.push_back(last_field(cutter));
    }
    if (fields.size() < front.size() + back.size()) return std::nullopt;
    return fields;
  }

  // The rest of the line; a single bracketed or quoted field still loses its marks.
  static std::string_view last_field(const Cutter& cutter) {
    Cutter probe = cutter;
    const std::string_view only = probe.next();
    if (probe.done()) return only;
    std::string_view rest = cutter.rest();
    while (!rest.empty() && is_space_char(rest.back())) rest.remove_suffix(1);
    return rest;
  }
};

std::string_view take_name(Scanner& in) {
  const std::string_view rest = in.rest();
  std::size_t length = 0;
  while (length < rest.size() && (is_word_char(rest[length]) || rest[length] == '-' ||
                                  rest[length] == '.' || rest[length] == '$'))
    ++length;
  in.advance(length);
  return rest.substr(0, length);
}

bool at_field_end(const Scanner& in) { return in.done() || in.peek() == ','; }

Result<Field> parse_field(Scanner& in, std::size_t& regexes) {
  Field field;
  Scanner probe = in;
  const std::string_view name = take_name(probe);
  probe.skip_space();
  field.name = name;
  if (at_field_end(probe)) {  // a name alone, or nothing
    in = probe;
    return field;
  }
  std::string_view owner = name;
  const auto leaf = [&]() -> Result<std::size_t> {
    const std::string_view mine = take_name(in);
    if (owner.empty()) {  // "(a = 1 || a = 2)": the name comes inside
      owner = mine;
      field.name = mine;
    }
    if (mine.empty() || mine != owner) {
      if (!in.done() && mine.empty()) return fail(invalid_characters(in.rest()));
      return fail(invalid_filter_pattern());
    }
    in.skip_space();
    LAPWING_TRY(Condition condition, Condition::parse(in, ",)", regexes));
    field.conditions.push_back(std::move(condition));
    return field.conditions.size() - 1;
  };
  LAPWING_TRY(field.expr, BoolExpr::parse(in, leaf));
  in.skip_space();
  if (!at_field_end(in)) return fail(invalid_filter_pattern());
  return field;
}

}  // namespace

Result<MatcherPtr> parse_space_pattern(std::string_view pattern) {
  auto result = std::make_shared<SpacePattern>();
  Scanner in(pattern.substr(1, pattern.size() - 2));
  std::size_t regexes = 0;
  while (true) {
    in.skip_space();
    if (in.take("...")) {
      if (result->ellipsis) return fail(invalid_filter_pattern());
      result->ellipsis = true;
      in.skip_space();
      if (!at_field_end(in)) return fail(invalid_filter_pattern());
    } else {
      LAPWING_TRY(Field field, parse_field(in, regexes));
      (result->ellipsis ? result->back : result->front).push_back(std::move(field));
    }
    if (in.done()) return result;
    in.advance();  // the comma
  }
}

}  // namespace lapwing::logs

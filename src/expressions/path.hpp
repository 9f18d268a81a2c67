// A JSON path of EventBridge's dialect: what InputPath, InputPathsMap and the templates of pipes
// name.
//
//   const auto path = Path::read("$.detail.items[0].id");
//   if (!path) return refused();
//   Visits visits;
//   const Value value = path->in(event.root(), visits);
//
//   $              the whole              .name  ['name']  a member
//   [0]  [-1]      an item, from the end  [*]  .*          all of them
//
// Names after a dot go up to the next dot or bracket and may hold dashes, blanks and slashes. Paths
// with a wildcard find an array of whatever they reach, without what is missing (an empty one, if
// nothing is there); others find one value or nothing. Of members with one name, the last counts.
//
// Looking costs: all paths of one text that is made share one Visits. Where it is used up, what is
// found is Value::Kind::kTooMuch.
//
// No slices, filters, functions, nor "..": EventBridge has none.
//
// Source: EventBridge user guide, "Input transformation" (dot notation, dashes, underscores,
// alphanumeric characters, array indices, wildcards, forward slashes).
//
// Thread-safety: constant once read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expressions/limits.hpp"
#include "expressions/value.hpp"
#include "text/json.hpp"

namespace lapwing::expressions {

// Values and members that may still be looked at.
class Visits {
 public:
  explicit Visits(std::size_t most = kVisitedMax) : left_(most) {}

  // False: these are too many, and so is whatever follows.
  bool take(std::size_t count) {
    over_ = over_ || count > left_;
    if (!over_) left_ -= count;
    return !over_;
  }
  bool over() const { return over_; }

 private:
  std::size_t left_;
  bool over_ = false;
};

class Path {
 public:
  static std::optional<Path> read(std::string_view text);

  // Without a wildcard.
  bool definite() const { return definite_; }
  Value in(const text::JsonValue& root, Visits& visits) const;
  // The same, as it is; at most kFoundMax of them, none where it was too much.
  std::vector<const text::JsonValue*> find(const text::JsonValue& root, Visits& visits) const;

 private:
  struct Step {
    enum class Kind : std::uint8_t { kMember, kItem, kAll };
    Kind kind = Kind::kMember;
    std::string name = {};
    std::int64_t index = 0;  // below 0: from the end
  };
  static std::optional<Step> read_step(std::string_view& text);
  static std::optional<Step> read_bracket(std::string_view& text);
  static std::size_t cost(const Step& step, const text::JsonValue& value);
  static void take(const Step& step, const text::JsonValue& value,
                   std::vector<const text::JsonValue*>& found);

  std::vector<Step> steps_;
  bool definite_ = true;
};

}  // namespace lapwing::expressions

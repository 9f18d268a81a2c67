// && and || with parentheses over numbered leaves: () binds before &&, && before ||.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/filter/scanner.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {

class BoolExpr {
 public:
  // `leaf` reads one leaf from the scanner and returns its number: Result<std::size_t>().
  template <class Leaf>
  static Result<BoolExpr> parse(Scanner& in, const Leaf& leaf) {
    return parse_any(in, leaf, 0);
  }

  // `holds(number)` says whether a leaf is true; asked only as far as needed.
  template <class Holds>
  bool evaluate(const Holds& holds) const {
    if (kind_ == Kind::kLeaf) return holds(leaf_);
    for (const BoolExpr& child : children_) {
      if (child.evaluate(holds) == (kind_ == Kind::kAny)) return kind_ == Kind::kAny;
    }
    return kind_ == Kind::kAll;
  }

 private:
  enum class Kind { kLeaf, kAll, kAny };

  template <class Leaf>
  static Result<BoolExpr> parse_any(Scanner& in, const Leaf& leaf, std::size_t depth) {
    LAPWING_TRY(BoolExpr first, parse_all(in, leaf, depth));
    return parse_more(in, "||", Kind::kAny, std::move(first),
                      [&] { return parse_all(in, leaf, depth); });
  }
  template <class Leaf>
  static Result<BoolExpr> parse_all(Scanner& in, const Leaf& leaf, std::size_t depth) {
    LAPWING_TRY(BoolExpr first, parse_one(in, leaf, depth));
    return parse_more(in, "&&", Kind::kAll, std::move(first),
                      [&] { return parse_one(in, leaf, depth); });
  }
  template <class Next>
  static Result<BoolExpr> parse_more(Scanner& in, std::string_view between, Kind kind,
                                     BoolExpr first, const Next& next) {
    in.skip_space();
    if (!in.take(between)) return first;
    BoolExpr all;
    all.kind_ = kind;
    all.children_.push_back(std::move(first));
    do {
      LAPWING_TRY(BoolExpr child, next());
      all.children_.push_back(std::move(child));
      in.skip_space();
    } while (in.take(between));
    return all;
  }
  template <class Leaf>
  static Result<BoolExpr> parse_one(Scanner& in, const Leaf& leaf, std::size_t depth) {
    in.skip_space();
    if (in.take("(")) {
      if (depth >= kFilterNestingMax) return fail(invalid_filter_pattern());
      LAPWING_TRY(BoolExpr inner, parse_any(in, leaf, depth + 1));
      in.skip_space();
      if (!in.take(")")) return fail(invalid_filter_pattern());
      return inner;
    }
    LAPWING_TRY(const std::size_t number, leaf());
    BoolExpr one;
    one.leaf_ = number;
    return one;
  }

  Kind kind_ = Kind::kLeaf;
  std::size_t leaf_ = 0;
  std::vector<BoolExpr> children_;
};

}  // namespace lapwing::logs

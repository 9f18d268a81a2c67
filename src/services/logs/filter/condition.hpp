// One comparison of a filter pattern: an operator and what a value is held against.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/logs/filter/regex.hpp"
#include "services/logs/filter/scanner.hpp"

namespace lapwing::logs {

// Text with `*` standing for any run of characters; `\*` and `\\` are literal. Linear.
class Glob {
 public:
  explicit Glob(std::string_view pattern);
  bool matches(std::string_view text) const;

 private:
  std::vector<std::string> parts_;  // between the stars; one part: no star at all
};

// A whole decimal or scientific number ("+1e-3"), nothing around it.
std::optional<double> parse_number(std::string_view text);

enum class Comparator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

class Condition {
 public:
  // Reads operator and operand: `= "x*"`, `!= 4*`, `>= 1e3`, `= %regex%`. `stops` are the
  // characters that end an unquoted operand besides white space, && and ||.
  // `regexes` counts the expressions of the whole pattern.
  static Result<Condition> parse(Scanner& in, std::string_view stops, std::size_t& regexes);

  // `number` is the value's numeric reading, if it has one.
  bool holds(std::string_view text, std::optional<double> number) const;

 private:
  bool equals(std::string_view text, std::optional<double> number) const;

  Comparator comparator_ = Comparator::kEqual;
  std::optional<double> number_;
  std::optional<Glob> glob_;
  std::shared_ptr<const Regex> regex_;
};

}  // namespace lapwing::logs

// CloudWatch's filter patterns, the language of FilterLogEvents (and of metric and
// subscription filters). Source: "Filter pattern syntax" in the CloudWatch Logs user guide.
//
//   terms      ERROR "two words" -excluded ?any ?of %regex%     text_pattern.cpp
//   JSON       { $.a.b[0] = "x*" && ($.n >= 3 || $.z IS NULL) } json_pattern.cpp
//   delimited  [ip, ..., status = 4* && status != 404, bytes]   space_pattern.cpp
//
// Matching is case-sensitive and takes time linear in the message for any pattern.
// Errors are InvalidParameterException, as AWS words them where its words are known.
//
// Thread-safety: immutable; copies share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::logs {

// Values that a pattern reads out of a message, by name: "$ip" or "$3" (a field without a name) of
// a delimited one, "$.a.b" of a JSON one. Terms read none.
using Extracted = std::map<std::string, std::string>;

class PatternMatcher {
 public:
  virtual ~PatternMatcher() = default;
  virtual bool matches(std::string_view message) const = 0;
  // Of a message that matches.
  virtual Extracted extract(std::string_view) const { return {}; }
  virtual bool is_delimited() const { return false; }
};

class FilterPattern {
 public:
  FilterPattern() = default;  // matches everything
  static Result<FilterPattern> parse(std::string_view pattern);

  bool matches(std::string_view message) const { return !matcher_ || matcher_->matches(message); }
  bool matches_everything() const { return !matcher_; }
  Extracted extract(std::string_view message) const {
    return matcher_ ? matcher_->extract(message) : Extracted();
  }
  bool is_delimited() const { return matcher_ && matcher_->is_delimited(); }

 private:
  std::shared_ptr<const PatternMatcher> matcher_;
};

using MatcherPtr = std::shared_ptr<const PatternMatcher>;  // null: matches everything

// The three dialects; `pattern` has no white space around it.
Result<MatcherPtr> parse_text_pattern(std::string_view pattern);
Result<MatcherPtr> parse_json_pattern(std::string_view pattern);
Result<MatcherPtr> parse_space_pattern(std::string_view pattern);

}  // namespace lapwing::logs

// Wildcards: '*' is any run of characters; "\*" and "\\" are the characters themselves.
//
// Matching never goes back: the text's start and end are compared, and what stands between two '*'
// is taken where it comes first. Thread-safety: pure functions, plain values.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::patterns {

struct Glob {
  std::vector<std::string> pieces;  // between the '*'; at least one

  bool operator==(const Glob&) const = default;
  bool matches(std::string_view text) const;
};

// An error is event-ruler's message, whose positions count an opening quote.
std::expected<Glob, std::string> parse_glob(std::string_view text);
// What kMaxWildcardComplexity bounds.
std::size_t complexity(const Glob& glob);

}  // namespace lapwing::patterns

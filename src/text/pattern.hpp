// Patterns of the AWS models: Java regular expressions that must match the whole text. Run
// by PCRE2 with bounded steps and memory, compiled on first use and kept in a cache that
// server/ owns and passes on.
//
// Translated from Java's dialect: \uXXXX (surrogate pairs too), a literal hyphen next to a
// class escape ([\w-.]), Java's names of character classes (\p{IsLetter}, \p{Alnum}).
// Not supported: class intersections ([a-z&&[^b]]); such a pattern fails to compile.
//
// Check the length of input before its pattern: cost grows with length.
// Thread-safety: all methods from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

namespace lapwing::text {

class Pattern {
 public:
  // kInvalid with PCRE2's message and the position.
  static Result<Pattern> compile(std::string_view java_regex);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Does the whole text match? kTooLarge when a match limit was reached: the caller refuses
  // the input. Text that is not UTF-8 matches nothing.
  Result<bool> matches(std::string_view text) const;

 private:
  struct Impl;
  explicit Pattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Patterns come from constant tables, so the cache is as bounded as they are.
class PatternCache {
 public:
  // Lives as long as the cache; nullptr where the pattern does not compile.
  const Pattern* get(std::string_view java_regex);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Pattern>> patterns_;
};

}  // namespace lapwing::text

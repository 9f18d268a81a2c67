// The regular expressions of filter patterns (%...%). CloudWatch's dialect has no groups and
// no back references, so an expression is a list of branches, each a plain sequence of
// repeated character sets. That is matched by bit-parallel simulation: time is linear in the
// text for every expression, and nothing a caller writes can make it blow up.
//
// Supported, as documented by AWS: letters, digits, : _ # = @ / ; , - and space; operators
// ^ $ ? [ ] { } | \ * + . ; \d \D \s \S \w \W \t \n \r \xhh. Anything else is refused.
//
// Thread-safety: immutable after parse().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::logs {

// A set of characters: ASCII by bit, everything beyond as one.
struct CharSet {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool beyond = false;

  void add(unsigned char c) { (c < 64 ? low : high) |= std::uint64_t{1} << (c & 63U); }
  bool has(unsigned char c) const {
    if (c >= 128) return beyond;
    return (((c < 64 ? low : high) >> (c & 63U)) & 1U) != 0;
  }
  void merge(const CharSet& other) {
    low |= other.low;
    high |= other.high;
    beyond = beyond || other.beyond;
  }
  void invert() {
    low = ~low;
    high = ~high;
    beyond = !beyond;
  }
};

class Regex {
 public:
  // `body` is what stands between the percent signs.
  static Result<Regex> parse(std::string_view body);

  // Whether the expression matches anywhere in `text` (UTF-8; invalid bytes count as one
  // character each).
  bool search(std::string_view text) const;

 private:
  struct Bits {  // one bit a position, kRegexStatesMax + 1 of them
    std::array<std::uint64_t, 4> word{};
  };
  struct Node {
    CharSet set;
    bool optional = false;
    bool loop = false;
  };
  struct Branch {
    bool anchored_begin = false;
    bool anchored_end = false;
    bool plain = false;    // only single characters: searched as a string
    std::string literal;   // then this one
    std::size_t size = 0;  // positions; the accepting one is `size`
    Bits loops, optionals, block_first, block_end;
    std::array<Bits, 129> by_char;  // [128]: every character beyond ASCII
  };
  class Parser;

  static Branch compile(std::vector<Node> nodes, bool begin, bool end);
  static bool search(const Branch& branch, std::string_view text);

  std::vector<Branch> branches_;
};

}  // namespace lapwing::logs

// A compiled pattern: it matches when one of its alternatives does; an alternative when all its
// conditions do; a condition when the value at its path meets one of its tests.
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/address.hpp"
#include "patterns/dialect.hpp"
#include "patterns/glob.hpp"

namespace lapwing::patterns {

enum class ValueKind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString };

// A value of an event: what is neither object nor array.
struct Value {
  std::string_view text;     // a string's characters, a number as it is written
  std::uint64_t number = 0;  // number_key(), of numbers
  ValueKind kind = ValueKind::kNull;
};

enum class TestKind : std::uint8_t {
  kLiteral,           // null, true, false: `literal`
  kString,            // `text`
  kNumber,            // `low`, or where that is 0 `text`
  kPrefix,            // `text`
  kSuffix,            // `text`
  kIgnoreCase,        // `text`, folded
  kPrefixIgnoreCase,  // `text`, folded
  kSuffixIgnoreCase,  // `text`, folded
  kWildcard,          // `glob`
  kRange,             // `low` to `high`, both included
  kAddress,           // `addresses`
  kExists,            // any value
  kAbsent,            // no value; the only test that an absent field meets
  kAnythingBut,       // a value that meets none of `none_of`
};

struct Test {
  TestKind kind = TestKind::kString;
  ValueKind literal = ValueKind::kNull;
  std::string text = {};
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  AddressRange addresses = {};
  Glob glob = {};
  std::vector<Test> none_of = {};
};

// Does the value meet the test? The plain reading, which an index must agree with.
bool holds(const Test& test, const Value& value);

struct Condition {
  std::string path;  // steps joined by '.'
  std::vector<Test> tests;
};

struct Pattern {
  Dialect dialect = Dialect::kRule;
  std::vector<Condition> conditions = {};
  // Of indices of `conditions`, in the order of their paths.
  std::vector<std::vector<std::uint32_t>> alternatives = {};

  // What it takes in an automaton: tests of all alternatives.
  std::size_t weight() const;
};

}  // namespace lapwing::patterns

// Limits of patterns and of matching.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lapwing::patterns {

// The models' bounds of EventPattern and of a mapping's or pipe's filter; SNS's of a policy.
inline constexpr std::size_t kRuleMaxBytes = 4096;
inline constexpr std::size_t kFilterMaxBytes = 4096;
inline constexpr std::size_t kPolicyMaxBytes = 256 * 1024;
// Nesting of objects and arrays in a pattern: what bounds the compiler's recursion.
inline constexpr std::uint32_t kPatternMaxDepth = 100;
// Of an event: what Jackson, and so PutEvents, reads.
inline constexpr std::uint32_t kEventMaxDepth = 1000;

// What "$or" may multiply out to; conditions of all alternatives together, and their tests.
inline constexpr std::size_t kMaxAlternatives = 1000;
inline constexpr std::size_t kMaxAlternativeConditions = 4000;
inline constexpr std::size_t kMaxAlternativeTests = 20'000;

// Numbers that compare as numbers.
inline constexpr double kRuleNumberLimit = 5e9;
inline constexpr double kPolicyNumberLimit = 1e9;

// Of one wildcard: each '*' counts one, and so does each start of the characters behind it that a
// text can be in at the same time ("aaa" behind a '*': three). AWS publishes no figure; five '*'
// with something behind each pass, six do not.
inline constexpr std::size_t kMaxWildcardComplexity = 10;

// SNS: keys at the top, and values multiplied over the keys.
inline constexpr std::size_t kPolicyMaxKeys = 5;
inline constexpr std::uint64_t kPolicyMaxCombinations = 150;

// Steps of one alternative's search for elements of arrays that fit together. Beyond, it does not
// match: an event made to be hard costs its sender the match, and nobody the processor.
inline constexpr std::uint32_t kMaxSearchSteps = 100'000;

}  // namespace lapwing::patterns

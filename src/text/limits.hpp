// Limits of this floor. Sizes of whole documents are the caller's to set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lapwing::text {

// Nesting of JSON arrays and objects, counted together. AWS's own parsers stop at 100 for
// service input; function payloads are checked against kJsonPayloadMaxDepth.
inline constexpr std::uint32_t kJsonMaxDepth = 100;
// What Jackson allows (StreamReadConstraints.DEFAULT_MAX_DEPTH), and so Lambda.
inline constexpr std::uint32_t kJsonPayloadMaxDepth = 1000;
// A document larger than this is refused whatever the caller says: sizes are 32 bits inside.
inline constexpr std::size_t kJsonHardMaxBytes = std::size_t{1} << 30;

// Nesting of CBOR arrays, maps and tags, as JSON's.
inline constexpr std::uint32_t kCborMaxDepth = 100;

inline constexpr std::uint32_t kXmlMaxDepth = 100;
inline constexpr std::size_t kXmlMaxBytes = std::size_t{64} << 20;

// Pairs of one query string or form body.
inline constexpr std::size_t kQueryMaxPairs = 10'000;

// PCRE2 steps of one match and its backtracking memory: enough for every pattern of the
// AWS models on input of the largest allowed length, small enough to bound an attack.
inline constexpr std::uint32_t kPatternMatchSteps = 1'000'000;
inline constexpr std::uint32_t kPatternHeapKiB = 8 * 1024;
inline constexpr std::size_t kPatternMaxBytes = 16 * 1024;

}  // namespace lapwing::text

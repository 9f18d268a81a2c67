// Limits of expressions. How long a text may be is said by the models, where there is one.
#pragma once

#include <cstddef>

namespace lapwing::expressions {

// The models' InputPath and a value of InputPathsMap.
inline constexpr std::size_t kPathBytesMax = 256;
// Steps of one path; more do not fit into its bytes.
inline constexpr std::size_t kPathStepsMax = 128;
// Values that one path with wildcards finds; beyond it, the rest is left out.
inline constexpr std::size_t kFoundMax = 100'000;
// Values and members that all paths of one text look at; beyond it, nothing is made. One
// path finds its way through any event of a megabyte.
inline constexpr std::size_t kVisitedMax = 600'000;
// The models' InputTemplate.
inline constexpr std::size_t kTemplateBytesMax = 8192;
// What a template may become: placeholders repeat what they stand for.
inline constexpr std::size_t kRenderedBytesMax = std::size_t{4} << 20;

}  // namespace lapwing::expressions

// Numbers as patterns compare them: 1, 1.0 and 1e0 are one.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace lapwing::patterns {

// Keys sort as their numbers do. 0 is no number's key: what is beyond the range of double has it.
std::uint64_t number_key(std::string_view json_number);
std::uint64_t number_key(double value);
// The number itself; infinity beyond the range.
double to_double(std::string_view json_number);

}  // namespace lapwing::patterns

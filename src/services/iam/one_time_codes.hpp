// One-time passwords as authenticator apps make them (RFC 6238: six digits, 30 seconds, SHA-1).
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lapwing::iam {

// The code of a 30 second step since the Unix epoch. `seed`: the bytes, not their base32.
std::string one_time_code(std::string_view seed, std::int64_t step);
std::int64_t step_at(WallTime time);
// Whether these are the codes of two steps that follow one another, lately.
bool are_consecutive_codes(std::string_view seed, std::string_view first, std::string_view second,
                           WallTime now);
// RFC 4648, without padding.
std::string base32(std::string_view bytes);

}  // namespace lapwing::iam

// Names that are never given twice, for what may be deleted and made again under its old name.
//
// Thread-safety: as the Random's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace lapwing::resources {

// `prefix` and then upper-case letters and the digits 2 to 7, `length` characters in all: as IAM's
// ids (21 of them, "AROA..."), 5 random bits a character.
std::string unique_id(Random& random, std::string_view prefix, std::size_t length);

}  // namespace lapwing::resources

// gzip (RFC 1952) of whole texts.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::text {

std::string gzip(std::string_view plain);
// kInvalid for damaged data, kTooLarge where it holds more than `max_bytes`.
Result<std::string> gunzip(std::string_view compressed, std::size_t max_bytes);

}  // namespace lapwing::text

// Hexadecimal: lower case out, either case in.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace lapwing::text {

std::string hex_encode(ByteView bytes);
std::string hex_encode(std::string_view bytes);
Result<std::string> hex_decode(std::string_view text);

// 0..15, or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace lapwing::text

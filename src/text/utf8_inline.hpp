// The inner step of UTF-8 checking, inlined into the scanners of this folder.
#pragma once

#include <cstddef>

namespace lapwing::text {

// Length of the well-formed character at `p` (p != end), or 0. Overlong forms, surrogates
// and values beyond U+10FFFF are not well formed (Unicode table 3-7).
inline std::size_t utf8_length_at(const char* p, const char* end) {
  const auto byte = [p](int i) { return static_cast<unsigned char>(p[i]); };
  const auto tail = [&](int i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  const std::ptrdiff_t left = end - p;
  if (c < 0xC2) return 0;
  if (c < 0xE0) return left >= 2 && tail(1) ? 2 : 0;
  if (c < 0xF0) {
    if (left < 3 || !tail(1) || !tail(2)) return 0;
    if (c == 0xE0 && byte(1) < 0xA0) return 0;
    if (c == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (c > 0xF4 || left < 4 || !tail(1) || !tail(2) || !tail(3)) return 0;
  if (c == 0xF0 && byte(1) < 0x90) return 0;
  if (c == 0xF4 && byte(1) > 0x8F) return 0;
  return 4;
}

// Does the text end inside a character that was good so far?
inline bool utf8_is_truncated(const char* p, const char* end) {
  const unsigned char c = static_cast<unsigned char>(*p);
  const std::ptrdiff_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
  if (c < 0xC2 || c > 0xF4 || end - p >= want) return false;
  for (const char* q = p + 1; q != end; ++q) {
    if ((static_cast<unsigned char>(*q) & 0xC0) != 0x80) return false;
  }
  return true;
}

}  // namespace lapwing::text

#include "text/json_unescape.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>

#include "text/utf8.hpp"

namespace lapwing::text {
namespace {

std::uint32_t hex4(const char* p) {
  std::uint32_t value = 0;
  std::from_chars(p, p + 4, value, 16);
  return value;
}

// Writes the character and returns behind it. Room for four bytes is the caller's care.
char* put_utf8(char* out, std::uint32_t c) {
  std::string encoded;
  append_utf8(encoded, c);
  std::memcpy(out, encoded.data(), encoded.size());
  return out + encoded.size();
}

// `p` is behind "\u". Joins surrogate pairs; a lone one becomes U+FFFD.
const char* decode_unicode_escape(const char* p, const char* end, std::uint32_t& c) {
  c = hex4(p);
  p += 4;
  if (c < 0xD800 || c > 0xDFFF) return p;
  const bool paired = c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u';
  const std::uint32_t low = paired ? hex4(p + 2) : 0;
  if (low < 0xDC00 || low > 0xDFFF) {
    c = 0xFFFD;
    return p;
  }
  c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
  return p + 6;
}

}  // namespace

char* json_unescape(std::string_view raw, char* out) {
  const char* p = raw.data();
  const char* const end = p + raw.size();
  while (p != end) {
    if (*p != '\\') {
      *out++ = *p++;
      continue;
    }
    const char c = p[1];
    p += 2;
    switch (c) {
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        std::uint32_t value = 0;
        p = decode_unicode_escape(p, end, value);
        out = put_utf8(out, value);
        break;
      }
      default:
        *out++ = c;
    }
  }
  return out;
}

}  // namespace lapwing::text

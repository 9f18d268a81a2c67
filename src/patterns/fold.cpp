#include "patterns/fold.hpp"

#include <cstddef>
#include <cstdint>

#include "text/utf8.hpp"

namespace lapwing::patterns {
namespace {

enum class Which : std::uint8_t { kAll, kEven, kOdd };

struct Capitals {
  std::uint32_t first;
  std::uint32_t last;
  Which which;
  std::uint32_t to_small;
};

// Unicode's simple case folding of the scripts the README names. Letters whose other case is more
// than one character, or that share it with a third, stay themselves.
constexpr Capitals kCapitals[] = {
    {0x00C0, 0x00D6, Which::kAll, 32}, {0x00D8, 0x00DE, Which::kAll, 32},
    {0x0100, 0x012E, Which::kEven, 1}, {0x0132, 0x0136, Which::kEven, 1},
    {0x0139, 0x0147, Which::kOdd, 1},  {0x014A, 0x0176, Which::kEven, 1},
    {0x0179, 0x017D, Which::kOdd, 1},  {0x01CD, 0x01DB, Which::kOdd, 1},
    {0x01DE, 0x01EE, Which::kEven, 1}, {0x01F8, 0x021E, Which::kEven, 1},
    {0x0222, 0x0232, Which::kEven, 1}, {0x0386, 0x0386, Which::kAll, 38},
    {0x0388, 0x038A, Which::kAll, 37}, {0x038C, 0x038C, Which::kAll, 64},
    {0x038E, 0x038F, Which::kAll, 63}, {0x0391, 0x03A1, Which::kAll, 32},
    {0x03A3, 0x03AB, Which::kAll, 32}, {0x03D8, 0x03EE, Which::kEven, 1},
    {0x0400, 0x040F, Which::kAll, 80}, {0x0410, 0x042F, Which::kAll, 32},
    {0x0460, 0x0480, Which::kEven, 1}, {0x048A, 0x04BE, Which::kEven, 1},
    {0x04C0, 0x04C0, Which::kAll, 15}, {0x04C1, 0x04CD, Which::kOdd, 1},
    {0x04D0, 0x052E, Which::kEven, 1}, {0x0531, 0x0556, Which::kAll, 48},
    {0x1E00, 0x1E94, Which::kEven, 1}, {0x1EA0, 0x1EFE, Which::kEven, 1},
    {0xFF21, 0xFF3A, Which::kAll, 32},
};

std::uint32_t small(std::uint32_t c) {
  if (c == 0x0178) return 0xFF;
  for (const Capitals& row : kCapitals) {
    if (c < row.first) return c;
    if (c > row.last) continue;
    if (row.which == Which::kEven && c % 2 != 0) return c;
    if (row.which == Which::kOdd && c % 2 == 0) return c;
    return c + row.to_small;
  }
  return c;
}

std::uint32_t decode(std::string_view bytes) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() == 2) return (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
  return (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
}

}  // namespace

void fold_case(std::string_view text, std::string& out) {
  out.reserve(out.size() + text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      ++at;
      continue;
    }
    std::size_t length = text::utf8_sequence_length(text.substr(at));
    if (length == 2 || length == 3) {
      text::append_utf8(out, small(decode(text.substr(at, length))));
    } else {
      if (length == 0) length = 1;
      out += text.substr(at, length);
    }
    at += length;
  }
}

}  // namespace lapwing::patterns

#include "text/base64.hpp"

#include <array>
#include <cstdint>

namespace lapwing::text {
namespace {

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kBad = 0xFF;
using DecodeTable = std::array<std::uint8_t, 256>;

constexpr DecodeTable make_table(const char* alphabet) {
  DecodeTable table{};
  table.fill(kBad);
  for (std::uint8_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = i;
  return table;
}
constexpr DecodeTable kStandardTable = make_table(kStandard);
constexpr DecodeTable kUrlTable = make_table(kUrl);

void encode(std::string& out, std::string_view bytes, const char* alphabet, bool padding) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());  // bytes as numbers
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3) {
    const std::uint32_t group =
        std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[(group >> 12) & 63];
    *to++ = alphabet[(group >> 6) & 63];
    *to++ = alphabet[group & 63];
  }
  if (left != 0) {
    const std::uint32_t group =
        std::uint32_t{from[0]} << 16 | (left == 2 ? std::uint32_t{from[1]} << 8 : 0u);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[(group >> 12) & 63];
    if (left == 2) *to++ = alphabet[(group >> 6) & 63];
    if (padding) {
      while (to != out.data() + out.size()) *to++ = '=';
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

std::unexpected<Error> bad(std::string_view what, std::size_t position) {
  return fail(make_error(ErrorKind::kInvalid, "Invalid base64: " + std::string(what) +
                                                  " at position " + std::to_string(position)));
}

std::size_t first_bad(std::string_view text, const DecodeTable& table) {
  std::size_t i = 0;
  while (i < text.size() && table[static_cast<unsigned char>(text[i])] != kBad) ++i;
  return i;
}

// `text` without padding.
Result<std::string> decode(std::string_view text, const DecodeTable& table) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return bad("incomplete group", text.size());
  std::string out(text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1), '\0');
  char* to = out.data();
  const auto value = [&](std::size_t i) -> std::uint32_t {
    return table[static_cast<unsigned char>(text[i])];
  };
  std::uint32_t seen = 0;
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    seen |= a | b | c | d;
    const std::uint32_t group = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
  }
  if (rest != 0) {
    const std::uint32_t a = value(i), b = value(i + 1), c = rest == 3 ? value(i + 2) : 0;
    seen |= a | b | c;
    const std::uint32_t group = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6;
    *to++ = static_cast<char>(group >> 16);
    if (rest == 3) *to++ = static_cast<char>(group >> 8);
    const std::uint32_t unused = rest == 3 ? group & 0xFF : group & 0xFFFF;
    if (seen < 64 && unused != 0) return bad("unused bits are not zero", text.size() - 1);
  }
  if (seen >= 64) return bad("invalid character", first_bad(text, table));
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  encode(out, bytes, kStandard, true);
  return out;
}

std::string base64_encode(ByteView bytes) { return base64_encode(as_text(bytes)); }

void append_base64(std::string& out, std::string_view bytes) {
  encode(out, bytes, kStandard, true);
}

Result<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    // A bad character explains more than a bad length does.
    const std::size_t wrong = first_bad(text, kStandardTable);
    if (wrong < text.size() && text[wrong] != '=') return bad("invalid character", wrong);
    return bad("length is not a multiple of four; text ends", text.size());
  }
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return decode(text.substr(0, text.size() - padding), kStandardTable);
}

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  encode(out, bytes, kUrl, false);
  return out;
}

Result<std::string> base64url_decode(std::string_view text) { return decode(text, kUrlTable); }

}  // namespace lapwing::text

#include "text/hex.hpp"

namespace lapwing::text {

std::string hex_encode(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out[2 * i] = kDigits[byte >> 4];
    out[2 * i + 1] = kDigits[byte & 0xF];
  }
  return out;
}

std::string hex_encode(ByteView bytes) { return hex_encode(as_text(bytes)); }

Result<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return fail(make_error(ErrorKind::kInvalid, "Hexadecimal text has an odd length"));
  }
  std::string out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return fail(make_error(ErrorKind::kInvalid, "Invalid hexadecimal digit at position " +
                                                      std::to_string(high < 0 ? i : i + 1)));
    }
    out[i / 2] = static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace lapwing::text

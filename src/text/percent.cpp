#include "text/percent.hpp"

#include <algorithm>
#include <array>

#include "text/hex.hpp"

namespace lapwing::text {
namespace {

constexpr std::array<bool, 256> kUnreserved = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(make_error(ErrorKind::kInvalid,
                               "Invalid percent encoding at position " + std::to_string(i)));
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

}  // namespace

bool is_unreserved(char c) { return kUnreserved[static_cast<unsigned char>(c)]; }

void append_uri_encoded(std::string& out, std::string_view text, bool encode_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const auto stays = [&](char c) { return is_unreserved(c) || (c == '/' && !encode_slash); };
  for (std::size_t at = 0; at < text.size();) {
    const auto run = std::ranges::find_if_not(text.substr(at), stays);
    const auto end = static_cast<std::size_t>(run - text.begin());
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[at++]);
    const char encoded[3] = {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
    out.append(encoded, 3);
  }
}

std::string uri_encode(std::string_view text, bool encode_slash) {
  std::string out;
  out.reserve(text.size() + 16);
  append_uri_encoded(out, text, encode_slash);
  return out;
}

Result<std::string> percent_decode(std::string_view text) { return decode(text, false); }
Result<std::string> form_decode(std::string_view text) { return decode(text, true); }

std::string percent_decode_lenient(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool encoded = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                         hex_digit(text[i + 2]) >= 0;
    if (encoded) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace lapwing::text

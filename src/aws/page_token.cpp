#include "aws/page_token.hpp"

#include <cstdint>

#include "crypto/crc32.hpp"
#include "text/base64.hpp"

namespace lapwing::aws {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kSumBytes = 4;

std::string sum_of(std::string_view list, std::string_view position) {
  std::string text(list);
  text += '\0';
  text += position;
  const std::uint32_t sum = crypto::crc32(text);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(sum >> shift);
  return out;
}

}  // namespace

std::string write_page_token(std::string_view list, std::string_view position) {
  std::string bytes(1, kVersion);
  bytes += sum_of(list, position);
  bytes += position;
  return text::base64url_encode(bytes);
}

Result<std::string> read_page_token(std::string_view list, std::string_view token) {
  const auto invalid = [] {
    return fail(make_error(ErrorKind::kInvalid, "The token of the page is not valid."));
  };
  if (token.empty() || token.size() > kPageTokenBytesMax) return invalid();
  const auto bytes = text::base64url_decode(token);
  if (!bytes || bytes->size() < 1 + kSumBytes || (*bytes)[0] != kVersion) return invalid();
  std::string position = bytes->substr(1 + kSumBytes);
  if (bytes->compare(1, kSumBytes, sum_of(list, position)) != 0) return invalid();
  return position;
}

}  // namespace lapwing::aws

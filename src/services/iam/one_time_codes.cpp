#include "services/iam/one_time_codes.hpp"

#include <fmt/core.h>

#include "crypto/constant_time.hpp"
#include "crypto/sha1.hpp"
#include "services/iam/limits.hpp"

namespace lapwing::iam {
namespace {

constexpr std::int64_t kStepMs = 30'000;

}  // namespace

std::int64_t step_at(WallTime time) { return unix_ms(time) / kStepMs; }

std::string one_time_code(std::string_view seed, std::int64_t step) {
  std::string counter(8, '\0');
  for (std::size_t i = 0; i < counter.size(); ++i) {
    counter[counter.size() - 1 - i] = static_cast<char>((step >> (8 * i)) & 0xFF);
  }
  const crypto::Sha1Digest digest = crypto::hmac_sha1(seed, counter);
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(digest[i]); };
  const std::size_t offset = at(digest.size() - 1) & 0xF;
  const std::uint32_t number =
      (at(offset) & 0x7F) << 24 | at(offset + 1) << 16 | at(offset + 2) << 8 | at(offset + 3);
  return fmt::format("{:06}", number % 1'000'000);
}

bool are_consecutive_codes(std::string_view seed, std::string_view first, std::string_view second,
                           WallTime now) {
  const std::int64_t present = step_at(now);
  for (std::int64_t step = present - kCodeStepsAside; step < present + kCodeStepsAside; ++step) {
    if (crypto::equal_constant_time(one_time_code(seed, step), first) &&
        crypto::equal_constant_time(one_time_code(seed, step + 1), second)) {
      return true;
    }
  }
  return false;
}

std::string base32(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char byte : bytes) {
    held = held << 8 | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 5; bits -= 5) out += kDigits[(held >> (bits - 5)) & 0x1F];
  }
  if (bits > 0) out += kDigits[(held << (5 - bits)) & 0x1F];
  return out;
}

}  // namespace lapwing::iam

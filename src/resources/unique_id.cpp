#include "resources/unique_id.hpp"

#include <cstdint>

namespace lapwing::resources {

std::string unique_id(Random& random, std::string_view prefix, std::size_t length) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr int kBits = 5;
  std::string out(prefix);
  std::uint64_t bits = 0;
  for (int left = 0; out.size() < length; left -= kBits) {
    if (left < kBits) {
      bits = random_bits(random);
      left = 64;
    }
    out += kDigits[bits & 31U];
    bits >>= kBits;
  }
  return out;
}

}  // namespace lapwing::resources

#include "base/random.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace lapwing {
namespace {
constexpr char kHex[] = "0123456789abcdef";
}

void SeededRandom::fill(MutableBytes out) {
  const std::scoped_lock lock(mutex_);
  for (std::byte& b : out) b = static_cast<std::byte>(engine_() & 0xff);
}

std::uint64_t random_bits(Random& random) {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  random.fill(bytes);
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

std::string random_hex(Random& random, std::size_t digits) {
  std::string bytes((digits + 1) / 2, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += kHex[b >> 4];
    out += kHex[b & 15];
  }
  out.resize(digits);
  return out;
}

std::string make_uuid(Random& random) {
  std::array<std::byte, 16> raw;
  random.fill(raw);
  raw[6] = (raw[6] & std::byte{0x0f}) | std::byte{0x40};
  raw[8] = (raw[8] & std::byte{0x3f}) | std::byte{0x80};
  std::string out(36, '-');
  constexpr std::array<std::uint8_t, 16> kAt = {0,  2,  4,  6,  9,  11, 14, 16,
                                                19, 21, 24, 26, 28, 30, 32, 34};
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto b = std::to_integer<unsigned>(raw[i]);
    out[kAt[i]] = kHex[b >> 4];
    out[kAt[i] + 1u] = kHex[b & 15];
  }
  return out;
}

}  // namespace lapwing

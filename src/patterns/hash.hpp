// Hashing of short texts. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lapwing::patterns {

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Eight bytes at a time.
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15u;
  constexpr std::uint64_t kSecond = 0xd6e8feb86659fd93u;
  std::uint64_t hash = seed ^ (text.size() * kFirst);
  const char* p = text.data();
  std::size_t left = text.size();
  while (left >= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    hash = mix(hash ^ word, kSecond);
    p += 8;
    left -= 8;
  }
  std::uint64_t word = 0;
  if (left != 0) std::memcpy(&word, p, left);
  return mix(hash ^ word ^ kFirst, kSecond);
}

// One byte more: for the hashes of all starts of a text, in one pass.
inline std::uint64_t hash_step(std::uint64_t hash, char byte) {
  return (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
}
inline constexpr std::uint64_t kHashStart = 0xcbf29ce484222325u;
inline std::uint64_t hash_done(std::uint64_t hash) { return mix(hash, 0x9e3779b97f4a7c15u); }

}  // namespace lapwing::patterns

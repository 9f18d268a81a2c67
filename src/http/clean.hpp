// What may stand in a head, looked at eight bytes at a time: every byte of every head passes here.
//
// For http/*.cpp only. Thread-safety: plain functions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lapwing::http {

// RFC 9110 5.6.2: what names and methods are made of.
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
inline constexpr std::array<bool, 256> kToken = make_token_table();

// Where what begins at `at` stops being a token.
inline std::size_t token_end(std::string_view text, std::size_t at) {
  while (at < text.size() && kToken[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

inline bool is_token(std::string_view text) {
  return !text.empty() && token_end(text, 0) == text.size();
}

inline bool is_control(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && u != '\t') || u == 0x7f;
}

// The high bit of some byte is set where the word holds a control character, a tab among them.
// The lowest one set is of the first such byte (a borrow only goes upwards).
inline std::uint64_t controls_in(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  const std::uint64_t delete_is_zero = word ^ (0x7f * kOnes);
  return (((word - 0x20 * kOnes) & ~word) | ((delete_is_zero - kOnes) & ~delete_is_zero)) & kHigh;
}

// Where the first control character but a tab is, from `at` on; text.size() where there is none.
inline std::size_t control_at(std::string_view text, std::size_t at) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  std::uint64_t word = 0;
  while (at + kWord <= text.size()) {
    std::memcpy(&word, text.data() + at, kWord);
    const std::uint64_t found = controls_in(word);
    if (found == 0) {
      at += kWord;
      continue;
    }
    at += static_cast<std::size_t>(std::countr_zero(found)) / 8;
    if (text[at] != '\t') return at;
    ++at;
  }
  if (at < text.size() && text.size() >= kWord) {
    // What is left, at the end of a word that has some of what was seen before.
    std::memcpy(&word, text.data() + text.size() - kWord, kWord);
    const std::size_t seen = kWord - (text.size() - at);
    if (controls_in(word) >> (8 * seen) == 0) return text.size();
  }
  while (at < text.size() && !is_control(text[at])) ++at;
  return at;
}

inline bool is_clean(std::string_view text) { return control_at(text, 0) == text.size(); }

}  // namespace lapwing::http

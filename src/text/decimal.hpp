// Numbers as texts, of any size: as messages' attributes and tables' items have them. Nothing is
// calculated.
//
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace lapwing::text {

// The digits that count, and the power of ten of the first of them.
inline constexpr std::size_t kDecimalDigitsMax = 38;
inline constexpr std::int64_t kDecimalPowerMin = -128;
inline constexpr std::int64_t kDecimalPowerMax = 126;

// A decimal number with or without sign, fraction and exponent: at most kDecimalDigitsMax digits
// between the first and the last that is not 0, and 0 or of a magnitude from 10^kDecimalPowerMin to
// 10^kDecimalPowerMax.
inline bool is_decimal(std::string_view text) {
  const auto take_sign = [&] {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    return negative;
  };
  take_sign();
  std::int64_t power = -1;  // of the first digit that counts
  std::size_t digits = 0;
  std::size_t counted = 0;  // up to the last that is not 0
  std::size_t zeros = 0;    // behind it
  bool first_is_one = false;
  const auto take_digits = [&](bool fraction) {
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      const bool zero = text.front() == '0';
      if (counted == 0 && !zero) first_is_one = text.front() == '1';
      const bool leading = counted == 0 && zero;
      if (!fraction && !leading) ++power;
      if (fraction && leading) --power;
      if (!leading && zero) ++zeros;
      if (!zero) counted += 1 + std::exchange(zeros, 0);
      ++digits;
      text.remove_prefix(1);
    }
  };
  take_digits(false);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    take_digits(true);
  }
  if (digits == 0 || counted > kDecimalDigitsMax) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const bool negative = take_sign();
    if (text.empty()) return false;
    constexpr std::int64_t kFar = 1'000'000'000;
    std::int64_t exponent = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      exponent = std::min(kFar, exponent * 10 + (text.front() - '0'));
      text.remove_prefix(1);
    }
    power += negative ? -exponent : exponent;
  }
  if (!text.empty()) return false;
  if (counted == 0 || (power >= kDecimalPowerMin && power < kDecimalPowerMax)) return true;
  return power == kDecimalPowerMax && counted == 1 && first_is_one;
}

// A whole number.
inline std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace lapwing::text

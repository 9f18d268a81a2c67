#include "patterns/address.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

#include <fmt/format.h>

namespace lapwing::patterns {
namespace {

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

template <class Number>
bool whole(std::string_view text, Number& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::optional<Address> parse_v4(std::string_view text) {
  Address out;
  int parts = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    std::uint32_t number = 0;
    if (part.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    if (!whole(part, number, 10) || number > 255) return std::nullopt;
    out.low = out.low << 8 | number;
    if (++parts == 4 || dot == std::string_view::npos) {
      if (parts != 4 || dot != std::string_view::npos) return std::nullopt;
      return out;
    }
    text.remove_prefix(dot + 1);
  }
}

// Groups of one side of "::", or of the whole; false where they are no groups.
bool read_groups(std::string_view text, std::array<std::uint16_t, 8>& out, std::size_t& count) {
  count = 0;
  if (text.empty()) return true;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (count == 8 || part.size() > 4 || !whole(part, out[count], 16)) return false;
    ++count;
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
  }
}

std::optional<Address> parse_v6(std::string_view text) {
  std::array<std::uint16_t, 8> front{};
  std::array<std::uint16_t, 8> back{};
  std::size_t fronts = 0;
  std::size_t backs = 0;
  const std::size_t gap = text.find("::");
  if (!read_groups(text.substr(0, gap), front, fronts)) return std::nullopt;
  if (gap == std::string_view::npos) {
    if (fronts != 8) return std::nullopt;
  } else if (!read_groups(text.substr(gap + 2), back, backs) || fronts + backs > 7) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < backs; ++i) front[8 - backs + i] = back[i];
  Address out{.v6 = true};
  for (std::size_t i = 0; i < 4; ++i) out.high = out.high << 16 | front[i];
  for (std::size_t i = 4; i < 8; ++i) out.low = out.low << 16 | front[i];
  if (out.high == 0 && out.low >> 32 == 0xFFFF) return Address{.low = out.low & 0xFFFFFFFFu};
  return out;
}

Address with_bits(const Address& from, std::uint32_t fixed, bool set) {
  Address out = from;
  const std::uint32_t free = (from.v6 ? 128 : 32) - fixed;
  const auto change = [set](std::uint64_t word, std::uint32_t bits) {
    const std::uint64_t mask = bits == 0 ? 0 : bits >= 64 ? kAll : kAll >> (64 - bits);
    return set ? word | mask : word & ~mask;
  };
  out.low = change(from.low, free > 64 ? 64 : free);
  out.high = change(from.high, free > 64 ? free - 64 : 0);
  return out;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  // Most values are none; the longest address has 39 characters.
  if (text.size() < 2 || text.size() > 45) return std::nullopt;
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  return text[0] >= '0' && text[0] <= '9' ? parse_v4(text) : std::nullopt;
}

std::expected<AddressRange, std::string> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string_view::npos) {
    return std::unexpected("Malformed CIDR, one '/' required");
  }
  std::string_view digits = text.substr(slash + 1);
  if (digits.size() > 1 && digits[0] == '+') digits.remove_prefix(1);
  std::int32_t bits = 0;
  if (!whole(digits, bits, 10))
    return std::unexpected("Malformed CIDR, mask bits must be an integer");
  if (bits < 0) return std::unexpected("Malformed CIDR, mask bits must not be negative");
  const auto base = parse_address(text.substr(0, slash));
  if (!base)
    return std::unexpected(fmt::format("Nonstandard IP address: {}", text.substr(0, slash)));
  if (!base->v6 && bits > 31) return std::unexpected("IPv4 mask bits must be < 32");
  if (base->v6 && bits > 127) return std::unexpected("IPv6 mask bits must be < 128");
  const auto fixed = static_cast<std::uint32_t>(bits);
  return AddressRange{with_bits(*base, fixed, false), with_bits(*base, fixed, true)};
}

}  // namespace lapwing::patterns

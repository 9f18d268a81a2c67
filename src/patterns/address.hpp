// IP addresses as patterns compare them: literals only, no names are looked up.
//
// Thread-safety: pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace lapwing::patterns {

// All of version 4 sort before all of version 6.
struct Address {
  bool v6 = false;
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const Address&) const = default;
};

// "10.0.0.1", "2001:db8::1". An address of version 4 in one of 6 (::ffff:a00:1) is the former.
std::optional<Address> parse_address(std::string_view text);

struct AddressRange {
  Address first;
  Address last;
};
// "10.0.0.0/24"; an error is event-ruler's message.
std::expected<AddressRange, std::string> parse_cidr(std::string_view text);

}  // namespace lapwing::patterns

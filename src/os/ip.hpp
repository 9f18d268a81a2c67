// IP addresses and networks of both versions, as values.
//
// Thread-safety: plain values.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::os {

enum class IpVersion : std::uint8_t { k4, k6 };

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  // "10.0.0.1" or "fd00::1"; numeric only.
  static Result<IpAddress> parse(std::string_view text);
  // In network order: 4 or 16 bytes.
  static Result<IpAddress> from_bytes(std::string_view bytes);

  IpVersion version() const { return version_; }
  int family() const;  // AF_INET, AF_INET6
  std::string_view bytes() const;
  unsigned bits() const { return version_ == IpVersion::k4 ? 32 : 128; }
  // The address `offset` further on.
  IpAddress plus(std::uint32_t offset) const;
  // The bits behind the first `prefix` are zero.
  IpAddress masked(unsigned prefix) const;
  std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpVersion version_ = IpVersion::k4;
  std::array<char, 16> bytes_{};
};

struct IpNet {
  IpAddress address;  // bits behind the prefix are zero
  unsigned prefix = 0;

  // "10.0.0.0/8"; a bare address is a network of one. Set bits behind the prefix are refused.
  static Result<IpNet> parse(std::string_view text);
  static IpNet one(const IpAddress& address) { return {address, address.bits()}; }
  bool contains(const IpAddress& other) const;
  bool overlaps(const IpNet& other) const;
  std::string to_string() const;

  friend bool operator==(const IpNet&, const IpNet&) = default;
};

}  // namespace lapwing::os

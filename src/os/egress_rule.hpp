// What may leave: one rule of a list of which any is enough; what none of them names stays.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "os/ip.hpp"

namespace lapwing::os {

struct EgressRule {
  IpNet to;
  std::optional<std::uint8_t> protocol;  // IANA's number; nothing: every one
  // Destination ports of TCP and UDP, both ends included. Of ICMP the type and the code; -1: any.
  std::int32_t first = -1;
  std::int32_t last = -1;

  friend bool operator==(const EgressRule&, const EgressRule&) = default;
};

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmpV6 = 58;

}  // namespace lapwing::os

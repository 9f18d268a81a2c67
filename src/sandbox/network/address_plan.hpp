// Which addresses the way out of the sandboxes uses.
//
// One range of 8,192 IPv4 addresses, of which the machine itself sees three (its own end of
// the uplink and the two the router answers to), and an IPv6 network of unique local
// addresses where the machine has a way out over IPv6. Sandbox n has the same address as
// long as it lives; the router alone knows it.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "os/ip.hpp"

namespace lapwing::sandbox {

inline constexpr unsigned kNetworkPrefixMax = 19;  // smaller ranges do not hold all sandboxes

// One address of each version in use.
struct AddressPair {
  os::IpAddress v4;
  std::optional<os::IpAddress> v6;
};

struct AddressPlan {
  os::IpNet v4;
  std::optional<os::IpNet> v6;

  AddressPair machine() const { return at(1); }        // the machine's end of the uplink
  AddressPair outside_as() const { return at(2); }     // who NAT sandboxes are for the machine
  AddressPair host_users_as() const { return at(3); }  // who sandboxes of mode `host` are
  AddressPair sandbox(std::uint32_t slot) const { return at(kSandboxes + slot); }
  os::IpNet v4_sandboxes() const { return v4; }

 private:
  static constexpr std::uint32_t kSandboxes = 4096;
  AddressPair at(std::uint32_t offset) const;
};

// A private range none of `taken` overlaps; where the search begins depends on `tag`, so that
// servers on one machine seldom meet. kUnavailable when all are taken.
Result<os::IpNet> choose_range(std::string_view tag, std::span<const os::IpNet> taken);
// Refuses what is no IPv4 range of at least 8,192 addresses, or overlaps with `taken`.
Status check_range(const os::IpNet& range, std::span<const os::IpNet> taken);
// A /64 of unique local addresses (RFC 4193), the same for the same tag.
os::IpNet unique_local_network(std::string_view tag);

// Eight hexadecimal digits that stand for the tag where names are short.
std::string short_tag(std::string_view tag);

}  // namespace lapwing::sandbox

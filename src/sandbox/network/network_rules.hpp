// The packet rules behind the way out, as two tables: the router's, between the sandboxes
// and the uplink, and the machine's, between the uplink and everything else.
//
// The walls, from a sandbox: other sandboxes, the machine's own addresses, the router itself
// but for its name server, link-local and metadata addresses, and whatever is configured.
// A connection that meets one is reset, so that programs which look for a metadata server
// go on at once.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <vector>

#include "os/ip.hpp"
#include "os/packet_rules.hpp"
#include "sandbox/network/address_plan.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

// The name server and (mode `host`) the machine itself, as sandboxes address them.
inline constexpr const char* kNameServerAddress = "169.254.100.53";
inline constexpr std::uint16_t kNameServerPort = 53;
inline constexpr const char* kMachineAddress = "169.254.100.254";
inline constexpr const char* kMachineName = "host.lapwing.internal";

// Interfaces of the router: one a sandbox, its first letter the mode.
inline constexpr const char* kRouterUplink = "up0";
inline constexpr const char* kNatPrefix = "nat";
inline constexpr const char* kHostPrefix = "host";

// Nobody's in every mode: this network, loopback, link-local (the metadata services of the
// big clouds among them), multicast, reserved, and metadata addresses outside those.
const std::vector<os::IpNet>& always_denied();

struct NetworkWalls {
  AddressPlan addresses;
  std::vector<os::IpNet> denied;    // besides always_denied()
  std::vector<std::string> opened;  // interfaces that forward only because of us
  Weakness weakness = Weakness::kNone;
};

os::PacketTable router_table(const NetworkWalls& walls);
// Besides it, while all sandboxes together have too many connections.
os::PacketTable crowd_table();
// Besides it, of one sandbox: what its egress rules do not name is refused, whatever the others
// say; answers of connections that are known pass. `link` is its interface.
os::PacketTable egress_table(const std::string& name, const std::string& link,
                             const std::vector<os::EgressRule>& rules);
os::PacketTable machine_table(const std::string& name, const std::string& uplink,
                              const NetworkWalls& walls);

}  // namespace lapwing::sandbox

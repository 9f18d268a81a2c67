// Network interfaces, their addresses and routes, of the network namespace a NetlinkSocket
// (NETLINK_ROUTE) was opened in.
//
// Thread-safety: as NetlinkSocket.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"
#include "os/ip.hpp"
#include "os/netlink.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

inline constexpr std::size_t kLinkNameMax = 15;

struct Link {
  int index = 0;
  std::string name;
  bool loopback = false;
  bool running = false;  // up, and so is its other end; what is sent before is lost
};
Result<std::vector<Link>> list_links(NetlinkSocket& socket);

struct Route {
  IpNet destination;
  int link = 0;  // of the way out; 0 when there are several
  bool default_route() const { return destination.prefix == 0; }
};
// Those of the main table that lead somewhere.
Result<std::vector<Route>> list_routes(NetlinkSocket& socket);

// A pair of interfaces joined back to back, down, without address resolution: both ends have
// the same hardware address and IFF_NOARP, so what one sends the other takes, and neither
// ever asks who has an address. Numbers are the caller's choice and free in their namespace.
struct LinkPair {
  std::string name;
  int index = 0;
  std::string peer_name;
  int peer_index = 0;
  int peer_namespace = -1;  // descriptor, or ...
  pid_t peer_process = 0;   // ... the namespace of this process
};
NetlinkMessage make_link_pair(const LinkPair& pair);
Status delete_link(NetlinkSocket& socket, const std::string& name);  // none there is fine

// No link-local IPv6 address by itself, before it is brought up.
NetlinkMessage no_automatic_address(int link);
NetlinkMessage bring_up(int link);
NetlinkMessage add_address(int link, const IpNet& address);
// Straight out of the link, without a gateway.
NetlinkMessage add_route(int link, const IpNet& destination);

// The network namespace of the calling thread.
Result<UniqueFd> current_network_namespace();
Status enter_network_namespace(int ns_fd);
// Leaves the calling thread in it.
Result<UniqueFd> make_network_namespace();

}  // namespace lapwing::os

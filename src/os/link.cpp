#include "os/link.hpp"

#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>

#include "os/file.hpp"

namespace lapwing::os {
namespace {

// Locally administered; the same on both ends of every pair.
constexpr std::string_view kHardwareAddress("\x02\x00\x00\x00\x00\x01", 6);
constexpr std::string_view kOperUp("\x06", 1);  // IF_OPER_UP
constexpr std::uint16_t kChange = NLM_F_ACK;
constexpr std::uint16_t kCreate = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

template <class T>
T head_of(std::string_view body) {
  T value{};
  std::memcpy(&value, body.data(), std::min(sizeof value, body.size()));
  return value;
}

template <class T>
NetlinkAttributes attributes_of(std::string_view body) {
  return NetlinkAttributes(body.substr(std::min(body.size(), std::size_t{NLMSG_ALIGN(sizeof(T))})));
}

ifinfomsg link_head(int index, unsigned flags) {
  ifinfomsg info{};
  info.ifi_family = AF_UNSPEC;
  info.ifi_index = index;
  info.ifi_flags = flags;
  info.ifi_change = flags;
  return info;
}

bool read_route(std::string_view body, Route& route) {
  const auto head = head_of<rtmsg>(body);
  if (head.rtm_type != RTN_UNICAST || head.rtm_table != RT_TABLE_MAIN) return false;
  route.destination.prefix = head.rtm_dst_len;
  std::string_view address = head.rtm_family == AF_INET
                                 ? std::string_view("\0\0\0\0", 4)
                                 : std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  for (auto each = attributes_of<rtmsg>(body); each.next();) {
    if (each.type() == RTA_DST) address = each.value();
    if (each.type() == RTA_OIF) route.link = static_cast<int>(each.u32());
  }
  auto parsed = IpAddress::from_bytes(address);
  if (!parsed) return false;
  route.destination.address = *parsed;
  return true;
}

}  // namespace

Result<std::vector<Link>> list_links(NetlinkSocket& socket) {
  NetlinkMessage message(RTM_GETLINK, 0);
  message.fixed(link_head(0, 0));
  std::vector<Link> links;
  LAPWING_CHECK(socket.dump(std::move(message), "list interfaces", [&](NetlinkPart part) {
    const auto head = head_of<ifinfomsg>(part.body);
    Link link{head.ifi_index,
              {},
              (head.ifi_flags & IFF_LOOPBACK) != 0,
              (head.ifi_flags & IFF_RUNNING) != 0};
    for (auto each = attributes_of<ifinfomsg>(part.body); each.next();) {
      if (each.type() == IFLA_IFNAME) link.name = each.text();
      if (each.type() == IFLA_OPERSTATE) link.running = each.value() == kOperUp;
    }
    links.push_back(std::move(link));
  }));
  return links;
}

Result<std::vector<Route>> list_routes(NetlinkSocket& socket) {
  std::vector<Route> routes;
  for (const int family : {AF_INET, AF_INET6}) {
    NetlinkMessage message(RTM_GETROUTE, 0);
    rtmsg head{};
    head.rtm_family = static_cast<unsigned char>(family);
    message.fixed(head);
    LAPWING_CHECK(socket.dump(std::move(message), "list routes", [&](NetlinkPart part) {
      Route route;
      if (read_route(part.body, route)) routes.push_back(std::move(route));
    }));
  }
  return routes;
}

NetlinkMessage make_link_pair(const LinkPair& pair) {
  NetlinkMessage message(RTM_NEWLINK, kCreate);
  message.fixed(link_head(pair.index, IFF_NOARP));
  message.text(IFLA_IFNAME, pair.name).bytes(IFLA_ADDRESS, kHardwareAddress);
  message.open(IFLA_LINKINFO).text(IFLA_INFO_KIND, "veth").open(IFLA_INFO_DATA);
  message.open(VETH_INFO_PEER).fixed(link_head(pair.peer_index, IFF_NOARP));
  message.text(IFLA_IFNAME, pair.peer_name).bytes(IFLA_ADDRESS, kHardwareAddress);
  if (pair.peer_process != 0) {
    message.u32(IFLA_NET_NS_PID, static_cast<std::uint32_t>(pair.peer_process));
  } else {
    message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.peer_namespace));
  }
  message.close().close().close();
  return message;
}

Status delete_link(NetlinkSocket& socket, const std::string& name) {
  NetlinkMessage message(RTM_DELLINK, kChange);
  message.fixed(link_head(0, 0)).text(IFLA_IFNAME, name);
  Status done = socket.request(std::move(message), "delete interface");
  if (!done && done.error().kind() == ErrorKind::kNotFound) return {};
  return done;
}

NetlinkMessage no_automatic_address(int link) {
  NetlinkMessage message(RTM_SETLINK, kChange);
  message.fixed(link_head(link, 0));
  message.open(IFLA_AF_SPEC).open(AF_INET6);
  message.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE).close().close();
  return message;
}

NetlinkMessage bring_up(int link) {
  NetlinkMessage message(RTM_SETLINK, kChange);
  message.fixed(link_head(link, IFF_UP));
  return message;
}

NetlinkMessage add_address(int link, const IpNet& address) {
  NetlinkMessage message(RTM_NEWADDR, kCreate);
  ifaddrmsg head{};
  head.ifa_family = static_cast<std::uint8_t>(address.address.family());
  head.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix);
  head.ifa_index = static_cast<std::uint32_t>(link);
  // Nobody else could have it: no duplicate address detection.
  if (address.address.version() == IpVersion::k6) head.ifa_flags = IFA_F_NODAD;
  message.fixed(head).bytes(IFA_LOCAL, address.address.bytes());
  message.bytes(IFA_ADDRESS, address.address.bytes());
  return message;
}

NetlinkMessage add_route(int link, const IpNet& destination) {
  NetlinkMessage message(RTM_NEWROUTE, kCreate);
  rtmsg head{};
  const bool is_v4 = destination.address.version() == IpVersion::k4;
  head.rtm_family = static_cast<unsigned char>(destination.address.family());
  head.rtm_dst_len = static_cast<unsigned char>(destination.prefix);
  head.rtm_table = RT_TABLE_MAIN;
  head.rtm_protocol = RTPROT_STATIC;
  head.rtm_scope = is_v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  head.rtm_type = RTN_UNICAST;
  message.fixed(head);
  if (destination.prefix != 0) message.bytes(RTA_DST, destination.address.bytes());
  message.u32(RTA_OIF, static_cast<std::uint32_t>(link));
  return message;
}

Result<UniqueFd> current_network_namespace() {
  return open_at(kCwd, "/proc/thread-self/ns/net", O_RDONLY);
}

Status enter_network_namespace(int ns_fd) {
  if (::setns(ns_fd, CLONE_NEWNET) != 0) return fail(errno_error("enter network namespace"));
  return {};
}

Result<UniqueFd> make_network_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return fail(errno_error("make network namespace"));
  return current_network_namespace();
}

}  // namespace lapwing::os

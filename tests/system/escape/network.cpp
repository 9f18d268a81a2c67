#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.hpp"

namespace escape {
namespace {

std::string connects(const std::string& address, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  // The socket interface takes every address family through sockaddr.
  const int done = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  const int error = errno;
  ::close(fd);
  errno = error;
  return done == 0 ? "connected to " + address + ":" + std::to_string(port) : "";
}

std::string reaches_host_loopback() {
  const std::string port = given("ESCAPE_HOST_PORT");
  if (port.empty()) return "no host port given";
  return connects("127.0.0.1", static_cast<int>(std::strtol(port.c_str(), nullptr, 10)));
}

// Nobody need listen there: an answer other than "no way" means there is a way.
std::string routes_to(const char* address) {
  const std::string connected = connects(address, 80);
  if (!connected.empty()) return connected;
  return errno == ENETUNREACH ? "" : std::string(address) + ": " + error_text();
}

std::string has_way_out() { return routes_to("192.0.2.1"); }
std::string reaches_metadata() {
  // Amazon, Google and Azure; credentials of containers; Azure's agent; Alibaba; Oracle.
  for (const char* address :
       {"169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192"}) {
    const std::string found = routes_to(address);
    if (!found.empty()) return found;
  }
  return {};
}

// A datagram needs no answer to be out.
std::string sends(const char* address, int option) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  const bool is_v4 = ::inet_pton(AF_INET, address, &four.sin_addr) == 1;
  four.sin_family = AF_INET;
  four.sin_port = htons(53);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(53);
  ::inet_pton(AF_INET6, address, &six.sin6_addr);
  const int fd = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  const int on = 1;
  if (option != 0) ::setsockopt(fd, SOL_SOCKET, option, &on, sizeof on);
  // The socket interface takes every address family through sockaddr.
  const auto* to =
      is_v4 ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
  const ssize_t sent = ::sendto(fd, "x", 1, 0, to, is_v4 ? sizeof four : sizeof six);
  ::close(fd);
  return sent == 1 ? std::string("sent to ") + address : "";
}

std::string sends_datagrams() { return sends("192.0.2.1", 0) + sends("169.254.169.254", 0); }
std::string sends_over_ipv6() {
  return sends("2001:db8::1", 0) + sends("fd00:ec2::254", 0) + sends("fe80::1", 0);
}
std::string sends_to_many() {
  return sends("224.0.0.251", 0) + sends("255.255.255.255", SO_BROADCAST);
}

std::string changes_network() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  const bool flags = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  request.ifr_addr.sa_family = AF_INET;
  const bool address = ::ioctl(fd, SIOCSIFADDR, &request) == 0;
  ::close(fd);
  return flags ? "changed loopback" : address ? "changed an address" : "";
}

// What has to be loaded into the kernel first, mostly.
std::string opens_forgotten_families() {
  for (int family = 3; family < 64; ++family) {
    if (family == AF_INET6 || family == AF_NETLINK) continue;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW}) {
      const int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
      if (fd < 0 && (errno == EPERM || errno == ENOSYS)) continue;
      if (fd >= 0) ::close(fd);
      return "family " + std::to_string(family) + ": " + error_text();
    }
  }
  return {};
}

std::string opens_forgotten_protocols() {
  const struct {
    int type;
    int protocol;
    const char* name;
  } kinds[] = {
      {SOCK_STREAM, 132, "sctp"}, {SOCK_SEQPACKET, 132, "sctp"}, {6, 33, "dccp"},
      {SOCK_DGRAM, 115, "l2tp"},  {SOCK_DGRAM, 136, "udplite"},  {SOCK_STREAM, 256, "smc"}};
  for (const int family : {AF_INET, AF_INET6}) {
    for (const auto& kind : kinds) {
      const int fd = ::socket(family, kind.type | SOCK_CLOEXEC, kind.protocol);
      if (fd < 0 && (errno == EPERM || errno == ENOSYS)) continue;
      if (fd >= 0) ::close(fd);
      return std::string(kind.name) + ": " + error_text();
    }
  }
  return {};
}

std::string speaks_netlink() {
  for (int protocol = 1; protocol < 32; ++protocol) {
    const int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
    if (fd < 0 && (errno == EPERM || errno == ENOSYS)) continue;
    if (fd >= 0) ::close(fd);
    return "protocol " + std::to_string(protocol) + ": " + error_text();
  }
  return {};
}
std::string reaches_host_address() {
  const std::string address = given("ESCAPE_HOST_ADDRESS");
  return address.empty() ? "" : routes_to(address.c_str());
}

std::string reaches_abstract_socket() {
  const std::string name = given("ESCAPE_HOST_ABSTRACT");
  if (name.empty()) return "no socket name given";
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  name.copy(to.sun_path + 1, sizeof to.sun_path - 2);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int done = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), size);
  ::close(fd);
  return done == 0 ? "connected to @" + name : "";
}

std::string has_interfaces() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  std::string found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_LOOPBACK) == 0) found += std::string(" ") + each->ifa_name;
  }
  ::freeifaddrs(list);
  return found;
}

std::string opens_raw_sockets() {
  const struct {
    int family;
    int type;
    int protocol;
    const char* name;
  } kinds[] = {{AF_PACKET, SOCK_RAW, 0x300, "packet"},
               {AF_INET, SOCK_RAW, IPPROTO_ICMP, "raw"},
               {AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "raw6"},
               {40, SOCK_STREAM, 0, "vsock"},
               {38, SOCK_SEQPACKET, 0, "alg"},
               {AF_NETLINK, SOCK_RAW, 9, "audit"},
               {AF_NETLINK, SOCK_RAW, 15, "uevent"},
               {17, SOCK_DGRAM, 0, "packet datagram"},
               {31, SOCK_RAW, 1, "bluetooth"},
               {44, SOCK_RAW, 0, "xdp"}};
  for (const auto& kind : kinds) {
    const int fd = ::socket(kind.family, kind.type | SOCK_CLOEXEC, kind.protocol);
    if (fd < 0) continue;
    ::close(fd);
    return std::string("opened a socket of kind ") + kind.name;
  }
  return {};
}

}  // namespace

std::vector<Attempt> network_attempts() {
  return {{"reach the host's loopback", reaches_host_loopback},
          {"reach the host's address", reaches_host_address},
          {"find a way out", has_way_out},
          {"reach a metadata service", reaches_metadata},
          {"send datagrams out", sends_datagrams},
          {"send over IPv6", sends_over_ipv6},
          {"send to many", sends_to_many},
          {"change the network", changes_network},
          {"open forgotten families", opens_forgotten_families},
          {"open forgotten protocols", opens_forgotten_protocols},
          {"speak netlink", speaks_netlink},
          {"reach an abstract socket", reaches_abstract_socket},
          {"have interfaces", has_interfaces},
          {"open raw sockets", opens_raw_sockets}};
}

}  // namespace escape

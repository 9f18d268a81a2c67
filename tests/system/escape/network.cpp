#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
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
std::string reaches_metadata() { return routes_to("169.254.169.254"); }
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
          {"reach an abstract socket", reaches_abstract_socket},
          {"have interfaces", has_interfaces},
          {"open raw sockets", opens_raw_sockets}};
}

}  // namespace escape

#include "os/network.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "os/ip.hpp"
#include "os/link.hpp"
#include "os/netlink.hpp"
#include "os/socket.hpp"

namespace lapwing::os {
namespace {

// The loopback interface is always the first of a network namespace.
constexpr int kLoopbackIndex = 1;

// There already is fine.
Status request(NetlinkMessage message, const char* what) {
  LAPWING_TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
  Status done = socket.request(std::move(message), what);
  if (!done && done.error().kind() == ErrorKind::kConflict) return {};
  return done;
}

Result<sockaddr_in> socket_address(const std::string& ipv4, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, ipv4.c_str(), &address.sin_addr) != 1) {
    return fail(errno_error("address " + ipv4, EINVAL));
  }
  return address;
}

}  // namespace

Status loopback_up() { return request(bring_up(kLoopbackIndex), "loopback up"); }

Status add_loopback_address(const std::string& ipv4) {
  LAPWING_TRY(const IpAddress address, IpAddress::parse(ipv4));
  return request(add_address(kLoopbackIndex, IpNet::one(address)), "add loopback address");
}

Result<UniqueFd> listen_tcp(const std::string& ipv4, std::uint16_t port, int backlog) {
  LAPWING_TRY(const sockaddr_in address, socket_address(ipv4, port));
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(errno_error("socket"));
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    return fail(errno_error("SO_REUSEADDR"));
  }
  // The socket interface takes every address family through sockaddr.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(errno_error("bind " + ipv4));
  }
  do_not_pace(fd.get());  // what is accepted has it too
  if (::listen(fd.get(), backlog) != 0) return fail(errno_error("listen " + ipv4));
  return fd;
}

Result<UniqueFd> drop_udp(const std::string& ipv4, std::uint16_t port) {
  LAPWING_TRY(const sockaddr_in address, socket_address(ipv4, port));
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(errno_error("socket"));
  const int least = 0;  // the kernel makes it its own least
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least) != 0) {
    return fail(errno_error("SO_RCVBUF"));
  }
  // The socket interface takes every address family through sockaddr.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(errno_error("bind " + ipv4));
  }
  return fd;
}

}  // namespace lapwing::os

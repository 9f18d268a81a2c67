#include "os/network.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lapwing::os {
namespace {

// The loopback interface is always the first of a network namespace.
constexpr int kLoopbackIndex = 1;

// Sends one request and reads the kernel's acknowledgement.
Status netlink_request(const void* request, std::size_t bytes, const char* what) {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(errno_error("netlink socket"));
  if (::send(socket.get(), request, bytes, 0) < 0) return fail(errno_error(what));
  alignas(nlmsghdr) char answer[1024];
  const ssize_t got = ::recv(socket.get(), answer, sizeof answer, 0);
  if (got < 0) return fail(errno_error(what));
  nlmsghdr header{};
  nlmsgerr error{};
  if (static_cast<std::size_t>(got) < NLMSG_HDRLEN + sizeof error.error) {
    return fail(internal_error(std::string(what) + ": short netlink answer"));
  }
  std::memcpy(&header, answer, sizeof header);
  std::memcpy(&error.error, answer + NLMSG_HDRLEN, sizeof error.error);
  if (header.nlmsg_type != NLMSG_ERROR) {
    return fail(internal_error(std::string(what) + ": unexpected netlink answer"));
  }
  if (error.error != 0 && error.error != -EEXIST) return fail(errno_error(what, -error.error));
  return {};
}

}  // namespace

Status loopback_up() {
  struct {
    nlmsghdr header;
    ifinfomsg info;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.info.ifi_family = AF_UNSPEC;
  request.info.ifi_index = kLoopbackIndex;
  request.info.ifi_flags = IFF_UP;
  request.info.ifi_change = IFF_UP;
  return netlink_request(&request, sizeof request, "loopback up");
}

Status add_loopback_address(const std::string& ipv4) {
  struct {
    nlmsghdr header;
    ifaddrmsg info;
    rtattr attribute;
    in_addr address;
  } request{};
  if (::inet_pton(AF_INET, ipv4.c_str(), &request.address) != 1) {
    return fail(errno_error("address " + ipv4, EINVAL));
  }
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  request.info.ifa_family = AF_INET;
  request.info.ifa_prefixlen = 32;
  request.info.ifa_index = kLoopbackIndex;
  request.attribute.rta_type = IFA_LOCAL;
  request.attribute.rta_len = RTA_LENGTH(sizeof request.address);
  return netlink_request(&request, sizeof request, "add loopback address");
}

Result<UniqueFd> listen_tcp(const std::string& ipv4, std::uint16_t port, int backlog) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, ipv4.c_str(), &address.sin_addr) != 1) {
    return fail(errno_error("address " + ipv4, EINVAL));
  }
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
  if (::listen(fd.get(), backlog) != 0) return fail(errno_error("listen " + ipv4));
  return fd;
}

}  // namespace lapwing::os

#include "os/own_address.hpp"

#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>

#include "os/unique_fd.hpp"

namespace lapwing::os {
namespace {

sockaddr_storage storage_of(const IpAddress& address, socklen_t& size) {
  sockaddr_storage out{};
  const std::string_view bytes = address.bytes();
  // The socket interface takes every address family through one struct.
  if (address.version() == IpVersion::k4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    size = sizeof v6;
  }
  return out;
}

std::string_view bytes_of(const sockaddr& raw) {
  if (raw.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(raw);
    return {reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr};
  }
  if (raw.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(raw);
    return {reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr};
  }
  return {};
}

// A datagram socket binds to no address that is not the machine's; where the kernel lets it bind to
// any (ip_nonlocal_bind), this says too much.
bool can_bind(const IpAddress& address) {
  const UniqueFd fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno != EAFNOSUPPORT;
  socklen_t size = 0;
  const sockaddr_storage at = storage_of(address, size);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0 ||
         errno != EADDRNOTAVAIL;
}

}  // namespace

bool is_own_address(const IpAddress& address) {
  if (!can_bind(address)) return false;
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return true;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(found, ::freeifaddrs);
  for (const ifaddrs* each = found; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr != nullptr && bytes_of(*each->ifa_addr) == address.bytes()) return true;
  }
  return false;
}

}  // namespace lapwing::os

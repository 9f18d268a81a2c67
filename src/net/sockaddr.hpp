// Between Address and the kernel's sockaddr. For net/*.cpp only.
#pragma once

#include <arpa/inet.h>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>

#include "net/address.hpp"

namespace lapwing::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  // Safe: the kernel's own convention; every sockaddr_* begins like sockaddr.
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_sockaddr(const Address& address);
// Nothing for an unnamed Unix socket or another family.
std::optional<Address> from_sockaddr(const sockaddr& raw, socklen_t size);

}  // namespace lapwing::net

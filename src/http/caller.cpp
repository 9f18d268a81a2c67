#include "http/caller.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <functional>
#include <netinet/in.h>
#include <string_view>

namespace lapwing::http {
namespace {

std::uint64_t of_text(std::string_view text) {
  return std::max<std::uint64_t>(1, std::hash<std::string_view>()(text));
}

std::uint64_t of_ipv4(std::string_view host) {
  return of_text(host.starts_with("127.") ? "this machine" : host);
}

std::uint64_t of_ipv6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return of_ipv4("127.0.0.1");
  // A view of its bytes, which is what they are.
  const std::string_view bytes(reinterpret_cast<const char*>(address.s6_addr), 16);
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return of_text(bytes.substr(0, 8));
  std::array<char, INET_ADDRSTRLEN> host{};
  // Cannot fail: the family is known and the text fits.
  inet_ntop(AF_INET, bytes.data() + 12, host.data(), host.size());
  return of_ipv4(host.data());
}

}  // namespace

std::uint64_t network_of(const net::Address& address) {
  in6_addr parsed{};
  if (address.kind() == net::Address::Kind::kIpv4) return of_ipv4(address.host());
  // Pure text to bytes; no system call.
  if (address.kind() == net::Address::Kind::kIpv6 &&
      inet_pton(AF_INET6, address.host().c_str(), &parsed) == 1) {
    return of_ipv6(parsed);
  }
  return of_text(address.host());
}

}  // namespace lapwing::http

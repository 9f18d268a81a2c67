#include "delivery/http_reach.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "os/ip.hpp"
#include "os/own_address.hpp"

namespace lapwing::delivery {
namespace {

using os::IpAddress;
using os::IpNet;

constexpr std::string_view kRefused = "AddressRefused";
constexpr std::size_t kV4Bytes = 4;

std::vector<IpNet> nets(std::initializer_list<std::string_view> texts) {
  std::vector<IpNet> out;
  for (const std::string_view text : texts) out.push_back(IpNet::parse(text).value());
  return out;
}

bool in(const std::vector<IpNet>& nets, const IpAddress& address) {
  return std::ranges::any_of(nets, [&](const IpNet& net) { return net.contains(address); });
}

bool is_unspecified(const IpAddress& address) {
  static const std::vector<IpNet> all = nets({"0.0.0.0/8", "::/128"});
  return in(all, address);
}

// Link-local, and where clouds answer a machine about itself.
bool is_link_local(const IpAddress& address) {
  static const std::vector<IpNet> all =
      nets({"169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "168.63.129.16/32",
            "fd00:ec2::/32", "fd20:ce::254/128"});
  return in(all, address);
}

bool is_loopback(const IpAddress& address) {
  static const std::vector<IpNet> all = nets({"127.0.0.0/8", "::1/128"});
  return in(all, address);
}

// The IPv4 address in one of IPv6 (mapped, compatible, NAT64), or the address itself.
IpAddress bare(const IpAddress& address) {
  static const std::vector<IpNet> clothes = nets({"::ffff:0:0/96", "::/96", "64:ff9b::/96"});
  static const std::vector<IpNet> own = nets({"::/127"});
  if (address.version() == os::IpVersion::k4 || in(own, address) || !in(clothes, address)) {
    return address;
  }
  return IpAddress::from_bytes(address.bytes().substr(address.bytes().size() - kV4Bytes)).value();
}

bool is_own(const IpAddress& address) {
  return is_loopback(address) || os::is_own_address(address);
}

Error refused(std::string message) {
  return Error(ErrorKind::kDenied, std::string(kRefused), std::move(message));
}

}  // namespace

bool is_refused_address(const Error& error) { return error.code() == kRefused; }

void HttpReach::listens(const net::Address& address) {
  const std::scoped_lock lock(mutex_);
  listeners_.push_back(address);
}

Status HttpReach::check(const net::Address& address) const {
  const auto parsed = IpAddress::parse(address.host());
  if (!parsed) return fail(refused("Only IP addresses are called."));
  const IpAddress ip = bare(*parsed);
  const std::string at = address.to_string();
  if (is_unspecified(ip)) return fail(refused(at + " is nobody's address."));
  if (is_link_local(ip)) {
    return fail(refused(at + " is a link-local or metadata address: nothing is sent there."));
  }
  {
    const std::scoped_lock lock(mutex_);
    for (const net::Address& each : listeners_) {
      if (each.port() != address.port()) continue;
      const auto there = IpAddress::parse(each.host());
      if (there && bare(*there) != ip && !(is_unspecified(*there) && is_own(ip))) continue;
      return fail(refused(at + " is this server itself: it does not call itself."));
    }
  }
  if (!loopback_allowed_ && is_own(ip)) {
    return fail(
        refused(fmt::format("{} is on the server's own machine, where nothing is sent: "
                            "delivery.http_loopback = allow lets it.",
                            at)));
  }
  return {};
}

}  // namespace lapwing::delivery

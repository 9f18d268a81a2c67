#include "os/ip.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

#include <fmt/core.h>

namespace lapwing::os {
namespace {

Error invalid(std::string_view text, const char* wanted) {
  return make_error(ErrorKind::kInvalid, fmt::format("{}: {}", text, wanted));
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress address;
  const std::string terminated(text);
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes_.data()) == 1) return address;
  address.version_ = IpVersion::k6;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) return address;
  return fail(invalid(text, "not an IP address"));
}

Result<IpAddress> IpAddress::from_bytes(std::string_view bytes) {
  IpAddress address;
  if (bytes.size() != 4 && bytes.size() != 16) return fail(invalid("bytes", "not an IP address"));
  address.version_ = bytes.size() == 4 ? IpVersion::k4 : IpVersion::k6;
  std::memcpy(address.bytes_.data(), bytes.data(), bytes.size());
  return address;
}

int IpAddress::family() const { return version_ == IpVersion::k4 ? AF_INET : AF_INET6; }

std::string_view IpAddress::bytes() const { return {bytes_.data(), bits() / 8}; }

IpAddress IpAddress::plus(std::uint32_t offset) const {
  IpAddress sum = *this;
  std::uint64_t carry = offset;
  for (std::size_t i = bits() / 8; i-- > 0 && carry != 0;) {
    carry += static_cast<unsigned char>(sum.bytes_[i]);
    sum.bytes_[i] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  return sum;
}

IpAddress IpAddress::masked(unsigned prefix) const {
  IpAddress out = *this;
  for (unsigned bit = prefix; bit < bits(); ++bit) {
    out.bytes_[bit / 8] = static_cast<char>(out.bytes_[bit / 8] & ~(0x80u >> (bit % 8)));
  }
  return out;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family(), bytes_.data(), text, sizeof text);
  return text;
}

Result<IpNet> IpNet::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  LAPWING_TRY(const IpAddress address, IpAddress::parse(text.substr(0, slash)));
  if (slash == std::string_view::npos) return one(address);
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (ec != std::errc() || end != digits.data() + digits.size() || prefix > address.bits()) {
    return fail(invalid(text, "not a network: write it as 10.0.0.0/8"));
  }
  if (address.masked(prefix) != address) {
    return fail(invalid(text, "address bits behind the prefix"));
  }
  return IpNet{address, prefix};
}

bool IpNet::contains(const IpAddress& other) const {
  return other.version() == address.version() && other.masked(prefix) == address;
}

bool IpNet::overlaps(const IpNet& other) const {
  const unsigned common = std::min(prefix, other.prefix);
  return address.version() == other.address.version() &&
         address.masked(common) == other.address.masked(common);
}

std::string IpNet::to_string() const { return fmt::format("{}/{}", address.to_string(), prefix); }

}  // namespace lapwing::os

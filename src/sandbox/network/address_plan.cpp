#include "sandbox/network/address_plan.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace lapwing::sandbox {
namespace {

constexpr std::uint32_t kRanges = 2048;  // /19 networks in 10.0.0.0/8
constexpr std::uint32_t kRangeSize = 8192;

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  return hash;
}

bool overlaps_any(const os::IpNet& range, std::span<const os::IpNet> taken) {
  return std::ranges::any_of(taken, [&](const os::IpNet& net) { return net.overlaps(range); });
}

}  // namespace

AddressPair AddressPlan::at(std::uint32_t offset) const {
  AddressPair pair{v4.address.plus(offset), std::nullopt};
  if (v6) pair.v6 = v6->address.plus(offset);
  return pair;
}

Result<os::IpNet> choose_range(std::string_view tag, std::span<const os::IpNet> taken) {
  LAPWING_TRY(const os::IpAddress ten, os::IpAddress::parse("10.0.0.0"));
  const std::uint64_t start = hash_of(tag);
  for (std::uint32_t tried = 0; tried < kRanges; ++tried) {
    const auto number = static_cast<std::uint32_t>((start + tried) % kRanges);
    const os::IpNet range{ten.plus(number * kRangeSize), kNetworkPrefixMax};
    if (!overlaps_any(range, taken)) return range;
  }
  return fail(make_error(ErrorKind::kUnavailable,
                         "every range below 10.0.0.0/8 is in use: say a free one with "
                         "sandbox.network_range"));
}

Status check_range(const os::IpNet& range, std::span<const os::IpNet> taken) {
  if (range.address.version() != os::IpVersion::k4 || range.prefix > kNetworkPrefixMax) {
    return fail(make_error(ErrorKind::kInvalid,
                           fmt::format("sandbox.network_range = {}: must be an IPv4 network of "
                                       "prefix length {} or less, as 10.200.0.0/19",
                                       range.to_string(), kNetworkPrefixMax)));
  }
  if (overlaps_any(range, taken)) {
    return fail(make_error(ErrorKind::kConflict,
                           fmt::format("sandbox.network_range = {}: this machine has a route to "
                                       "addresses in it",
                                       range.to_string())));
  }
  return {};
}

os::IpNet unique_local_network(std::string_view tag) {
  const std::uint64_t hash = hash_of(tag);
  std::string bytes(16, '\0');
  bytes[0] = '\xfd';
  for (std::size_t i = 0; i < 5; ++i) bytes[i + 1] = static_cast<char>(hash >> (8 * i));
  // Never of a size other than 16.
  return {*os::IpAddress::from_bytes(bytes), 64};
}

std::string short_tag(std::string_view tag) {
  return fmt::format("{:08x}", static_cast<std::uint32_t>(hash_of(tag) >> 32));
}

}  // namespace lapwing::sandbox

#include "services/ec2/blocks.hpp"

#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "services/ec2/limits.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {
namespace {

// Nothing for what is no block, one address without a prefix among it.
std::optional<os::IpNet> parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = os::IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || prefix > address->bits()) return std::nullopt;
  return os::IpNet{address->masked(prefix), prefix};
}

}  // namespace

Result<os::IpNet> parse_block(std::string_view text, std::string_view code) {
  const auto block = parse(text);
  if (!block || block->address.version() != os::IpVersion::k4) {
    return fail(invalid_value(fmt::format(
        "Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text)));
  }
  if (block->prefix < kPrefixMin || block->prefix > kPrefixMax) {
    return fail(failure(ErrorKind::kInvalid, code, fmt::format("The CIDR '{}' is invalid.", text)));
  }
  return *block;
}

bool within(const os::IpNet& inner, const os::IpNet& outer) {
  return inner.prefix >= outer.prefix && outer.contains(inner.address);
}

Result<os::IpNet> parse_network(std::string_view text, os::IpVersion version) {
  const auto block = parse(text);
  if (!block || block->address.version() != version) {
    return fail(invalid_value(fmt::format("CIDR block {} is malformed", text)));
  }
  return *block;
}

}  // namespace lapwing::ec2

#include "server/network.hpp"

#include <fmt/core.h>

#include "sandbox/limits.hpp"

namespace lapwing::server {
namespace {

Error invalid(std::string message) { return make_error(ErrorKind::kInvalid, std::move(message)); }

bool host_allowed(const sandbox::Settings& set) {
  return set.network == "host" || set.network_host_allowed;
}

}  // namespace

Result<sandbox::NetworkOptions> network_options(const sandbox::Settings& set) {
  sandbox::NetworkOptions options;
  options.wanted = set.network != "none";
  options.host = options.wanted && host_allowed(set);
  options.connections_max = static_cast<std::uint64_t>(set.connections_max);
  if (!set.network_range.empty()) {
    auto range = os::IpNet::parse(set.network_range);
    if (!range) return fail(invalid("sandbox.network_range = " + range.error().message()));
    LAPWING_CHECK(sandbox::check_range(*range, {}));
    options.range = *range;
  }
  if (set.network_deny.size() > sandbox::kDeniedNetworksMax) {
    return fail(invalid(
        fmt::format("sandbox.network_deny: {} networks at most", sandbox::kDeniedNetworksMax)));
  }
  for (const std::string& text : set.network_deny) {
    auto net = os::IpNet::parse(text);
    if (!net) return fail(invalid("sandbox.network_deny = " + net.error().message()));
    options.denied.push_back(*net);
  }
  return options;
}

Result<sandbox::NetworkMode> default_network_mode(const sandbox::Settings& set,
                                                  const sandbox::NetworkStatus& status) {
  if (set.network == "auto") {
    return status.available ? sandbox::NetworkMode::kNat : sandbox::NetworkMode::kNone;
  }
  const auto mode = sandbox::parse_network_mode(set.network);
  if (!mode) return fail(invalid("sandbox.network = " + set.network));
  if (*mode != sandbox::NetworkMode::kNone && !status.available) {
    return fail(make_error(ErrorKind::kUnsupported,
                           fmt::format("sandbox.network = {}: {}", set.network, status.text)));
  }
  return *mode;
}

std::map<std::string, std::string> network_tag_values(const sandbox::Settings& set,
                                                      const sandbox::NetworkStatus& status) {
  std::string no_way_out;
  if (set.network == "none") {
    no_way_out = "this server gives functions no way out (sandbox.network = none)";
  } else if (!status.available) {
    no_way_out = "this server has no way out: " + status.text;
  }
  std::string no_host = no_way_out;
  if (no_host.empty() && !host_allowed(set)) {
    no_host = "this server does not let functions reach its machine (sandbox.network_host_allowed)";
  }
  return {{"none", ""}, {"nat", no_way_out}, {"host", no_host}};
}

std::string network_summary(sandbox::NetworkMode mode, const sandbox::NetworkStatus& status) {
  std::string text;
  switch (mode) {
    case sandbox::NetworkMode::kNone:
      text = "functions reach this server's API and nothing else (sandbox.network)";
      break;
    case sandbox::NetworkMode::kNat:
      text = "functions reach the outside, not this machine nor one another (sandbox.network)";
      break;
    case sandbox::NetworkMode::kHost:
      text = "functions reach the outside and this machine, not one another (sandbox.network)";
      break;
  }
  if (!status.text.empty()) text += "\n  " + status.text;
  return text;
}

}  // namespace lapwing::server

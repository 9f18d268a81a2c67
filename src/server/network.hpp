// What the configuration says of the functions' network, for the parts that carry it out.
//
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/settings.hpp"

namespace lapwing::server {

// For the launcher. kInvalid names the key.
Result<sandbox::NetworkOptions> network_options(const sandbox::Settings& set);

// The mode of functions that do not say; fails when one is configured that cannot be had.
Result<sandbox::NetworkMode> default_network_mode(const sandbox::Settings& set,
                                                  const sandbox::NetworkStatus& status);

// The values of the tag lapwing:network and why this server refuses them, "" where it does not.
std::map<std::string, std::string> network_tag_values(const sandbox::Settings& set,
                                                      const sandbox::NetworkStatus& status);

// One line for people: what functions reach.
std::string network_summary(sandbox::NetworkMode mode, const sandbox::NetworkStatus& status);

}  // namespace lapwing::server

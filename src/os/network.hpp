// What a fresh network namespace needs first. More of interfaces in link.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// Brings the loopback interface of this network namespace up.
Status loopback_up();
// Adds address/32 to the loopback interface; there already is fine.
Status add_loopback_address(const std::string& ipv4);
// A listening TCP socket, non-blocking, close-on-exec.
Result<UniqueFd> listen_tcp(const std::string& ipv4, std::uint16_t port, int backlog);

}  // namespace lapwing::os

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
// A UDP socket that is there to be sent to, and holds next to nothing of it: what is not read is
// dropped by the kernel, without a word to the sender.
Result<UniqueFd> drop_udp(const std::string& ipv4, std::uint16_t port);

}  // namespace lapwing::os

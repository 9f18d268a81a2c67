// Which addresses are this machine's own, loopback aside: what goes there does not leave it.
//
// Thread-safety: any thread; does not wait.
#pragma once

#include "os/ip.hpp"

namespace lapwing::os {

// Whether an interface of this network namespace has it. What cannot be found out counts as own.
bool is_own_address(const IpAddress& address);

}  // namespace lapwing::os

// Address blocks of VPCs and subnets.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "os/ip.hpp"

namespace lapwing::ec2 {

// "10.0.0.0/16", of 16 to 28 bits; set bits behind the prefix are put aside, as EC2 does. `code` is
// the error's where it has another size.
Result<os::IpNet> parse_block(std::string_view text, std::string_view code);
// Whether all of `inner` lies in `outer`.
bool within(const os::IpNet& inner, const os::IpNet& outer);
// Of a rule: any size, of this version.
Result<os::IpNet> parse_network(std::string_view text, os::IpVersion version);

}  // namespace lapwing::ec2

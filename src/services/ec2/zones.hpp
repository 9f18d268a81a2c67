// Regions and their availability zones: every region has three, called a, b and c.
//
// Thread-safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace lapwing::ec2 {

struct Zone {
  std::string name;  // "us-east-1a"
  std::string id;    // "use1-az1"
};
std::vector<Zone> zones_of(const Region& region);
// Empty: the region has no such zone.
std::string zone_id(const Region& region, std::string_view zone);

// Those that an account of AWS has from its beginning.
std::span<const std::string_view> common_regions();

}  // namespace lapwing::ec2

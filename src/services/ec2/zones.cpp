#include "services/ec2/zones.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace lapwing::ec2 {
namespace {

constexpr std::string_view kRegions[] = {
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
    "ap-southeast-2", "ca-central-1",   "eu-central-1",   "eu-north-1", "eu-west-1",
    "eu-west-2",      "eu-west-3",      "sa-east-1",      "us-east-1",  "us-east-2",
    "us-west-1",      "us-west-2"};

// "use1" of "us-east-1", "apse2" of "ap-southeast-2": of the area all, of directions the first
// letters.
std::string short_name(std::string_view region) {
  std::string out;
  for (bool first = true; !region.empty(); first = false) {
    const std::string_view part = region.substr(0, region.find('-'));
    region.remove_prefix(std::min(region.size(), part.size() + 1));
    if (first || part.size() <= 3) {
      out += part;
      continue;
    }
    out += part.front();
    for (const std::string_view second : {"east", "west"}) {
      if (part.size() > second.size() && part.ends_with(second)) out += second.front();
    }
  }
  return out;
}

}  // namespace

std::vector<Zone> zones_of(const Region& region) {
  const std::string code = short_name(region.view());
  std::vector<Zone> out;
  int number = 1;
  for (const char letter : {'a', 'b', 'c'}) {
    out.push_back(
        {fmt::format("{}{}", region.view(), letter), fmt::format("{}-az{}", code, number++)});
  }
  return out;
}

std::string zone_id(const Region& region, std::string_view zone) {
  for (const Zone& each : zones_of(region)) {
    if (each.name == zone) return each.id;
  }
  return {};
}

std::span<const std::string_view> common_regions() { return kRegions; }

}  // namespace lapwing::ec2

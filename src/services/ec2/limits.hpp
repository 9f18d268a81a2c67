// Named limits, of one account in one region. Where AWS's quotas can be raised, as far as AWS
// raises them without being asked why.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lapwing::ec2 {

inline constexpr std::size_t kVpcsMax = 100;
inline constexpr std::size_t kSubnetsPerVpcMax = 200;
inline constexpr std::size_t kGroupsMax = 2'500;
inline constexpr std::size_t kRulesPerGroupMax = 60;  // each way
inline constexpr std::size_t kTagsMax = 50;
inline constexpr std::size_t kFiltersMax = 50;
inline constexpr std::size_t kFilterValuesMax = 200;    // of all filters together
inline constexpr std::size_t kTaggedMax = 1'000;        // resources of one request
inline constexpr std::size_t kNameCharactersMax = 255;  // of groups and their descriptions
inline constexpr unsigned kPrefixMin = 16;              // of VPCs and subnets
inline constexpr unsigned kPrefixMax = 28;
inline constexpr std::uint32_t kReservedAddresses = 5;  // of each subnet
inline constexpr std::size_t kPageMin = 5;
inline constexpr std::size_t kPageMax = 1'000;

}  // namespace lapwing::ec2

// Regions, availability zones, what an account may have.
#include <algorithm>

#include <fmt/core.h>

#include "services/ec2/filters.hpp"
#include "services/ec2/limits.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/words.hpp"
#include "services/ec2/zones.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

template <class List>
bool has(const std::optional<List>& list, std::string_view item) {
  return !list || std::ranges::find(*list, item) != list->end();
}

ge::Region show(std::string_view region, bool common) {
  ge::Region out;
  out.region_name = std::string(region);
  out.endpoint = fmt::format("ec2.{}.amazonaws.com", region);
  out.opt_in_status = common ? "opt-in-not-required" : "opted-in";
  return out;
}

Facts facts_of(const ge::Region& region) {
  Facts out;
  out.add("region-name", *region.region_name);
  out.add("endpoint", *region.endpoint);
  out.add("opt-in-status", *region.opt_in_status);
  return out;
}

ge::AvailabilityZone show(const Region& region, const Zone& zone) {
  ge::AvailabilityZone out;
  out.zone_name = zone.name;
  out.zone_id = zone.id;
  out.zone_type = "availability-zone";
  out.state = "available";
  out.opt_in_status = "opt-in-not-required";
  out.region_name = region.str();
  out.group_name = fmt::format("{}-zg-1", region.view());
  out.network_border_group = region.str();
  out.messages.emplace();
  return out;
}

Facts facts_of(const ge::AvailabilityZone& zone) {
  Facts out;
  out.add("zone-name", *zone.zone_name);
  out.add("zone-id", *zone.zone_id);
  out.add("zone-type", *zone.zone_type);
  out.add("state", *zone.state);
  out.add("region-name", *zone.region_name);
  out.add("group-name", *zone.group_name);
  out.add("network-border-group", *zone.network_border_group);
  out.add("opt-in-status", *zone.opt_in_status);
  return out;
}

struct Attribute {
  std::string_view name;
  std::string value;
};

}  // namespace

Out<ge::DescribeRegions> describe_regions(Core&, const aws::Call& call,
                                          ge::DescribeRegionsRequest in) {
  LAPWING_CHECK(check_filters(in.filters, {"region-name", "endpoint", "opt-in-status"}));
  const std::string_view own = call.caller.region.view();
  std::vector<ge::Region> all;
  for (const std::string_view each : common_regions()) all.push_back(show(each, true));
  // One who calls in another one has it.
  if (std::ranges::find(common_regions(), own) == common_regions().end()) {
    all.push_back(show(own, false));
  }
  for (const std::string& name : in.region_names.value_or(std::vector<std::string>())) {
    const bool known =
        std::ranges::any_of(all, [&](const ge::Region& each) { return each.region_name == name; });
    if (!known) return fail(invalid_value(fmt::format("Invalid region provided: {}", name)));
  }
  ge::DescribeRegionsResult out;
  out.regions.emplace();
  for (const ge::Region& each : all) {
    if (!has(in.region_names, *each.region_name) || !facts_of(each).fit(in.filters)) continue;
    out.regions->push_back(each);
  }
  return out;
}

Out<ge::DescribeAvailabilityZones> describe_availability_zones(
    Core&, const aws::Call& call, ge::DescribeAvailabilityZonesRequest in) {
  LAPWING_CHECK(
      check_filters(in.filters, {"zone-name", "zone-id", "zone-type", "state", "region-name",
                                 "group-name", "network-border-group", "opt-in-status"}));
  const Region& region = call.caller.region;
  for (const std::string& name : in.zone_names.value_or(std::vector<std::string>())) {
    if (zone_id(region, name).empty()) {
      return fail(invalid_value(fmt::format("Invalid availability zone: [{}]", name)));
    }
  }
  ge::DescribeAvailabilityZonesResult out;
  out.availability_zones.emplace();
  for (const Zone& each : zones_of(region)) {
    if (!has(in.zone_names, each.name) || !has(in.zone_ids, each.id)) continue;
    ge::AvailabilityZone zone = show(region, each);
    if (facts_of(zone).fit(in.filters)) out.availability_zones->push_back(std::move(zone));
  }
  return out;
}

Out<ge::DescribeAccountAttributes> describe_account_attributes(
    Core& core, const aws::Call& call, ge::DescribeAccountAttributesRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(const auto vpcs, read<std::vector<Vpc>>(core, scope, [&](store::Reader& reader) {
                return all_of<VpcTable>(reader, scope);
              }));
  const std::optional<Vpc> vpc = default_vpc_of(vpcs);
  const Attribute all[] = {
      {"supported-platforms", "VPC"},
      {"default-vpc", vpc ? vpc->id : "none"},
      {"vpc-max-security-groups-per-interface", "5"},
  };
  ge::DescribeAccountAttributesResult out;
  out.account_attributes.emplace();
  for (const Attribute& each : all) {
    if (!has(in.attribute_names, each.name)) continue;
    ge::AccountAttribute shown;
    shown.attribute_name = std::string(each.name);
    ge::AccountAttributeValue value;
    value.attribute_value = each.value;
    shown.attribute_values.emplace().push_back(std::move(value));
    out.account_attributes->push_back(std::move(shown));
  }
  return out;
}

}  // namespace lapwing::ec2

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/ec2/blocks.hpp"
#include "services/ec2/default_vpc.hpp"
#include "services/ec2/filters.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/pages.hpp"
#include "services/ec2/tagging.hpp"
#include "services/ec2/zones.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

std::string arn_of(const Subnet& subnet) {
  return aws::make_arn("ec2", subnet.scope.region, subnet.scope.account, "subnet/" + subnet.id);
}

std::int32_t addresses_of(const Subnet& subnet) {
  const auto block = os::IpNet::parse(subnet.cidr);
  if (!block) return 0;
  return static_cast<std::int32_t>((1u << (block->address.bits() - block->prefix)) -
                                   kReservedAddresses);
}

ge::Subnet show(const Subnet& subnet) {
  ge::Subnet out;
  out.subnet_id = subnet.id;
  out.subnet_arn = arn_of(subnet);
  out.vpc_id = subnet.vpc;
  out.owner_id = subnet.scope.account.str();
  out.state = "available";
  out.cidr_block = subnet.cidr;
  out.available_ip_address_count = addresses_of(subnet);
  out.availability_zone = subnet.zone;
  out.availability_zone_id = zone_id(subnet.scope.region, subnet.zone);
  out.default_for_az = subnet.is_default;
  out.map_public_ip_on_launch = subnet.public_addresses;
  out.assign_ipv6_address_on_creation = false;
  out.map_customer_owned_ip_on_launch = false;
  out.enable_dns64 = false;
  out.ipv6_native = false;
  out.ipv6_cidr_block_association_set.emplace();
  auto& names = out.private_dns_name_options_on_launch.emplace();
  names.hostname_type = "ip-name";
  names.enable_resource_name_dns_a_record = false;
  names.enable_resource_name_dns_aaaa_record = false;
  out.tags = show_tags(subnet.tags);
  return out;
}

Facts facts_of(const Subnet& subnet) {
  Facts out;
  out.add("subnet-id", subnet.id);
  out.add("subnet-arn", arn_of(subnet));
  out.add("vpc-id", subnet.vpc);
  out.add("owner-id", subnet.scope.account.str());
  out.add("state", "available");
  for (const std::string_view name : {"cidr", "cidrBlock", "cidr-block"}) {
    out.add(name, subnet.cidr);
  }
  out.add("available-ip-address-count", std::to_string(addresses_of(subnet)));
  for (const std::string_view name : {"availability-zone", "availabilityZone"}) {
    out.add(name, subnet.zone);
  }
  const std::string id = zone_id(subnet.scope.region, subnet.zone);
  for (const std::string_view name : {"availability-zone-id", "availabilityZoneId"}) {
    out.add(name, id);
  }
  for (const std::string_view name : {"default-for-az", "defaultForAz"}) {
    out.add(name, subnet.is_default);
  }
  out.add("map-public-ip-on-launch", subnet.public_addresses);
  out.add_tags(subnet.tags);
  return out;
}

// By its name or its id; the first of the region where nothing is said.
Result<std::string> zone_asked(const Region& region, const std::optional<std::string>& name,
                               const std::optional<std::string>& id) {
  const std::vector<Zone> zones = zones_of(region);
  if (!name && !id) return zones.front().name;
  for (const Zone& each : zones) {
    if (name ? each.name == *name : each.id == *id) return each.name;
  }
  return fail(invalid_value(
      fmt::format("Value ({}) for parameter availabilityZone is invalid. Subnets can currently "
                  "only be created in the following availability zones: {}, {}, {}.",
                  name ? *name : *id, zones[0].name, zones[1].name, zones[2].name)));
}

Status check_place(store::Reader& reader, const Vpc& vpc, const os::IpNet& block) {
  const auto whole = os::IpNet::parse(vpc.cidr);
  if (!whole || !within(block, *whole)) {
    return fail(failure(ErrorKind::kInvalid, "InvalidSubnet.Range",
                        fmt::format("The CIDR '{}' is invalid.", block.to_string())));
  }
  LAPWING_TRY(const auto all, all_of<SubnetTable>(reader, vpc.scope));
  std::size_t beside = 0;
  for (const Subnet& each : all) {
    if (each.vpc != vpc.id) continue;
    ++beside;
    const auto taken = os::IpNet::parse(each.cidr);
    if (taken && taken->overlaps(block)) {
      return fail(
          failure(ErrorKind::kConflict, "InvalidSubnet.Conflict",
                  fmt::format("The CIDR '{}' conflicts with another subnet", block.to_string())));
    }
  }
  return beside < kSubnetsPerVpcMax ? Status()
                                    : fail(limit_reached("SubnetLimitExceeded", "subnets"));
}

}  // namespace

Out<ge::CreateSubnet> create_subnet(Core& core, const aws::Call& call, ge::CreateSubnetRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  if (!in.cidr_block) return fail(missing("cidrBlock"));
  LAPWING_TRY(const os::IpNet block, parse_block(*in.cidr_block, "InvalidSubnet.Range"));
  LAPWING_TRY(const std::string zone,
              zone_asked(scope.region, in.availability_zone, in.availability_zone_id));
  LAPWING_TRY(resources::Tags tags, tags_for("subnet", in.tag_specifications));
  Subnet subnet;
  subnet.scope = scope;
  subnet.id = core.new_id("subnet");
  subnet.vpc = in.vpc_id;
  subnet.cidr = block.to_string();
  subnet.zone = zone;
  subnet.tags = std::move(tags);
  LAPWING_CHECK(change<bool>(core, scope, [&](store::Txn& txn) -> Result<bool> {
    LAPWING_TRY(const Vpc vpc, find_vpc(txn, scope, in.vpc_id));
    LAPWING_CHECK(check_place(txn, vpc, block));
    LAPWING_CHECK(Subnets::insert(txn, subnet));
    return true;
  }));
  ge::CreateSubnetResult out;
  out.subnet = show(subnet);
  return out;
}

Out<ge::CreateDefaultSubnet> create_default_subnet(Core& core, const aws::Call& call,
                                                   ge::CreateDefaultSubnetRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  if (!in.availability_zone && !in.availability_zone_id) return fail(missing("availabilityZone"));
  LAPWING_TRY(const std::string zone,
              zone_asked(scope.region, in.availability_zone, in.availability_zone_id));
  Subnet subnet;
  subnet.scope = scope;
  subnet.id = core.new_id("subnet");
  subnet.zone = zone;
  subnet.is_default = true;
  subnet.public_addresses = true;
  const auto zones = zones_of(scope.region);
  const auto number = std::ranges::find(zones, zone, &Zone::name) - zones.begin();
  subnet.cidr = default_subnet_block(static_cast<std::size_t>(number));
  LAPWING_CHECK(change<bool>(core, scope, [&](store::Txn& txn) -> Result<bool> {
    LAPWING_TRY(const auto vpcs, all_of<VpcTable>(txn, scope));
    const auto vpc = default_vpc_of(vpcs);
    if (!vpc) {
      return fail(failure(ErrorKind::kNotFound, "DefaultVpcDoesNotExist",
                          "No default VPC exists for this account in this region."));
    }
    subnet.vpc = vpc->id;
    LAPWING_TRY(const auto all, all_of<SubnetTable>(txn, scope));
    for (const Subnet& each : all) {
      if (each.is_default && each.zone == zone) {
        return fail(
            failure(ErrorKind::kConflict, "DefaultSubnetAlreadyExistsInAvailabilityZone",
                    fmt::format("'{}' is already the default subnet in {}.", each.id, zone)));
      }
    }
    LAPWING_TRY(const os::IpNet block, parse_block(subnet.cidr, "InvalidSubnet.Range"));
    LAPWING_CHECK(check_place(txn, *vpc, block));
    LAPWING_CHECK(Subnets::insert(txn, subnet));
    return true;
  }));
  ge::CreateDefaultSubnetResult out;
  out.subnet = show(subnet);
  return out;
}

Out<ge::DeleteSubnet> delete_subnet(Core& core, const aws::Call& call, ge::DeleteSubnetRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(change<bool>(core, scope, [&](store::Txn& txn) -> Result<bool> {
    LAPWING_TRY(const Subnet subnet, find_subnet(txn, scope, in.subnet_id));
    if (core.in_use(scope, subnet.id)) {
      return fail(has_dependents(
          fmt::format("The subnet '{}' has dependencies and cannot be deleted.", subnet.id)));
    }
    LAPWING_CHECK(Subnets::erase(txn, SubnetTable::key(subnet)));
    return true;
  }));
  return aws::Empty();
}

Out<ge::DescribeSubnets> describe_subnets(Core& core, const aws::Call& call,
                                          ge::DescribeSubnetsRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(check_filters(
      in.filters, {"subnet-id", "subnet-arn", "vpc-id", "owner-id", "state", "cidr", "cidrBlock",
                   "cidr-block", "available-ip-address-count", "availability-zone",
                   "availabilityZone", "availability-zone-id", "availabilityZoneId",
                   "default-for-az", "defaultForAz", "map-public-ip-on-launch"}));
  using All = std::vector<Subnet>;
  LAPWING_TRY(auto found, read<All>(core, scope, [&](store::Reader& reader) -> Result<All> {
                if (!in.subnet_ids) return all_of<SubnetTable>(reader, scope);
                All named;
                for (const std::string& id : *in.subnet_ids) {
                  LAPWING_TRY(Subnet subnet, find_subnet(reader, scope, id));
                  named.push_back(std::move(subnet));
                }
                return named;
              }));
  std::erase_if(found, [&](const Subnet& each) { return !facts_of(each).fit(in.filters); });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeSubnets", in.max_results,
                                 in.next_token, [](const Subnet& each) { return each.id; }));
  ge::DescribeSubnetsResult out;
  out.subnets.emplace();
  for (const Subnet& each : page.items) out.subnets->push_back(show(each));
  out.next_token = std::move(page.next);
  return out;
}

Out<ge::ModifySubnetAttribute> modify_subnet_attribute(Core& core, const aws::Call& call,
                                                       ge::ModifySubnetAttributeRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(change<bool>(core, scope, [&](store::Txn& txn) -> Result<bool> {
    LAPWING_TRY(Subnet subnet, find_subnet(txn, scope, in.subnet_id));
    if (in.map_public_ip_on_launch) {
      subnet.public_addresses = in.map_public_ip_on_launch->value.value_or(false);
    }
    LAPWING_CHECK(Subnets::put(txn, subnet));
    return true;
  }));
  return aws::Empty();
}

}  // namespace lapwing::ec2

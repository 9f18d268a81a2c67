#include "services/ec2/default_vpc.hpp"

#include <fmt/core.h>

#include "services/ec2/tables.hpp"
#include "services/ec2/zones.hpp"

namespace lapwing::ec2 {
namespace {

constexpr std::string_view kBlock = "172.31.0.0/16";
constexpr std::size_t kSubnetStep = 16;  // of the third number: blocks of /20

}  // namespace

Rule everything_out(const std::string& id) {
  Rule out;
  out.id = id;
  out.egress = true;
  out.protocol = "-1";
  out.cidr_v4 = "0.0.0.0/0";
  return out;
}

Group default_group(const aws::Scope& scope, const std::string& vpc, const std::string& id,
                    const std::string& rule_in, const std::string& rule_out) {
  Group out;
  out.scope = scope;
  out.id = id;
  out.vpc = vpc;
  out.name = "default";
  out.description = "default VPC security group";
  Rule in;
  in.id = rule_in;
  in.protocol = "-1";
  in.group = id;
  out.rules = {std::move(in), everything_out(rule_out)};
  return out;
}

std::string default_subnet_block(std::size_t zone) {
  return fmt::format("172.31.{}.0/20", zone * kSubnetStep);
}

DefaultVpcIds draw_default_vpc(Core& core, const aws::Scope& scope) {
  DefaultVpcIds out;
  out.vpc = core.new_id("vpc");
  out.group = core.new_id("sg");
  for (std::string& rule : out.rules) rule = core.new_id("sgr");
  for (std::size_t i = 0; i < zones_of(scope.region).size(); ++i) {
    out.subnets.push_back(core.new_id("subnet"));
  }
  return out;
}

Result<Vpc> make_default_vpc(store::Txn& txn, const aws::Scope& scope, const DefaultVpcIds& ids) {
  Vpc vpc;
  vpc.scope = scope;
  vpc.id = ids.vpc;
  vpc.cidr = kBlock;
  vpc.is_default = true;
  vpc.dns_hostnames = true;
  LAPWING_CHECK(Vpcs::insert(txn, vpc));
  LAPWING_CHECK(
      Groups::insert(txn, default_group(scope, vpc.id, ids.group, ids.rules[0], ids.rules[1])));
  const std::vector<Zone> zones = zones_of(scope.region);
  for (std::size_t i = 0; i < zones.size(); ++i) {
    Subnet subnet;
    subnet.scope = scope;
    subnet.id = ids.subnets[i];
    subnet.vpc = vpc.id;
    subnet.cidr = default_subnet_block(i);
    subnet.zone = zones[i].name;
    subnet.is_default = true;
    subnet.public_addresses = true;
    LAPWING_CHECK(Subnets::insert(txn, subnet));
  }
  return vpc;
}

Status open_region(Core& core, const aws::Scope& scope) {
  const Opening opening{scope};
  LAPWING_TRY(const auto there, core.store.get(OpeningTable::kKind, OpeningTable::key(opening)));
  if (there) return {};
  const DefaultVpcIds ids = draw_default_vpc(core, scope);
  LAPWING_CHECK(core.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto found, Openings::find(txn, OpeningTable::key(opening)));
    if (found) return {};
    LAPWING_CHECK(Openings::insert(txn, opening));
    LAPWING_CHECK(make_default_vpc(txn, scope, ids));
    return {};
  }));
  return {};
}

}  // namespace lapwing::ec2

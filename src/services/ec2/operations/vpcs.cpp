#include <algorithm>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "services/ec2/blocks.hpp"
#include "services/ec2/default_vpc.hpp"
#include "services/ec2/filters.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/pages.hpp"
#include "services/ec2/tagging.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

constexpr std::string_view kNoDhcpOptions = "default";

ge::Vpc show(const Vpc& vpc, std::string_view state) {
  ge::Vpc out;
  out.vpc_id = vpc.id;
  out.owner_id = vpc.scope.account.str();
  out.state = std::string(state);
  out.cidr_block = vpc.cidr;
  out.dhcp_options_id = std::string(kNoDhcpOptions);
  out.instance_tenancy = "default";
  out.is_default = vpc.is_default;
  ge::VpcCidrBlockAssociation block;
  block.association_id = id_beside("vpc-cidr-assoc", vpc.id);
  block.cidr_block = vpc.cidr;
  block.cidr_block_state.emplace().state = "associated";
  out.cidr_block_association_set.emplace().push_back(std::move(block));
  out.tags = show_tags(vpc.tags);
  return out;
}

Facts facts_of(const Vpc& vpc) {
  Facts out;
  out.add("vpc-id", vpc.id);
  out.add("owner-id", vpc.scope.account.str());
  out.add("state", "available");
  out.add("cidr", vpc.cidr);
  out.add("cidr-block-association.cidr-block", vpc.cidr);
  out.add("cidr-block-association.association-id", id_beside("vpc-cidr-assoc", vpc.id));
  out.add("cidr-block-association.state", "associated");
  out.add("dhcp-options-id", kNoDhcpOptions);
  out.add("is-default", vpc.is_default);
  out.add("isDefault", vpc.is_default);
  out.add_tags(vpc.tags);
  return out;
}

Status check_room(store::Reader& reader, const aws::Scope& scope) {
  LAPWING_TRY(const auto all, all_of<VpcTable>(reader, scope));
  return all.size() < kVpcsMax ? Status() : fail(limit_reached("VpcLimitExceeded", "VPCs"));
}

}  // namespace

Out<ge::CreateVpc> create_vpc(Core& core, const aws::Call& call, ge::CreateVpcRequest in) {
  if (!in.cidr_block) return fail(missing("cidrBlock"));
  LAPWING_TRY(const os::IpNet block, parse_block(*in.cidr_block, "InvalidVpc.Range"));
  if (in.instance_tenancy && *in.instance_tenancy != "default") {
    return fail(aws::unsupported("ec2", "CreateVpc", "InstanceTenancy=" + *in.instance_tenancy));
  }
  LAPWING_TRY(resources::Tags tags, tags_for("vpc", in.tag_specifications));
  Vpc vpc;
  vpc.scope = aws::scope_of(call.caller);
  vpc.id = core.new_id("vpc");
  vpc.cidr = block.to_string();
  vpc.tags = std::move(tags);
  const Group group =
      default_group(vpc.scope, vpc.id, core.new_id("sg"), core.new_id("sgr"), core.new_id("sgr"));
  LAPWING_CHECK(change<Vpc>(core, vpc.scope, [&](store::Txn& txn) -> Result<Vpc> {
    LAPWING_CHECK(check_room(txn, vpc.scope));
    LAPWING_CHECK(Vpcs::insert(txn, vpc));
    LAPWING_CHECK(Groups::insert(txn, group));
    return vpc;
  }));
  ge::CreateVpcResult out;
  out.vpc = show(vpc, "pending");
  return out;
}

Out<ge::CreateDefaultVpc> create_default_vpc(Core& core, const aws::Call& call,
                                             ge::CreateDefaultVpcRequest) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const DefaultVpcIds ids = draw_default_vpc(core, scope);
  LAPWING_TRY(const Vpc made, change<Vpc>(core, scope, [&](store::Txn& txn) -> Result<Vpc> {
                LAPWING_TRY(const auto all, all_of<VpcTable>(txn, scope));
                if (default_vpc_of(all)) {
                  return fail(failure(ErrorKind::kConflict, "DefaultVpcAlreadyExists",
                                      "A Default VPC already exists for this account in this "
                                      "region."));
                }
                LAPWING_CHECK(check_room(txn, scope));
                return make_default_vpc(txn, scope, ids);
              }));
  ge::CreateDefaultVpcResult out;
  out.vpc = show(made, "pending");
  return out;
}

Out<ge::DeleteVpc> delete_vpc(Core& core, const aws::Call& call, ge::DeleteVpcRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(change<Vpc>(core, scope, [&](store::Txn& txn) -> Result<Vpc> {
    LAPWING_TRY(Vpc vpc, find_vpc(txn, scope, in.vpc_id));
    LAPWING_TRY(const auto subnets, all_of<SubnetTable>(txn, scope));
    LAPWING_TRY(const auto groups, all_of<GroupTable>(txn, scope));
    const bool subnetted = std::ranges::find(subnets, vpc.id, &Subnet::vpc) != subnets.end();
    const bool grouped = std::ranges::any_of(groups, [&](const Group& each) {
      return each.vpc == vpc.id && (!each.is_default() || core.in_use(scope, each.id));
    });
    if (subnetted || grouped) {
      return fail(has_dependents(
          fmt::format("The vpc '{}' has dependencies and cannot be deleted.", vpc.id)));
    }
    for (const Group& each : groups) {
      if (each.vpc == vpc.id) LAPWING_CHECK(Groups::erase(txn, GroupTable::key(each)));
    }
    LAPWING_CHECK(Vpcs::erase(txn, VpcTable::key(vpc)));
    return vpc;
  }));
  return aws::Empty();
}

Out<ge::DescribeVpcs> describe_vpcs(Core& core, const aws::Call& call, ge::DescribeVpcsRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(check_filters(
      in.filters, {"vpc-id", "owner-id", "state", "cidr", "cidr-block-association.cidr-block",
                   "cidr-block-association.association-id", "cidr-block-association.state",
                   "dhcp-options-id", "is-default", "isDefault"}));
  LAPWING_TRY(auto found, read<std::vector<Vpc>>(
                              core, scope, [&](store::Reader& reader) -> Result<std::vector<Vpc>> {
                                if (!in.vpc_ids) return all_of<VpcTable>(reader, scope);
                                std::vector<Vpc> named;
                                for (const std::string& id : *in.vpc_ids) {
                                  LAPWING_TRY(Vpc vpc, find_vpc(reader, scope, id));
                                  named.push_back(std::move(vpc));
                                }
                                return named;
                              }));
  std::erase_if(found, [&](const Vpc& each) { return !facts_of(each).fit(in.filters); });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeVpcs", in.max_results,
                                 in.next_token, [](const Vpc& each) { return each.id; }));
  ge::DescribeVpcsResult out;
  out.vpcs.emplace();
  for (const Vpc& each : page.items) out.vpcs->push_back(show(each, "available"));
  out.next_token = std::move(page.next);
  return out;
}

Out<ge::DescribeVpcAttribute> describe_vpc_attribute(Core& core, const aws::Call& call,
                                                     ge::DescribeVpcAttributeRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(const Vpc vpc, read<Vpc>(core, scope, [&](store::Reader& reader) {
                return find_vpc(reader, scope, in.vpc_id);
              }));
  ge::DescribeVpcAttributeResult out;
  out.vpc_id = vpc.id;
  if (in.attribute == "enableDnsSupport") {
    out.enable_dns_support.emplace().value = vpc.dns_support;
  } else if (in.attribute == "enableDnsHostnames") {
    out.enable_dns_hostnames.emplace().value = vpc.dns_hostnames;
  } else {
    out.enable_network_address_usage_metrics.emplace().value = vpc.usage_metrics;
  }
  return out;
}

Out<ge::ModifyVpcAttribute> modify_vpc_attribute(Core& core, const aws::Call& call,
                                                 ge::ModifyVpcAttributeRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(change<Vpc>(core, scope, [&](store::Txn& txn) -> Result<Vpc> {
    LAPWING_TRY(Vpc vpc, find_vpc(txn, scope, in.vpc_id));
    if (in.enable_dns_support) vpc.dns_support = in.enable_dns_support->value.value_or(false);
    if (in.enable_dns_hostnames) vpc.dns_hostnames = in.enable_dns_hostnames->value.value_or(false);
    if (in.enable_network_address_usage_metrics) {
      vpc.usage_metrics = in.enable_network_address_usage_metrics->value.value_or(false);
    }
    LAPWING_CHECK(Vpcs::put(txn, vpc));
    return vpc;
  }));
  return aws::Empty();
}

}  // namespace lapwing::ec2

#include "services/ec2/service.hpp"

#include <utility>

#include "aws/arn.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;
using aws::Access;

template <class Op>
using Fn = Out<Op> (*)(Core&, const aws::Call&, typename Op::Input);

// DryRun asks whether the call would be allowed, which it has been when this runs.
template <class Op, Fn<Op> fn>
Out<Op> unless_dry(Core& core, const aws::Call& call, typename Op::Input in) {
  if constexpr (requires { in.dry_run; }) {
    if (in.dry_run.value_or(false)) return fail(dry_run());
  }
  return fn(core, call, std::move(in));
}

std::string arn_of(const aws::Call& call, std::string_view type, std::string_view id) {
  return aws::make_arn("ec2", call.caller.region, call.caller.account,
                       std::string(type) + "/" + std::string(id));
}

template <class In>
std::string vpc_asked(const aws::Call& call, const In& in) {
  return arn_of(call, "vpc", in.vpc_id);
}

template <class In>
std::string subnet_asked(const aws::Call& call, const In& in) {
  return arn_of(call, "subnet", in.subnet_id);
}

// By name: of the default VPC, and whichever that is.
template <class In>
std::string group_asked(const aws::Call& call, const In& in) {
  if constexpr (std::is_same_v<decltype(in.group_id), std::string>) {
    return arn_of(call, "security-group", in.group_id);
  } else {
    return arn_of(call, "security-group", in.group_id.value_or("*"));
  }
}

template <class In>
std::string new_one(const aws::Call& call, const In&) {
  constexpr std::string_view kType = std::is_same_v<In, ge::CreateVpcRequest> ? "vpc"
                                     : std::is_same_v<In, ge::CreateSubnetRequest>
                                         ? "subnet"
                                         : "security-group";
  return arn_of(call, kType, "*");
}

// Of ids of any type: their ARNs begin alike.
std::string type_of(std::string_view id) {
  const std::string_view kind = id.substr(0, id.find('-'));
  if (kind == "sg") return "security-group";
  if (kind == "sgr") return "security-group-rule";
  if (kind == "rtb") return "route-table";
  if (kind == "acl") return "network-acl";
  if (kind == "igw") return "internet-gateway";
  return std::string(kind);
}

template <class In>
std::vector<std::string> tagged(const aws::Call& call, const In& in) {
  std::vector<std::string> out;
  for (const std::string& id : in.resources) out.push_back(arn_of(call, type_of(id), id));
  return out;
}

// One that only reads.
template <class Op, Fn<Op> fn>
void add_reader(aws::OperationTable& table, Core& core) {
  table.add<Op>(core, unless_dry<Op, fn>, {.access = Access::kList, .resource = aws::kNoResource});
}

void add_vpcs(aws::OperationTable& table, Core& core) {
  table.add<ge::CreateVpc>(
      core, unless_dry<ge::CreateVpc, create_vpc>,
      {.access = Access::kWrite,
       .resource = new_one<ge::CreateVpcRequest>,
       .accepts = {"CidrBlock", "DryRun", "InstanceTenancy", "TagSpecifications"}});
  table.add<ge::CreateDefaultVpc>(core, unless_dry<ge::CreateDefaultVpc, create_default_vpc>,
                                  {.access = Access::kWrite, .resource = aws::kNoResource});
  table.add<ge::DeleteVpc>(core, unless_dry<ge::DeleteVpc, delete_vpc>,
                           {.access = Access::kWrite, .resource = vpc_asked<ge::DeleteVpcRequest>});
  table.add<ge::DescribeVpcAttribute>(
      core, unless_dry<ge::DescribeVpcAttribute, describe_vpc_attribute>,
      {.access = Access::kRead, .resource = vpc_asked<ge::DescribeVpcAttributeRequest>});
  table.add<ge::ModifyVpcAttribute>(
      core, unless_dry<ge::ModifyVpcAttribute, modify_vpc_attribute>,
      {.access = Access::kWrite, .resource = vpc_asked<ge::ModifyVpcAttributeRequest>});
  add_reader<ge::DescribeVpcs, describe_vpcs>(table, core);
}

void add_subnets(aws::OperationTable& table, Core& core) {
  table.add<ge::CreateSubnet>(core, unless_dry<ge::CreateSubnet, create_subnet>,
                              {.access = Access::kWrite,
                               .resource = new_one<ge::CreateSubnetRequest>,
                               .accepts = {"AvailabilityZone", "AvailabilityZoneId", "CidrBlock",
                                           "DryRun", "TagSpecifications", "VpcId"}});
  table.add<ge::CreateDefaultSubnet>(
      core, unless_dry<ge::CreateDefaultSubnet, create_default_subnet>,
      {.access = Access::kWrite,
       .resource = aws::kNoResource,
       .accepts = {"AvailabilityZone", "AvailabilityZoneId", "DryRun"}});
  table.add<ge::DeleteSubnet>(
      core, unless_dry<ge::DeleteSubnet, delete_subnet>,
      {.access = Access::kWrite, .resource = subnet_asked<ge::DeleteSubnetRequest>});
  table.add<ge::ModifySubnetAttribute>(
      core, unless_dry<ge::ModifySubnetAttribute, modify_subnet_attribute>,
      {.access = Access::kWrite,
       .resource = subnet_asked<ge::ModifySubnetAttributeRequest>,
       .accepts = {"MapPublicIpOnLaunch", "SubnetId"}});
  add_reader<ge::DescribeSubnets, describe_subnets>(table, core);
}

template <class Op, Fn<Op> fn>
void add_group_writer(aws::OperationTable& table, Core& core,
                      std::initializer_list<std::string_view> accepts = {}) {
  table.add<Op>(
      core, unless_dry<Op, fn>,
      {.access = Access::kWrite, .resource = group_asked<typename Op::Input>, .accepts = accepts});
}

void add_groups(aws::OperationTable& table, Core& core) {
  table.add<ge::CreateSecurityGroup>(
      core, unless_dry<ge::CreateSecurityGroup, create_security_group>,
      {.access = Access::kWrite, .resource = new_one<ge::CreateSecurityGroupRequest>});
  add_group_writer<ge::DeleteSecurityGroup, delete_security_group>(table, core);
  // Groups are named by id in IpPermissions.
  add_group_writer<ge::AuthorizeSecurityGroupEgress, authorize_egress>(
      table, core,
      {"CidrIp", "DryRun", "FromPort", "GroupId", "IpPermissions", "IpProtocol",
       "TagSpecifications", "ToPort"});
  add_group_writer<ge::AuthorizeSecurityGroupIngress, authorize_ingress>(
      table, core,
      {"CidrIp", "DryRun", "FromPort", "GroupId", "GroupName", "IpPermissions", "IpProtocol",
       "TagSpecifications", "ToPort"});
  add_group_writer<ge::RevokeSecurityGroupEgress, revoke_egress>(
      table, core,
      {"CidrIp", "DryRun", "FromPort", "GroupId", "IpPermissions", "IpProtocol",
       "SecurityGroupRuleIds", "ToPort"});
  add_group_writer<ge::RevokeSecurityGroupIngress, revoke_ingress>(
      table, core,
      {"CidrIp", "DryRun", "FromPort", "GroupId", "GroupName", "IpPermissions", "IpProtocol",
       "SecurityGroupRuleIds", "ToPort"});
  add_group_writer<ge::ModifySecurityGroupRules, modify_security_group_rules>(table, core);
  add_group_writer<ge::UpdateSecurityGroupRuleDescriptionsEgress, describe_egress_anew>(table,
                                                                                        core);
  add_group_writer<ge::UpdateSecurityGroupRuleDescriptionsIngress, describe_ingress_anew>(table,
                                                                                          core);
  add_reader<ge::DescribeSecurityGroups, describe_security_groups>(table, core);
  add_reader<ge::DescribeSecurityGroupRules, describe_security_group_rules>(table, core);
}

void add_tags(aws::OperationTable& table, Core& core) {
  table.add<ge::CreateTags>(
      core, unless_dry<ge::CreateTags, create_tags>,
      {.access = Access::kTagging, .resource = tagged<ge::CreateTagsRequest>});
  table.add<ge::DeleteTags>(
      core, unless_dry<ge::DeleteTags, delete_tags>,
      {.access = Access::kTagging, .resource = tagged<ge::DeleteTagsRequest>});
  add_reader<ge::DescribeTags, describe_tags>(table, core);
}

void add_readers(aws::OperationTable& table, Core& core) {
  add_reader<ge::DescribeAccountAttributes, describe_account_attributes>(table, core);
  add_reader<ge::DescribeAvailabilityZones, describe_availability_zones>(table, core);
  add_reader<ge::DescribeRegions, describe_regions>(table, core);
  add_reader<ge::DescribeRouteTables, describe_route_tables>(table, core);
  add_reader<ge::DescribeNetworkAcls, describe_network_acls>(table, core);
  add_reader<ge::DescribeInternetGateways, describe_internet_gateways>(table, core);
  add_reader<ge::DescribeNatGateways, describe_nat_gateways>(table, core);
  add_reader<ge::DescribeVpcEndpoints, describe_vpc_endpoints>(table, core);
  add_reader<ge::DescribeNetworkInterfaces, describe_network_interfaces>(table, core);
  add_reader<ge::DescribeVpnGateways, describe_vpn_gateways>(table, core);
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(ge::kModel);
  add_vpcs(table, core);
  add_subnets(table, core);
  add_groups(table, core);
  add_tags(table, core);
  add_readers(table, core);
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given)
    : core_{.store = given.store.store(), .random = given.random, .ports = given.ports},
      networks_(core_),
      api_(make_table(core_), given.pipeline) {}

}  // namespace lapwing::ec2

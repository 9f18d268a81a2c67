// The operations, by family; what is not named by its file here is in the file of its resource.
#pragma once

#include "aws/call.hpp"
#include "gen/ec2/types.hpp"
#include "services/ec2/core.hpp"

namespace lapwing::ec2 {

template <class Op>
using Out = Result<typename Op::Output>;

#define LAPWING_EC2_OPERATION(Op, function) \
  Out<gen::ec2::Op> function(Core& core, const aws::Call& call, gen::ec2::Op::Input in)

// vpcs.cpp
LAPWING_EC2_OPERATION(CreateVpc, create_vpc);
LAPWING_EC2_OPERATION(CreateDefaultVpc, create_default_vpc);
LAPWING_EC2_OPERATION(DeleteVpc, delete_vpc);
LAPWING_EC2_OPERATION(DescribeVpcs, describe_vpcs);
LAPWING_EC2_OPERATION(DescribeVpcAttribute, describe_vpc_attribute);
LAPWING_EC2_OPERATION(ModifyVpcAttribute, modify_vpc_attribute);
// subnets.cpp
LAPWING_EC2_OPERATION(CreateSubnet, create_subnet);
LAPWING_EC2_OPERATION(CreateDefaultSubnet, create_default_subnet);
LAPWING_EC2_OPERATION(DeleteSubnet, delete_subnet);
LAPWING_EC2_OPERATION(DescribeSubnets, describe_subnets);
LAPWING_EC2_OPERATION(ModifySubnetAttribute, modify_subnet_attribute);
// groups.cpp
LAPWING_EC2_OPERATION(CreateSecurityGroup, create_security_group);
LAPWING_EC2_OPERATION(DeleteSecurityGroup, delete_security_group);
LAPWING_EC2_OPERATION(DescribeSecurityGroups, describe_security_groups);
LAPWING_EC2_OPERATION(DescribeSecurityGroupRules, describe_security_group_rules);
// group_rules.cpp
LAPWING_EC2_OPERATION(AuthorizeSecurityGroupEgress, authorize_egress);
LAPWING_EC2_OPERATION(AuthorizeSecurityGroupIngress, authorize_ingress);
LAPWING_EC2_OPERATION(RevokeSecurityGroupEgress, revoke_egress);
LAPWING_EC2_OPERATION(RevokeSecurityGroupIngress, revoke_ingress);
LAPWING_EC2_OPERATION(ModifySecurityGroupRules, modify_security_group_rules);
LAPWING_EC2_OPERATION(UpdateSecurityGroupRuleDescriptionsEgress, describe_egress_anew);
LAPWING_EC2_OPERATION(UpdateSecurityGroupRuleDescriptionsIngress, describe_ingress_anew);
// tags.cpp
LAPWING_EC2_OPERATION(CreateTags, create_tags);
LAPWING_EC2_OPERATION(DeleteTags, delete_tags);
LAPWING_EC2_OPERATION(DescribeTags, describe_tags);
// places.cpp
LAPWING_EC2_OPERATION(DescribeAvailabilityZones, describe_availability_zones);
LAPWING_EC2_OPERATION(DescribeRegions, describe_regions);
LAPWING_EC2_OPERATION(DescribeAccountAttributes, describe_account_attributes);
// surroundings.cpp: what belongs to a VPC, and what there is none of
LAPWING_EC2_OPERATION(DescribeRouteTables, describe_route_tables);
LAPWING_EC2_OPERATION(DescribeNetworkAcls, describe_network_acls);
LAPWING_EC2_OPERATION(DescribeInternetGateways, describe_internet_gateways);
LAPWING_EC2_OPERATION(DescribeNatGateways, describe_nat_gateways);
LAPWING_EC2_OPERATION(DescribeVpcEndpoints, describe_vpc_endpoints);
LAPWING_EC2_OPERATION(DescribeNetworkInterfaces, describe_network_interfaces);
LAPWING_EC2_OPERATION(DescribeVpnGateways, describe_vpn_gateways);

#undef LAPWING_EC2_OPERATION

}  // namespace lapwing::ec2

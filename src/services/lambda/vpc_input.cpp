#include "services/lambda/vpc_input.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "ports/networks.hpp"
#include "services/lambda/errors.hpp"

namespace lapwing::lambda {
namespace {

using Ids = std::vector<std::string>;

// What EC2 said; errors of the store stay what they are.
Error told_by_ec2(std::string_view operation, Error error) {
  if (!error.code().starts_with("Invalid")) return error;
  return errors::invalid_parameter(
      fmt::format("Error occurred while {}. EC2 Error Code: {}. EC2 Error Message: {}", operation,
                  error.code(), error.message()));
}

bool all_alike(const Ids& vpcs, const std::string& one) {
  return std::ranges::all_of(vpcs, [&](const std::string& each) { return each == one; });
}

}  // namespace

Result<VpcPlace> vpc_from(const hosting::Ports& ports, std::string_view operation,
                          const FunctionKey& key, const gen::lambda::VpcConfig& in,
                          const std::optional<VpcPlace>& before) {
  VpcPlace out = before.value_or(VpcPlace());
  if (in.subnet_ids) out.subnets = *in.subnet_ids;
  if (in.security_group_ids) out.groups = *in.security_group_ids;
  if (in.ipv6_allowed_for_dual_stack) out.ipv6 = *in.ipv6_allowed_for_dual_stack;
  if (out.subnets.empty() != out.groups.empty()) {
    return fail(
        errors::invalid_parameter("SubnetIds and SecurityIds must coexist or be both empty list."));
  }
  if (out.subnets.empty()) return VpcPlace();
  if (ports.networks == nullptr) {
    return fail(aws::unsupported("lambda", operation, "VpcConfig", "this server runs without ec2"));
  }
  auto subnet_vpcs = ports.networks->vpcs_of_subnets(key.account, key.region, out.subnets);
  if (!subnet_vpcs) {
    return fail(told_by_ec2("DescribeSubnets", std::move(subnet_vpcs).error()));
  }
  auto group_vpcs = ports.networks->vpcs_of_groups(key.account, key.region, out.groups);
  if (!group_vpcs) {
    return fail(told_by_ec2("DescribeSecurityGroups", std::move(group_vpcs).error()));
  }
  out.vpc = subnet_vpcs->front();
  if (!all_alike(*subnet_vpcs, out.vpc)) {
    return fail(errors::invalid_parameter("Subnets are required to be in the same VPC."));
  }
  if (!all_alike(*group_vpcs, out.vpc)) {
    return fail(errors::invalid_parameter("Security Groups are required to be in the same VPC."));
  }
  return out;
}

}  // namespace lapwing::lambda

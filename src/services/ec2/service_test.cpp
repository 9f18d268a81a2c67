// Records of networks: what is found at first, what is made, what is refused in which words.
#include "services/ec2/service.hpp"

#include <fmt/core.h>

#include "hosting/testing/host.hpp"

namespace lapwing::ec2 {
namespace {

using hosting::testing::Answer;
using hosting::testing::Host;

TEST(Ec2, ADefaultVpcIsThereAtFirstLook) {
  Host<Service> host;
  const Answer vpcs = host.call("DescribeVpcs");
  ASSERT_EQ(vpcs.size("Vpcs"), 1u);
  EXPECT_EQ(vpcs.at("Vpcs.0.CidrBlock"), "172.31.0.0/16");
  EXPECT_EQ(vpcs.at("Vpcs.0.IsDefault"), "true");
  const std::string id = vpcs.at("Vpcs.0.VpcId");
  EXPECT_EQ(id.size(), std::string("vpc-0123456789abcdef0").size());
  const Answer subnets = host.call("DescribeSubnets");
  ASSERT_EQ(subnets.size("Subnets"), 3u);
  EXPECT_EQ(subnets.at("Subnets.0.AvailableIpAddressCount"), "4091");
  EXPECT_EQ(subnets.at("Subnets.0.MapPublicIpOnLaunch"), "true");
  EXPECT_EQ(subnets.at("Subnets.0.VpcId"), id);
  const Answer groups = host.call("DescribeSecurityGroups");
  ASSERT_EQ(groups.size("SecurityGroups"), 1u);
  EXPECT_EQ(groups.at("SecurityGroups.0.GroupName"), "default");
  EXPECT_EQ(groups.at("SecurityGroups.0.IpPermissionsEgress.0.IpRanges.0.CidrIp"), "0.0.0.0/0");
  // The same afterwards, and after a restart.
  host.restart();
  EXPECT_EQ(host.call("DescribeVpcs").at("Vpcs.0.VpcId"), id);
  // Another region has its own.
  aws::Caller elsewhere = host.caller;
  elsewhere.region = Region("eu-west-1");
  EXPECT_NE(host.call_as(elsewhere, "DescribeVpcs", "{}").at("Vpcs.0.VpcId"), id);
}

TEST(Ec2, WhatTheDefaultVpcHasBesides) {
  Host<Service> host;
  const std::string vpc = host.call("DescribeVpcs").at("Vpcs.0.VpcId");
  const Answer tables = host.call(
      "DescribeRouteTables",
      R"({"Filters":[{"Name":"association.main","Values":["true"]},{"Name":"vpc-id","Values":[")" +
          vpc + R"("]}]})");
  ASSERT_EQ(tables.size("RouteTables"), 1u);
  EXPECT_EQ(tables.at("RouteTables.0.Routes.0.GatewayId"), "local");
  const Answer gateways = host.call("DescribeInternetGateways");
  EXPECT_EQ(tables.at("RouteTables.0.Routes.1.GatewayId"),
            gateways.at("InternetGateways.0.InternetGatewayId"));
  EXPECT_EQ(host.call("DescribeNetworkAcls").size("NetworkAcls.0.Associations"), 3u);
  EXPECT_EQ(host.call("DescribeNetworkInterfaces").size("NetworkInterfaces"), 0u);
  EXPECT_EQ(host.call("CreateDefaultVpc").error, "DefaultVpcAlreadyExists");
}

TEST(Ec2, VpcsComeAndGo) {
  Host<Service> host;
  const Answer made =
      host.call("CreateVpc",
                R"({"CidrBlock":"10.0.0.7/16","TagSpecifications":[{"ResourceType":"vpc","Tags":)"
                R"([{"Key":"Name","Value":"mine"}]}]})");
  const std::string id = made.at("Vpc.VpcId");
  EXPECT_EQ(made.at("Vpc.CidrBlock"), "10.0.0.0/16");
  EXPECT_EQ(made.at("Vpc.State"), "pending");
  EXPECT_EQ(made.at("Vpc.Tags.0.Value"), "mine");
  const auto tagged = [&](std::string_view value) {
    return host.call(
        "DescribeVpcs",
        fmt::format(R"({{"Filters":[{{"Name":"tag:Name","Values":["{}"]}}]}})", value));
  };
  EXPECT_EQ(tagged("mi*").at("Vpcs.0.VpcId"), id);
  EXPECT_EQ(tagged("m?").size("Vpcs"), 0u);
  const std::string named = R"({"VpcId":")" + id + R"(")";
  const std::string attribute = named + R"(,"Attribute":"enableDnsHostnames"})";
  EXPECT_EQ(host.call("DescribeVpcAttribute", attribute).at("EnableDnsHostnames.Value"), "false");
  ASSERT_TRUE(
      host.call("ModifyVpcAttribute", named + R"(,"EnableDnsHostnames":{"Value":true}})").ok());
  EXPECT_EQ(host.call("DescribeVpcAttribute", attribute).at("EnableDnsHostnames.Value"), "true");

  const Answer subnet = host.call("CreateSubnet", named + R"(,"CidrBlock":"10.0.1.0/24"})");
  EXPECT_EQ(subnet.at("Subnet.AvailabilityZoneId"), "use1-az1");
  EXPECT_EQ(subnet.at("Subnet.AvailableIpAddressCount"), "251");
  EXPECT_EQ(host.call("CreateSubnet", named + R"(,"CidrBlock":"10.0.1.128/25"})").error,
            "InvalidSubnet.Conflict");
  EXPECT_EQ(host.call("CreateSubnet", named + R"(,"CidrBlock":"10.1.0.0/24"})").error,
            "InvalidSubnet.Range");
  EXPECT_EQ(host.call("DeleteVpc", named + "}").error, "DependencyViolation");
  ASSERT_TRUE(
      host.call("DeleteSubnet", R"({"SubnetId":")" + subnet.at("Subnet.SubnetId") + R"("})").ok());
  ASSERT_TRUE(host.call("DeleteVpc", named + "}").ok());
  const Answer gone = host.call("DescribeVpcs", R"({"VpcIds":[")" + id + R"("]})");
  EXPECT_EQ(gone.error, "InvalidVpcID.NotFound");
  EXPECT_EQ(gone.text, "The vpc ID '" + id + "' does not exist");
}

TEST(Ec2, RulesOfGroups) {
  Host<Service> host;
  const std::string group =
      host.call("CreateSecurityGroup", R"({"GroupName":"g","Description":"d"})").at("GroupId");
  const std::string named = R"({"GroupId":")" + group + R"(")";
  const std::string web =
      named + R"(,"IpPermissions":[{"IpProtocol":"6","FromPort":80,"ToPort":80,"IpRanges":)"
              R"([{"CidrIp":"10.0.0.0/8","Description":"web"},{"CidrIp":"192.168.0.0/16"}]}]})";
  const Answer made = host.call("AuthorizeSecurityGroupIngress", web);
  ASSERT_EQ(made.size("SecurityGroupRules"), 2u);
  EXPECT_EQ(made.at("SecurityGroupRules.0.IpProtocol"), "tcp");
  EXPECT_EQ(made.at("SecurityGroupRules.0.Description"), "web");
  const std::string rule = made.at("SecurityGroupRules.0.SecurityGroupRuleId");
  const Answer again = host.call("AuthorizeSecurityGroupIngress", web);
  EXPECT_EQ(again.error, "InvalidPermission.Duplicate");
  EXPECT_EQ(again.text,
            "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW\" "
            "already exists");
  const Answer shown = host.call("DescribeSecurityGroups", R"({"GroupIds":[")" + group + R"("]})");
  EXPECT_EQ(shown.size("SecurityGroups.0.IpPermissions"), 1u);
  EXPECT_EQ(shown.size("SecurityGroups.0.IpPermissions.0.IpRanges"), 2u);
  EXPECT_EQ(host.call("DescribeSecurityGroupRules",
                      R"({"Filters":[{"Name":"group-id","Values":[")" + group + R"("]}]})")
                .size("SecurityGroupRules"),
            3u);
  ASSERT_TRUE(host.call("ModifySecurityGroupRules",
                        named + R"(,"SecurityGroupRules":[{"SecurityGroupRuleId":")" + rule +
                            R"(","SecurityGroupRule":{"IpProtocol":"tcp","FromPort":81,)"
                            R"("ToPort":82,"CidrIpv6":"fd00::/8"}}]})")
                  .ok());
  const Answer changed =
      host.call("DescribeSecurityGroupRules", R"({"SecurityGroupRuleIds":[")" + rule + R"("]})");
  EXPECT_EQ(changed.at("SecurityGroupRules.0.CidrIpv6"), "fd00::/8");
  EXPECT_EQ(changed.at("SecurityGroupRules.0.FromPort"), "81");
  ASSERT_TRUE(host.call("RevokeSecurityGroupIngress",
                        named + R"(,"SecurityGroupRuleIds":[")" + rule + R"("]})")
                  .ok());
  EXPECT_EQ(host.call("RevokeSecurityGroupIngress", web).error, "InvalidPermission.NotFound");
  for (const std::string_view bad :
       {R"("tcp","FromPort":80)", R"("tcp","FromPort":9,"ToPort":8)",
        R"("tcp","FromPort":0,"ToPort":65536)", R"("nonsense","FromPort":1,"ToPort":1)"}) {
    EXPECT_EQ(host.call("AuthorizeSecurityGroupEgress",
                        fmt::format(R"({},"IpPermissions":[{{"IpProtocol":{},"IpRanges":)"
                                    R"([{{"CidrIp":"10.0.0.0/8"}}]}}]}})",
                                    named, bad))
                  .error,
              "InvalidParameterValue")
        << bad;
  }
  EXPECT_EQ(host.call("DeleteSecurityGroup", R"({"GroupName":"default"})").error, "CannotDelete");
}

TEST(Ec2, TagsFiltersAndPages) {
  Host<Service> host;
  const Answer subnets = host.call("DescribeSubnets");
  const std::string subnet = subnets.at("Subnets.1.SubnetId");
  ASSERT_TRUE(host.call("CreateTags",
                        R"({"Resources":[")" + subnet + R"("],"Tags":[{"Key":"k","Value":"v"}]})")
                  .ok());
  EXPECT_EQ(host.call("DescribeTags").at("Tags.0.ResourceType"), "subnet");
  EXPECT_EQ(host.call("DescribeSubnets", R"({"Filters":[{"Name":"tag-key","Values":["k"]}]})")
                .at("Subnets.0.SubnetId"),
            subnet);
  // Another value than it has leaves it.
  const std::string taken = R"({"Resources":[")" + subnet + R"("],"Tags":[{"Key":"k")";
  ASSERT_TRUE(host.call("DeleteTags", taken + R"(,"Value":"w"}]})").ok());
  EXPECT_EQ(host.call("DescribeTags").size("Tags"), 1u);
  ASSERT_TRUE(host.call("DeleteTags", taken + "}]}").ok());
  EXPECT_EQ(host.call("DescribeTags").size("Tags"), 0u);
  EXPECT_EQ(host.call("DescribeSubnets", R"({"Filters":[{"Name":"x","Values":["k"]}]})").text,
            "The filter 'x' is invalid");
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(host.call("CreateSecurityGroup",
                          fmt::format(R"({{"GroupName":"g{}","Description":"d"}})", i))
                    .ok());
  }
  const Answer first = host.call("DescribeSecurityGroups", R"({"MaxResults":5})");
  EXPECT_EQ(first.size("SecurityGroups"), 5u);
  const Answer second = host.call("DescribeSecurityGroups", R"({"MaxResults":5,"NextToken":")" +
                                                                first.at("NextToken") + R"("})");
  EXPECT_EQ(second.size("SecurityGroups"), 2u);
  EXPECT_EQ(second.at("NextToken"), "");
}

TEST(Ec2, WhatIsNotBuiltSaysItsName) {
  Host<Service> host;
  EXPECT_TRUE(host.api().table().uncovered().empty());
  const aws::Response refused = host.serve(aws::Protocol::kEc2, "RunInstances", "{}");
  EXPECT_EQ(refused.status, 501);
  EXPECT_NE(refused.body.find("ec2 RunInstances is not built"), std::string::npos);
  EXPECT_EQ(host.call("CreateVpc", R"({"CidrBlock":"10.0.0.0/16","DryRun":true})").error,
            "DryRunOperation");
  EXPECT_EQ(host.call("DescribeVpcs").size("Vpcs"), 1u);
}

TEST(Ec2, RegionsAndZones) {
  Host<Service> host;
  const Answer zones = host.call("DescribeAvailabilityZones");
  EXPECT_EQ(zones.at("AvailabilityZones.0.ZoneName"), "us-east-1a");
  aws::Caller elsewhere = host.caller;
  elsewhere.region = Region("ap-southeast-2");
  EXPECT_EQ(
      host.call_as(elsewhere, "DescribeAvailabilityZones", "{}").at("AvailabilityZones.2.ZoneId"),
      "apse2-az3");
  EXPECT_EQ(host.call("DescribeRegions", R"({"RegionNames":["eu-west-1"]})").size("Regions"), 1u);
  EXPECT_EQ(host.call("DescribeAccountAttributes", R"({"AttributeNames":["default-vpc"]})")
                .at("AccountAttributes.0.AttributeValues.0.AttributeValue"),
            host.call("DescribeVpcs").at("Vpcs.0.VpcId"));
}

}  // namespace
}  // namespace lapwing::ec2

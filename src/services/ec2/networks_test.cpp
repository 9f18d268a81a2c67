// What siblings are told of VPCs.
#include "ports/networks.hpp"

#include "hosting/testing/host.hpp"
#include "services/ec2/service.hpp"

namespace lapwing::ec2 {
namespace {

using hosting::testing::Answer;

class Users final : public ports::NetworkUsers {
 public:
  bool uses(const AccountId&, const Region&, std::string_view id) const override {
    return id == used;
  }
  std::string used;
};

class NetworksHost final : public hosting::testing::HostBase {
 public:
  NetworksHost() {
    ports.network_users = &users;
    begin_service();
    static_cast<Service&>(*service_).publish(ports);
    networks = ports.networks;
    networks->on_changed([this](const AccountId&, const Region&, const std::string& group) {
      changed.push_back(group);
    });
  }
  ~NetworksHost() override { end_service(); }

  std::string group() {
    return call("CreateSecurityGroup", R"({"GroupName":"g","Description":"d"})").at("GroupId");
  }
  Result<std::vector<os::EgressRule>> egress(const std::vector<std::string>& groups) {
    return networks->egress(caller.account, caller.region, groups);
  }

  Users users;
  ports::Networks* networks = nullptr;
  std::vector<std::string> changed;

 protected:
  std::unique_ptr<hosting::Service> make() override {
    return std::make_unique<Service>(dependencies());
  }
};

TEST(Ec2Networks, TellWhatGroupsLetOut) {
  NetworksHost host;
  const std::string group = host.group();
  const auto all = host.egress({group});
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().to.to_string(), "0.0.0.0/0");
  EXPECT_FALSE(all->front().protocol);
  ASSERT_TRUE(host.call("RevokeSecurityGroupEgress",
                        R"({"GroupId":")" + group +
                            R"(","IpPermissions":[{"IpProtocol":"-1","IpRanges":[)"
                            R"({"CidrIp":"0.0.0.0/0"}]}]})")
                  .ok());
  EXPECT_TRUE(host.egress({group})->empty());
  ASSERT_TRUE(host.call("AuthorizeSecurityGroupEgress",
                        R"({"GroupId":")" + group +
                            R"(","IpPermissions":[{"IpProtocol":"tcp","FromPort":443,"ToPort":444,)"
                            R"("IpRanges":[{"CidrIp":"10.1.2.3/8"}],)"
                            R"("Ipv6Ranges":[{"CidrIpv6":"fd00::/8"}],)"
                            R"("UserIdGroupPairs":[{"GroupId":")" +
                            group + R"("}]}]})")
                  .ok());
  const auto some = host.egress({group, group, "sg-gone"});
  ASSERT_EQ(some->size(), 2u);  // the group's own members have no addresses
  EXPECT_EQ((*some)[0].to.to_string(), "10.0.0.0/8");
  EXPECT_EQ((*some)[0].protocol, os::kTcp);
  EXPECT_EQ((*some)[0].first, 443);
  EXPECT_EQ((*some)[0].last, 444);
  EXPECT_EQ((*some)[1].to.to_string(), "fd00::/8");
  EXPECT_EQ(host.changed, (std::vector<std::string>{group, group}));
  // What comes in is nobody's concern.
  ASSERT_TRUE(host.call("AuthorizeSecurityGroupIngress",
                        R"({"GroupId":")" + group +
                            R"(","IpPermissions":[{"IpProtocol":"udp","FromPort":53,"ToPort":53,)"
                            R"("IpRanges":[{"CidrIp":"0.0.0.0/0"}]}]})")
                  .ok());
  EXPECT_EQ(host.changed.size(), 2u);
}

TEST(Ec2Networks, KnowTheVpcsOfSubnetsAndGroups) {
  NetworksHost host;
  const Answer subnets = host.call("DescribeSubnets");
  const std::string vpc = subnets.at("Subnets.0.VpcId");
  const auto found = host.networks->vpcs_of_subnets(
      host.caller.account, host.caller.region,
      {subnets.at("Subnets.0.SubnetId"), subnets.at("Subnets.1.SubnetId")});
  EXPECT_EQ(*found, (std::vector<std::string>{vpc, vpc}));
  const auto none =
      host.networks->vpcs_of_groups(host.caller.account, host.caller.region, {"sg-0"});
  EXPECT_EQ(none.error().code(), "InvalidGroup.NotFound");
  EXPECT_EQ(none.error().message(), "The security group 'sg-0' does not exist");
}

TEST(Ec2Networks, WhatIsInUseStays) {
  NetworksHost host;
  const std::string subnet = host.call("DescribeSubnets").at("Subnets.0.SubnetId");
  const std::string group = host.group();
  host.users.used = subnet;
  EXPECT_EQ(host.call("DeleteSubnet", R"({"SubnetId":")" + subnet + R"("})").error,
            "DependencyViolation");
  EXPECT_TRUE(host.call("DeleteSecurityGroup", R"({"GroupId":")" + group + R"("})").ok());
  const std::string other = host.group();
  host.users.used = other;
  const Answer refused = host.call("DeleteSecurityGroup", R"({"GroupId":")" + other + R"("})");
  EXPECT_EQ(refused.error, "DependencyViolation");
  EXPECT_EQ(refused.text, "resource " + other + " has a dependent object");
}

}  // namespace
}  // namespace lapwing::ec2

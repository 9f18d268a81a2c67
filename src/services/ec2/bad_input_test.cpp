// What nobody should send: see hosting/testing/bad_input.hpp.
#include "hosting/testing/bad_input.hpp"

#include "services/ec2/service.hpp"

namespace lapwing::ec2 {

using hosting::testing::Host;

TEST(Ec2BadInput, IsRefusedAndChangesNothing) {
  Host<Service> host;
  const std::string vpc = host.call("DescribeVpcs").at("Vpcs.0.VpcId");
  const std::string subnet = host.call("DescribeSubnets").at("Subnets.0.SubnetId");
  const std::string group = host.call("DescribeSecurityGroups").at("SecurityGroups.0.GroupId");
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  const hosting::testing::BadInput how{.good = {{"VpcId", quoted(vpc)},
                                                {"SubnetId", quoted(subnet)},
                                                {"GroupId", quoted(group)},
                                                {"CidrBlock", "\"10.0.0.0/16\""},
                                                {"DryRun", "false"}}};
  EXPECT_EQ(hosting::testing::send_bad_input(host, how), "");
}

}  // namespace lapwing::ec2

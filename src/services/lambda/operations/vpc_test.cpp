// VpcConfig and TenancyConfig as they are taken, refused and shown.
#include <gtest/gtest.h>

#include "ports/networks.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda::testing {
namespace {

// Two VPCs: "subnet-1" and "subnet-2" with "sg-1" and "sg-2" in the one, "subnet-9", "sg-9" in the
// other.
class FakeNetworks final : public ports::Networks {
 public:
  Result<std::vector<std::string>> vpcs_of_subnets(const AccountId&, const Region&,
                                                   const std::vector<std::string>& ids) override {
    return vpcs(ids, "subnet-", "InvalidSubnetID.NotFound", "subnet ID");
  }
  Result<std::vector<std::string>> vpcs_of_groups(const AccountId&, const Region&,
                                                  const std::vector<std::string>& ids) override {
    return vpcs(ids, "sg-", "InvalidGroup.NotFound", "security group");
  }
  Result<std::vector<os::EgressRule>> egress(const AccountId&, const Region&,
                                             const std::vector<std::string>&) override {
    if (failing) return fail(internal_error("no store"));
    return rules;
  }
  void on_changed(Changed callback) override { changed = std::move(callback); }

  std::vector<os::EgressRule> rules;
  Changed changed;
  bool failing = false;

 private:
  static Result<std::vector<std::string>> vpcs(const std::vector<std::string>& ids,
                                               std::string_view prefix, std::string_view code,
                                               std::string_view what) {
    std::vector<std::string> out;
    for (const std::string& id : ids) {
      const std::string_view number = std::string_view(id).substr(prefix.size());
      if (number != "1" && number != "2" && number != "9") {
        return fail(Error(ErrorKind::kNotFound, std::string(code),
                          "The " + std::string(what) + " '" + id + "' does not exist"));
      }
      out.emplace_back(number == "9" ? "vpc-9" : "vpc-1");
    }
    return out;
  }
};

constexpr std::string_view kVpc =
    R"("VpcConfig":{"SubnetIds":["subnet-1","subnet-2"],"SecurityGroupIds":["sg-1"]})";

os::EgressRule rule(std::string_view net) {
  os::EgressRule out;
  out.to = *os::IpNet::parse(net);
  return out;
}

class VpcTest : public Harness, public ::testing::Test {
 protected:
  VpcTest() {
    ports.networks = &networks;
    restart();
  }
  Answer refused(std::string_view vpc) {
    return create("g", hello_zip(), "\"VpcConfig\":" + std::string(vpc));
  }
  std::size_t rules_of(std::string_view name) {
    const auto function = resolve(name);
    return function && (*function)->egress ? (*function)->egress->size() : 99;
  }

  FakeNetworks networks;
};

TEST_F(VpcTest, IsShownAndTakenBack) {
  const Answer made = create_active("f", kVpc);
  EXPECT_EQ(made.at("VpcConfig.VpcId"), "vpc-1");
  EXPECT_EQ(made.at("VpcConfig.SubnetIds.1"), "subnet-2");
  EXPECT_EQ(made.at("VpcConfig.SecurityGroupIds.0"), "sg-1");
  EXPECT_EQ(made.at("VpcConfig.Ipv6AllowedForDualStack"), "false");
  // What is not named stays.
  ASSERT_EQ(put_configuration("f", R"({"VpcConfig":{"Ipv6AllowedForDualStack":true}})").status,
            200);
  executor.run_all();
  restart();
  EXPECT_EQ(get("f").at("Configuration.VpcConfig.Ipv6AllowedForDualStack"), "true");
  EXPECT_EQ(get("f").at("Configuration.VpcConfig.SubnetIds.0"), "subnet-1");
  const Answer out =
      put_configuration("f", R"({"VpcConfig":{"SubnetIds":[],"SecurityGroupIds":[]}})");
  executor.run_all();
  EXPECT_EQ(out.at("VpcConfig.VpcId"), "");
  EXPECT_TRUE(out.has("VpcConfig.VpcId"));
  EXPECT_FALSE((*resolve("f"))->egress);
  EXPECT_FALSE(create("plain", hello_zip()).has("VpcConfig"));
}

TEST_F(VpcTest, IsRefusedInTheServicesWords) {
  EXPECT_EQ(refused(R"({"SubnetIds":["subnet-1"]})").message(),
            "SubnetIds and SecurityIds must coexist or be both empty list.");
  const Answer missing = refused(R"({"SubnetIds":["subnet-7"],"SecurityGroupIds":["sg-1"]})");
  EXPECT_EQ(missing.error, "InvalidParameterValueException");
  EXPECT_EQ(missing.message(),
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 "
            "Error Message: The subnet ID 'subnet-7' does not exist");
  EXPECT_EQ(refused(R"({"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-7"]})").message(),
            "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. "
            "EC2 Error Message: The security group 'sg-7' does not exist");
  EXPECT_EQ(refused(R"({"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-9"]})").message(),
            "Security Groups are required to be in the same VPC.");
  EXPECT_EQ(
      refused(R"({"SubnetIds":["subnet-1","subnet-9"],"SecurityGroupIds":["sg-1"]})").message(),
      "Subnets are required to be in the same VPC.");
  EXPECT_EQ(get("g").status, 404);
  ports.networks = nullptr;
  EXPECT_EQ(refused(R"({"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]})").status, 501);
}

TEST_F(VpcTest, WhatGroupsLetOutIsWhatItsEnvironmentsGet) {
  networks.rules = {rule("0.0.0.0/0"), rule("::/0")};
  create_active("f", kVpc);
  EXPECT_EQ(rules_of("f"), 1u);  // IPv6 is asked for
  ASSERT_EQ(put_configuration("f", R"({"VpcConfig":{"Ipv6AllowedForDualStack":true}})").status,
            200);
  executor.run_all();
  EXPECT_EQ(rules_of("f"), 2u);
  const auto before = *resolve("f");
  networks.rules = {rule("10.0.0.0/8")};
  networks.changed(caller.account, caller.region, "sg-2");
  EXPECT_EQ(rules_of("f"), 2u);  // another group
  networks.changed(caller.account, caller.region, "sg-1");
  EXPECT_EQ(rules_of("f"), 1u);
  EXPECT_FALSE(runtime::same_environment(*before, **resolve("f")));
  networks.failing = true;
  networks.changed(caller.account, caller.region, "sg-1");
  EXPECT_EQ(rules_of("f"), 0u);  // and nothing is let out
}

TEST_F(VpcTest, WhatIsInUseIsKnown) {
  create_active("f", kVpc);
  const auto uses = [&](std::string_view id) {
    return ports.network_users->uses(caller.account, caller.region, id);
  };
  EXPECT_TRUE(uses("subnet-2"));
  EXPECT_TRUE(uses("sg-1"));
  EXPECT_FALSE(uses("sg-2"));
  EXPECT_FALSE(ports.network_users->uses(caller.account, Region("eu-west-1"), "sg-1"));
  ASSERT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f").status, 204);
  EXPECT_FALSE(uses("sg-1"));
}

TEST_F(VpcTest, TenantsAreTheFunctionsOnceAndForAll) {
  constexpr std::string_view kTenants = R"("TenancyConfig":{"TenantIsolationMode":"PER_TENANT"})";
  EXPECT_EQ(create_active("t", kTenants).at("TenancyConfig.TenantIsolationMode"), "PER_TENANT");
  restart();
  EXPECT_EQ(get("t").at("Configuration.TenancyConfig.TenantIsolationMode"), "PER_TENANT");
  EXPECT_TRUE((*resolve("t"))->per_tenant);
  publish("t");
  executor.run_all();
  const Answer provisioned = send("PutProvisionedConcurrencyConfig", "PUT",
                                  "/2019-09-30/functions/t/provisioned-concurrency", "Qualifier=1",
                                  R"({"ProvisionedConcurrentExecutions":1})");
  EXPECT_EQ(provisioned.error, "InvalidParameterValueException");
  EXPECT_EQ(create("s", hello_zip(),
                   R"("Runtime":"python3.12","SnapStart":{"ApplyOn":"PublishedVersions"},)" +
                       std::string(kTenants))
                .error,
            "InvalidParameterValueException");
}

}  // namespace
}  // namespace lapwing::lambda::testing

#include "services/iam/resource_arns.hpp"

#include <gtest/gtest.h>

#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {
namespace {

// Permissions name paths, which requests do not tell.
TEST(ResourceArns, AreThoseOfTheRecords) {
  Host host;
  ASSERT_TRUE(host.call("CreateRole", input({{"RoleName", "Worker"},
                                             {"Path", "/team/"},
                                             {"AssumeRolePolicyDocument", kTrust}}))
                  .ok());
  EXPECT_EQ(host.last_resource(), arn("role/team/Worker"));
  ASSERT_TRUE(host.call("GetRole", input({{"RoleName", "worker"}})).ok());
  EXPECT_EQ(host.last_resource(), arn("role/team/Worker"));
  ASSERT_TRUE(host.call("CreateUser", input({{"UserName", "u"}, {"Path", "/p/"}})).ok());
  ASSERT_TRUE(host.call("ListAccessKeys", input({{"UserName", "u"}})).ok());
  EXPECT_EQ(host.last_resource(), arn("user/p/u"));
  ASSERT_TRUE(
      host.call("CreateInstanceProfile", input({{"InstanceProfileName", "i"}, {"Path", "/p/"}}))
          .ok());
  ASSERT_TRUE(host.call("GetInstanceProfile", input({{"InstanceProfileName", "i"}})).ok());
  EXPECT_EQ(host.last_resource(), arn("instance-profile/p/i"));
}

TEST(ResourceArns, WhatIsNotThereIsAskedAboutAllTheSame) {
  Host host;
  EXPECT_EQ(host.call("GetGroup", input({{"GroupName", "none"}})).error, "NoSuchEntity");
  EXPECT_EQ(host.last_resource(), arn("group/none"));
  EXPECT_EQ(host.call("DeleteServerCertificate", input({{"ServerCertificateName", "none"}})).error,
            "NoSuchEntity");
  EXPECT_EQ(host.last_resource(), arn("server-certificate/none"));
}

}  // namespace
}  // namespace lapwing::iam::testing

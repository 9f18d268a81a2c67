#include "services/sts/service.hpp"

#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"

namespace lapwing::sts {
namespace {

TEST(Sts, SaysWhoSigned) {
  hosting::testing::Host<Service> host;
  host.caller.principal_arn = "arn:aws:sts::000000000000:assumed-role/worker/hello";
  host.caller.user_id = "AROA:hello";
  const auto answer = host.call("GetCallerIdentity");
  EXPECT_EQ(answer.at("Arn"), "arn:aws:sts::000000000000:assumed-role/worker/hello");
  EXPECT_EQ(answer.at("UserId"), "AROA:hello");
  EXPECT_EQ(answer.at("Account"), "000000000000");
}

}  // namespace
}  // namespace lapwing::sts

#include "ports/roles.hpp"

#include <gtest/gtest.h>

namespace lapwing::ports {
namespace {

TEST(RoleSessions, AreOfTheRoleThatIsKnown) {
  const AccountId account("111111111111");
  const auto known = role_session({.known = true, .id = "AROAKNOWN"},
                                  "arn:aws:iam::111111111111:role/team/worker", account, "hello");
  EXPECT_EQ(known.account, account);
  EXPECT_EQ(known.arn, "arn:aws:sts::111111111111:assumed-role/worker/hello");
  EXPECT_EQ(known.user_id, "AROAKNOWN:hello");
  EXPECT_EQ(known.identity, "AROAKNOWN");
  const auto standin = role_session({.id = "AROASTANDIN"}, "worker", account, "hello");
  EXPECT_EQ(standin.arn, "arn:aws:sts::111111111111:assumed-role/worker/hello");
  EXPECT_EQ(standin.user_id, "AROASTANDIN:hello");
  EXPECT_EQ(standin.identity, "");
}

TEST(Roles, TrustWhomTheirDocumentNames) {
  const Role none;
  EXPECT_FALSE(none.trusts("lambda.amazonaws.com"));
  const Role some{.trusted_services = {"lambda.amazonaws.com", "pipes.amazonaws.com"}};
  EXPECT_TRUE(some.trusts("lambda.amazonaws.com"));
  EXPECT_FALSE(some.trusts("scheduler.amazonaws.com"));
  const Role all{.trusted_services = {"*"}};
  EXPECT_TRUE(all.trusts("scheduler.amazonaws.com"));
}

}  // namespace
}  // namespace lapwing::ports

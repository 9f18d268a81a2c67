#include "ports/acting.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace lapwing::ports {
namespace {

constexpr std::string_view kQueue = "arn:aws:sqs:us-east-1:222222222222:q";
constexpr std::string_view kRole = "arn:aws:iam::111111111111:role/r";

bool may_send(const OnBehalf& as, std::string_view owner, std::string_view principal = {}) {
  std::optional<policy::Document> document;
  if (!principal.empty()) {
    auto read =
        policy::parse(R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)"
                      R"("Principal":)" +
                          std::string(principal) + R"(,"Action":"sqs:SendMessage","Resource":")" +
                          std::string(kQueue) + "\"}]}",
                      policy::Use::kResource);
    EXPECT_TRUE(read) << read.error().message;
    document = *std::move(read);
  }
  return may(as, {"sqs:SendMessage", kQueue, AccountId(owner)}, document ? &*document : nullptr);
}

OnBehalf under(std::string_view role, std::string_view account) {
  return {.service = {},
          .source_arn = "arn:aws:events:us-east-1:111111111111:rule/r",
          .source_account = AccountId(account),
          .role_arn = std::string(role)};
}

TEST(Acting, ARoleNeedsNoPolicyInItsOwnAccountAlone) {
  const OnBehalf as = under(kRole, "111111111111");
  EXPECT_TRUE(may_send(as, "111111111111"));
  EXPECT_FALSE(may_send(as, "222222222222"));
  EXPECT_FALSE(may_send(as, "222222222222", R"({"AWS":"arn:aws:iam::333333333333:root"})"));
  EXPECT_FALSE(may_send(as, "222222222222", R"({"Service":"events.amazonaws.com"})"));
  EXPECT_TRUE(may_send(as, "222222222222", R"({"AWS":"arn:aws:iam::111111111111:role/r"})"));
  EXPECT_FALSE(may_send(as, "222222222222", R"({"AWS":"arn:aws:iam::111111111111:role/s"})"));
  EXPECT_TRUE(may_send(as, "222222222222", R"({"AWS":"arn:aws:iam::111111111111:root"})"));
  EXPECT_TRUE(may_send(as, "222222222222", R"({"AWS":"111111111111"})"));
  EXPECT_TRUE(may_send(as, "222222222222", R"("*")"));
}

TEST(Acting, NobodyActsUnderARoleOfAnotherAccount) {
  EXPECT_FALSE(may_send(under(kRole, "222222222222"), "222222222222", R"("*")"));
  EXPECT_FALSE(may_send(under(kRole, "222222222222"), "111111111111", R"("*")"));
  EXPECT_FALSE(may_send(under(kRole, ""), "111111111111"));
  EXPECT_FALSE(may_send(under("", "111111111111"), "111111111111", R"("*")"));
  EXPECT_FALSE(
      may_send(under("arn:aws:sqs:us-east-1:111111111111:q", "111111111111"), "111111111111"));
}

TEST(Acting, AServiceNeedsThePolicyAlways) {
  OnBehalf as = under("", "222222222222");
  as.service = "events.amazonaws.com";
  EXPECT_FALSE(may_send(as, "222222222222"));
  EXPECT_FALSE(may_send(as, "222222222222", R"({"AWS":"arn:aws:iam::222222222222:root"})"));
  EXPECT_TRUE(may_send(as, "222222222222", R"({"Service":"events.amazonaws.com"})"));
}

TEST(Acting, ARoleCanBeThatOfAnotherAccount) {
  EXPECT_EQ(role_in(kRole, AccountId("222222222222")), "arn:aws:iam::222222222222:role/r");
  EXPECT_EQ(role_in("none", AccountId("222222222222")), "none");
}

}  // namespace
}  // namespace lapwing::ports

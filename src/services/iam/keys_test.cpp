#include <chrono>
#include <future>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "services/iam/key_ring.hpp"
#include "services/iam/testing/iam_host.hpp"

namespace lapwing::iam::testing {
namespace {

struct Made {
  std::string id;
  std::string secret;
};

Made make_key(Host& host, std::string_view user) {
  const Answer made = host.call("CreateAccessKey", input({{"UserName", user}}));
  EXPECT_TRUE(made.ok()) << made.text;
  return {made.at("AccessKey.AccessKeyId"), made.at("AccessKey.SecretAccessKey")};
}

Result<aws::KnownKey> find(Host& host, const std::string& id) {
  return host.service().keys().find(id, "", host.clock.wall());
}

std::string stored(Host& host, const std::string& id) {
  const auto found = host.engine->store().get(AccessKeyTable::kKind, id);
  return found && *found ? (*found)->value : "nothing";
}

Answer last_used(Host& host, const std::string& id) {
  return host.call("GetAccessKeyLastUsed", input({{"AccessKeyId", id}}));
}

TEST(Keys, SignAsTheirUser) {
  Host host;
  const Answer user = host.call("CreateUser", R"({"UserName":"ann","Path":"/a/"})");
  const Made key = make_key(host, "ann");
  const auto known = find(host, key.id);
  ASSERT_TRUE(known) << known.error().message();
  EXPECT_EQ(known->secret_access_key, key.secret);
  EXPECT_EQ(known->principal.arn, arn("user/a/ann"));
  EXPECT_EQ(known->principal.user_id, user.at("User.UserId"));
  EXPECT_EQ(known->principal.account.view(), "000000000000");
  EXPECT_FALSE(host.service().keys().find(key.id, "a token", host.clock.wall()));
}

TEST(Keys, OfAnotherServerAreRefusedAndCanBeDeleted) {
  Host host;
  create_user(host, "ann");
  const Made old = make_key(host, "ann");
  host.server_key.fill(std::byte{7});
  host.restart();
  EXPECT_FALSE(find(host, old.id));
  EXPECT_TRUE(find(host, make_key(host, "ann").id));
  EXPECT_TRUE(
      host.call("DeleteAccessKey", input({{"UserName", "ann"}, {"AccessKeyId", old.id}})).ok());
}

TEST(Keys, ThatAreInactiveOrGoneDoNotSign) {
  Host host;
  create_user(host, "ann");
  const Made key = make_key(host, "ann");
  const auto set = [&](std::string_view status) {
    return host.call("UpdateAccessKey",
                     input({{"UserName", "ann"}, {"AccessKeyId", key.id}, {"Status", status}}));
  };
  ASSERT_TRUE(set("Inactive").ok());
  ASSERT_FALSE(find(host, key.id));
  EXPECT_EQ(find(host, key.id).error().code(), "UnrecognizedClientException");
  ASSERT_TRUE(set("Active").ok());
  EXPECT_TRUE(find(host, key.id));
  ASSERT_TRUE(
      host.call("DeleteAccessKey", input({{"UserName", "ann"}, {"AccessKeyId", key.id}})).ok());
  EXPECT_FALSE(find(host, key.id));
  EXPECT_FALSE(find(host, "AKIANEVERMADE"));
}

TEST(Keys, FollowTheNameOfTheirUser) {
  Host host;
  create_user(host, "ann");
  const Made key = make_key(host, "ann");
  ASSERT_TRUE(
      host.call("UpdateUser", R"({"UserName":"ann","NewUserName":"eve","NewPath":"/x/"})").ok());
  EXPECT_EQ(find(host, key.id)->principal.arn, arn("user/x/eve"));
}

TEST(Keys, AreThereAfterARestart) {
  Host host;
  create_user(host, "ann");
  const Made active = make_key(host, "ann");
  const Made inactive = make_key(host, "ann");
  ASSERT_TRUE(
      host.call("UpdateAccessKey",
                input({{"UserName", "ann"}, {"AccessKeyId", inactive.id}, {"Status", "Inactive"}}))
          .ok());
  host.restart();
  ASSERT_TRUE(find(host, active.id));
  EXPECT_EQ(find(host, active.id)->secret_access_key, active.secret);
  EXPECT_FALSE(find(host, inactive.id));
}

TEST(Keys, AreKeptSealed) {
  Host host;
  create_user(host, "ann");
  const Made key = make_key(host, "ann");
  EXPECT_EQ(stored(host, key.id).find(key.secret), std::string::npos);
  EXPECT_NE(stored(host, key.id).find("sealed"), std::string::npos);
}

// A record as it was written before secrets were sealed.
TEST(Keys, ThatWereKeptAsTheyAreAreSealedAtTheStart) {
  Host host;
  const Answer user = create_user(host, "ann");
  const std::string id = "AKIAOLDOLDOLDOLDOLD2";
  const std::string old = R"({"v":1,"id":")" + id + R"(","account":"000000000000","user":")" +
                          user.at("User.UserId") +
                          R"(","secret":"old-secret","active":true,"created":1700000000000})";
  ASSERT_TRUE(
      host.engine->store().put(AccessKeyTable::kKind, id, old,
                               {.terms = {{"user", "000000000000/" + user.at("User.UserId")}}}));
  host.restart();
  ASSERT_TRUE(find(host, id));
  EXPECT_EQ(find(host, id)->secret_access_key, "old-secret");
  EXPECT_EQ(stored(host, id).find("old-secret"), std::string::npos);
  const Answer listed = host.call("ListAccessKeys", R"({"UserName":"ann"})");
  EXPECT_EQ(listed.at("AccessKeyMetadata.0.AccessKeyId"), id);
  host.restart();
  EXPECT_EQ(find(host, id)->secret_access_key, "old-secret");
}

TEST(Keys, TellWhenAndWhereTheyWereUsed) {
  Host host;
  create_user(host, "ann");
  const Made key = make_key(host, "ann");
  EXPECT_EQ(last_used(host, key.id).at("AccessKeyLastUsed.ServiceName"), "N/A");
  EXPECT_EQ(last_used(host, key.id).at("AccessKeyLastUsed.LastUsedDate"), "");
  const auto use = [&](std::string_view service, std::string_view region) {
    host.service().keys().used(key.id, {service, region});
  };
  use("lambda", "eu-west-1");
  EXPECT_EQ(last_used(host, key.id).at("UserName"), "ann");
  EXPECT_EQ(last_used(host, key.id).at("AccessKeyLastUsed.ServiceName"), "lambda");
  EXPECT_EQ(last_used(host, key.id).at("AccessKeyLastUsed.Region"), "eu-west-1");
  const std::string first = last_used(host, key.id).at("AccessKeyLastUsed.LastUsedDate");
  EXPECT_NE(first, "");
  EXPECT_EQ(stored(host, key.id).find("eu-west-1"), std::string::npos);
  host.advance(kKeyUseKept);
  EXPECT_NE(stored(host, key.id).find("eu-west-1"), std::string::npos);
  use("sqs", "us-east-1");
  EXPECT_EQ(last_used(host, key.id).at("AccessKeyLastUsed.ServiceName"), "sqs");
  EXPECT_NE(last_used(host, key.id).at("AccessKeyLastUsed.LastUsedDate"), first);
  host.restart();
  EXPECT_EQ(last_used(host, key.id).at("AccessKeyLastUsed.ServiceName"), "sqs");
}

TEST(Keys, OfOthersAreNotNoted) {
  Host host;
  host.service().keys().used("AKIAOFTHECONFIGURATN", {"lambda", "us-east-1"});
  host.service().keys().used("test", {"lambda", "us-east-1"});
  EXPECT_EQ(host.background.next_due(), std::nullopt);
}

TEST(Keys, KnowWhichUsersAndRolesThereAre) {
  Host host;
  const auto has = [&](const std::string& id) { return host.service().keys().has_identity(id); };
  const std::string ann = create_user(host, "ann").at("User.UserId");
  const std::string worker = create_role(host, "worker").at("Role.RoleId");
  EXPECT_TRUE(has(ann));
  EXPECT_TRUE(has(worker));
  host.restart();
  EXPECT_TRUE(has(ann));
  EXPECT_TRUE(has(worker));
  ASSERT_TRUE(host.call("UpdateUser", R"({"UserName":"ann","NewUserName":"anna"})").ok());
  EXPECT_TRUE(has(ann));
  ASSERT_TRUE(host.call("DeleteUser", R"({"UserName":"anna"})").ok());
  ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"worker"})").ok());
  EXPECT_FALSE(has(ann));
  EXPECT_FALSE(has(worker));
  // Others of the same names.
  EXPECT_TRUE(has(create_user(host, "ann").at("User.UserId")));
  EXPECT_TRUE(has(create_role(host, "worker").at("Role.RoleId")));
  EXPECT_FALSE(has(ann));
  EXPECT_FALSE(has(worker));
  const std::string linked =
      host.call("CreateServiceLinkedRole", R"({"AWSServiceName":"autoscaling.amazonaws.com"})")
          .at("Role.RoleId");
  EXPECT_TRUE(has(linked));
}

TEST(RoleDirectory, KnowsRolesByTheirWholeArn) {
  Host host;
  ports::Roles& roles = host.service().roles();
  const std::string name = arn("role/a/worker");
  const auto before = roles.find(name);
  ASSERT_TRUE(before);
  EXPECT_FALSE(before->known);
  EXPECT_EQ(before->id.substr(0, 4), "AROA");
  EXPECT_EQ(before->id.size(), 21U);
  EXPECT_EQ(roles.find(name)->id, before->id);
  EXPECT_NE(roles.find(arn("role/other"))->id, before->id);
  const Answer made = host.call(
      "CreateRole",
      input({{"RoleName", "worker"}, {"Path", "/a/"}, {"AssumeRolePolicyDocument", kTrust}}));
  const auto after = roles.find(name);
  EXPECT_TRUE(after->known);
  EXPECT_TRUE(after->trusts("lambda.amazonaws.com"));
  EXPECT_EQ(after->id, made.at("Role.RoleId"));
  EXPECT_EQ(after->max_session_s, 3600);
  EXPECT_FALSE(roles.find(arn("role/worker"))->known);
  EXPECT_FALSE(roles.find("arn:aws:iam::111111111111:role/a/worker")->known);
  EXPECT_FALSE(roles.find("no arn")->known);
  ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"worker"})").ok());
  EXPECT_FALSE(roles.find(name)->known);
}

TEST(RoleDirectory, AsksNoStore) {
  Host host;
  ASSERT_TRUE(create_role(host, "r").ok());
  host.restart();
  ports::Roles& roles = host.service().roles();
  std::future<std::pair<bool, bool>> asked;
  // Nobody else gets at a memory engine's store meanwhile.
  ASSERT_TRUE(host.engine->store().read([&](store::Reader&) -> Status {
    asked = std::async(std::launch::async, [&] {
      return std::pair(roles.find(arn("role/r"))->known, roles.find(arn("role/none"))->known);
    });
    EXPECT_EQ(asked.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    return {};
  }));
  EXPECT_EQ(asked.get(), std::pair(true, false));
}

TEST(RoleDirectory, HoldsTheRolesThereAreAndNoOthers) {
  Host host;
  RoleDirectory& roles = host.service().roles();
  ASSERT_TRUE(create_role(host, "r").ok());
  ASSERT_TRUE(create_user(host, "u").ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(roles.find(arn("role/r" + std::to_string(i))));
  EXPECT_EQ(roles.size(), 1U);
  host.restart();
  EXPECT_EQ(host.service().roles().size(), 1U);
  ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"r"})").ok());
  EXPECT_EQ(host.service().roles().size(), 0U);
}

TEST(RoleDirectory, SeesEveryChange) {
  Host host;
  const auto role = [&] { return *host.service().roles().find(arn("role/r")); };
  ASSERT_TRUE(create_role(host, "r").ok());
  const std::string first = role().id;
  ASSERT_TRUE(host.call("UpdateRole", R"({"RoleName":"R","MaxSessionDuration":7200})").ok());
  EXPECT_EQ(role().max_session_s, 7200);
  const std::string_view other =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow",)"
      R"("Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}})";
  ASSERT_TRUE(
      host.call("UpdateAssumeRolePolicy", input({{"RoleName", "r"}, {"PolicyDocument", other}}))
          .ok());
  EXPECT_FALSE(role().trusts("lambda.amazonaws.com"));
  ASSERT_TRUE(host.call("DeleteRole", R"({"RoleName":"r"})").ok());
  EXPECT_FALSE(role().known);
  ASSERT_TRUE(create_role(host, "r").ok());
  EXPECT_TRUE(role().trusts("lambda.amazonaws.com"));
  EXPECT_NE(role().id, first);
  const ports::Role before = role();
  host.restart();
  EXPECT_EQ(role().id, before.id);
  EXPECT_TRUE(role().trusts("lambda.amazonaws.com"));
}

TEST(RoleDirectory, SeesWhomARoleTrusts) {
  Host host;
  const auto trusts = [&](std::string_view principal, std::string_view action,
                          std::string_view effect = "Allow") {
    const std::string trust = R"({"Version":"2012-10-17","Statement":{"Effect":")" +
                              std::string(effect) + R"(","Principal":)" + std::string(principal) +
                              R"(,"Action":)" + std::string(action) + "}}";
    host.call("DeleteRole", R"({"RoleName":"r"})");
    EXPECT_TRUE(create_role(host, "r", trust).ok()) << trust;
    return host.service().roles().find(arn("role/r"))->trusts("lambda.amazonaws.com");
  };
  const std::string_view lambda = R"({"Service":["sqs.amazonaws.com","lambda.amazonaws.com"]})";
  EXPECT_TRUE(trusts(lambda, R"("sts:AssumeRole")"));
  EXPECT_TRUE(trusts(lambda, R"(["sts:TagSession","sts:assumerole"])"));
  EXPECT_TRUE(trusts(lambda, R"("sts:*")"));
  EXPECT_FALSE(trusts(lambda, R"("sts:TagSession")"));
  EXPECT_FALSE(trusts(lambda, R"("sts:AssumeRole")", "Deny"));
  EXPECT_FALSE(trusts(R"({"Service":"ec2.amazonaws.com"})", R"("sts:AssumeRole")"));
  EXPECT_FALSE(trusts(R"({"AWS":"000000000000"})", R"("sts:AssumeRole")"));
  EXPECT_FALSE(host.service().roles().find(arn("role/r"))->trusts("scheduler.amazonaws.com"));
  EXPECT_FALSE(trusts(R"({"Service":"scheduler.amazonaws.com"})", R"("sts:AssumeRole")"));
  EXPECT_TRUE(host.service().roles().find(arn("role/r"))->trusts("scheduler.amazonaws.com"));
  EXPECT_FALSE(host.service().roles().find(arn("role/r"))->trusts("pipes.amazonaws.com"));
  EXPECT_FALSE(trusts(R"({"Service":"pipes.amazonaws.com"})", R"("sts:AssumeRole")"));
  EXPECT_TRUE(host.service().roles().find(arn("role/r"))->trusts("pipes.amazonaws.com"));
  EXPECT_TRUE(trusts(R"("*")", R"("sts:AssumeRole")"));
}

}  // namespace
}  // namespace lapwing::iam::testing

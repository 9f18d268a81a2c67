#include <gtest/gtest.h>

#include "services/logs/limits.hpp"
#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

class Groups : public LogsFixture {
 protected:
  Result<model::DescribeLogGroupsResponse> describe(model::DescribeLogGroupsRequest in = {}) {
    return describe_log_groups(*core_, call_, in);
  }
  static Messages names(const model::DescribeLogGroupsResponse& response) {
    Messages out;
    for (const auto& group : *response.log_groups) out.push_back(*group.log_group_name);
    return out;
  }
};

TEST_F(Groups, CreateDescribeDelete) {
  model::CreateLogGroupRequest in;
  in.log_group_name = "/aws/lambda/f";
  in.tags = Tags{{"team", "a"}};
  ASSERT_TRUE(create_log_group(*core_, call_, in));
  EXPECT_EQ(error_of(create_log_group(*core_, call_, in)),
            "ResourceAlreadyExistsException: The specified log group already exists");
  restart();
  const auto described = describe();
  ASSERT_TRUE(described);
  ASSERT_EQ(described->log_groups->size(), 1u);
  const model::LogGroup& group = described->log_groups->front();
  EXPECT_EQ(group.arn, "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*");
  EXPECT_EQ(group.log_group_arn, "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f");
  EXPECT_EQ(group.creation_time, kNowMs);
  EXPECT_EQ(group.stored_bytes, 0);
  EXPECT_EQ(group.metric_filter_count, 0);
  EXPECT_EQ(group.log_group_class, "STANDARD");
  EXPECT_EQ(group.retention_in_days, std::nullopt);
  EXPECT_EQ(group.deletion_protection_enabled, false);
  ASSERT_TRUE(delete_log_group(*core_, call_, {"/aws/lambda/f"}));
  EXPECT_EQ(error_of(delete_log_group(*core_, call_, {"/aws/lambda/f"})), kNoGroup);
  EXPECT_TRUE(describe()->log_groups->empty());
}

TEST_F(Groups, EachAccountAndRegionHasItsOwn) {
  make_group("g");
  call_.caller.region = Region("eu-west-1");
  EXPECT_TRUE(describe()->log_groups->empty());
  make_group("g");
  call_.caller.account = AccountId("111111111111");
  EXPECT_TRUE(describe()->log_groups->empty());
  EXPECT_EQ(error_of(delete_log_group(*core_, call_, {"g"})), kNoGroup);
}

TEST_F(Groups, DeletionProtectionMayBeOff) {
  model::CreateLogGroupRequest in;
  in.log_group_name = "g";
  in.deletion_protection_enabled = true;
  EXPECT_EQ(
      error_of(create_log_group(*core_, call_, in)),
      "NotImplemented: Lapwing does not support the parameter deletionProtectionEnabled of logs "
      "CreateLogGroup yet.");
  in.deletion_protection_enabled = false;
  EXPECT_TRUE(create_log_group(*core_, call_, in));
}

TEST_F(Groups, ClassesOtherThanTheTwoServedAreRefusedByName) {
  model::CreateLogGroupRequest in;
  in.log_group_name = "g";
  in.log_group_class = "DELIVERY";
  EXPECT_EQ(error_of(create_log_group(*core_, call_, in)),
            "NotImplemented: Lapwing does not support the parameter logGroupClass=DELIVERY of logs "
            "CreateLogGroup yet.");
  in.log_group_class = "INFREQUENT_ACCESS";
  EXPECT_TRUE(create_log_group(*core_, call_, in));
  model::DescribeLogGroupsRequest only;
  only.log_group_class = "STANDARD";
  EXPECT_TRUE(describe(only)->log_groups->empty());
}

TEST_F(Groups, DescribePagesInOrderOfNames) {
  for (int i = 0; i < 7; ++i) make_group("g" + std::to_string(6 - i));
  make_group("other");
  model::DescribeLogGroupsRequest in;
  in.log_group_name_prefix = "g";
  in.limit = 3;
  auto page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"g0", "g1", "g2"}));
  in.next_token = page->next_token;
  page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"g3", "g4", "g5"}));
  in.next_token = page->next_token;
  page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"g6"}));
  EXPECT_FALSE(page->next_token);
  in.limit = 7;
  in.next_token.reset();
  EXPECT_FALSE(describe(in)->next_token);
  in.next_token = "nonsense";
  EXPECT_EQ(error_of(describe(in)),
            "InvalidParameterException: The specified nextToken is invalid.");
}

TEST_F(Groups, DescribeDefaultsToFifty) {
  for (int i = 0; i < 51; ++i) make_group(fmt::format("g{:02}", i));
  const auto page = describe();
  EXPECT_EQ(page->log_groups->size(), kDescribeMax);
  EXPECT_TRUE(page->next_token);
}

TEST_F(Groups, DescribeByPatternAndByIdentifiers) {
  for (const char* name : {"/aws/lambda/orders", "/aws/lambda/users", "Orders"}) make_group(name);
  model::DescribeLogGroupsRequest in;
  in.log_group_name_pattern = "orders";
  EXPECT_EQ(names(*describe(in)), (Messages{"/aws/lambda/orders"}));
  in.log_group_name_prefix = "/aws";
  EXPECT_EQ(error_of(describe(in)),
            "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are "
            "mutually exclusive parameters.");
  in = {};
  in.log_group_identifiers = {"Orders",
                              "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/users",
                              "missing", "arn:aws:logs:us-east-1:111111111111:log-group:Orders"};
  EXPECT_EQ(names(*describe(in)), (Messages{"Orders", "/aws/lambda/users"}));
}

TEST_F(Groups, RetentionTakesAwsValuesOnly) {
  make("g", {"s"});
  ASSERT_TRUE(put_retention_policy(*core_, call_, {"g", 7}));
  EXPECT_EQ(describe()->log_groups->front().retention_in_days, 7);
  const auto refused = put_retention_policy(*core_, call_, {"g", 8});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().starts_with(
      "1 validation error detected: Value '8' at 'retentionInDays' failed to satisfy constraint: "
      "Member must satisfy enum value set: [1, 3, 5, 7, 14,"));
  EXPECT_EQ(error_of(put_retention_policy(*core_, call_, {"none", 7})), kNoGroup);
  ASSERT_TRUE(delete_retention_policy(*core_, call_, {"g"}));
  EXPECT_EQ(describe()->log_groups->front().retention_in_days, std::nullopt);
  EXPECT_EQ(error_of(delete_retention_policy(*core_, call_, {"none"})), kNoGroup);
}

TEST_F(Groups, ExpiredEventsVanishFromReadsAtOnceAndFromTheStoreByHousekeeping) {
  constexpr std::int64_t kDay = 24LL * 3600 * 1000;
  make("g", {"s"});
  ASSERT_TRUE(put("g", "s", {{kNowMs - kDay / 2, "old"}}));
  ASSERT_TRUE(put("g", "s", {{kNowMs, "new"}}));
  ASSERT_TRUE(put_retention_policy(*core_, call_, {"g", 1}));
  EXPECT_EQ(messages(*filter("g")), (Messages{"old", "new"}));
  clock_.advance(std::chrono::hours(13));
  EXPECT_EQ(messages(*filter("g")), (Messages{"new"}));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"new"}));
  const std::int64_t before = *describe()->log_groups->front().stored_bytes;
  ASSERT_TRUE(expire_events(*core_));
  EXPECT_LT(*describe()->log_groups->front().stored_bytes, before);
  // Without the policy nothing hides what is left; what was removed stays away.
  ASSERT_TRUE(delete_retention_policy(*core_, call_, {"g"}));
  EXPECT_EQ(messages(*filter("g")), (Messages{"new"}));
}

TEST_F(Groups, AGroupMadeAgainIsEmpty) {
  make("g", {"s"});
  ASSERT_TRUE(put("g", "s", {{kNowMs, "before"}}));
  ASSERT_TRUE(delete_log_group(*core_, call_, {"g"}));
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, "x"}})), kNoGroup);
  EXPECT_EQ(error_of(get("g", "s")), kNoGroup);
  EXPECT_EQ(error_of(filter("g")), kNoGroup);
  make_group("g");
  EXPECT_EQ(error_of(get("g", "s")), kNoStream);
  ASSERT_TRUE(create_log_stream(*core_, call_, {"g", "s"}));
  EXPECT_TRUE(get("g", "s")->events->empty());
  EXPECT_TRUE(core_->repository.dropped()->empty());
  EXPECT_TRUE(engine_->bulk_log().streams("")->empty());
}

// The server died between the deletion and the sweep.
TEST_F(Groups, ADeletionCutShortIsFinishedLater) {
  make("g", {"s", "t"});
  ASSERT_TRUE(put("g", "s", {{kNowMs, "x"}}));
  ASSERT_TRUE(core_->repository.remove_group(scope_of(call_.caller), "g"));
  restart();
  EXPECT_EQ(core_->repository.dropped()->size(), 1u);
  ASSERT_TRUE(sweep_dropped(*core_));
  EXPECT_TRUE(core_->repository.dropped()->empty());
  EXPECT_TRUE(engine_->bulk_log().streams("")->empty());
}

TEST_F(Groups, Tags) {
  make_group("g");
  const std::string arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
  ASSERT_TRUE(tag_resource(*core_, call_, {arn, {{"a", "1"}, {"b", "2"}}}));
  ASSERT_TRUE(tag_log_group(*core_, call_, {"g", {{"b", "3"}, {"c", "4"}}}));
  ASSERT_TRUE(untag_resource(*core_, call_, {arn, {"a", "missing"}}));
  EXPECT_EQ(*list_tags_for_resource(*core_, call_, {arn + ":*"})->tags,
            (Tags{{"b", "3"}, {"c", "4"}}));
  ASSERT_TRUE(untag_log_group(*core_, call_, {"g", {"b"}}));
  restart();
  EXPECT_EQ(*list_tags_log_group(*core_, call_, {"g"})->tags, (Tags{{"c", "4"}}));

  Tags many;
  for (std::size_t i = 0; i < kTagsMax; ++i) many["k" + std::to_string(i)] = "";
  const auto refused = tag_resource(*core_, call_, {arn, many});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), "TooManyTagsException");
  EXPECT_EQ(*list_tags_log_group(*core_, call_, {"g"})->tags, (Tags{{"c", "4"}}));
  many.erase("k0");
  EXPECT_TRUE(tag_resource(*core_, call_, {arn, many}));

  EXPECT_EQ(error_of(tag_resource(*core_, call_, {"not-an-arn", {{"a", "1"}}})),
            "InvalidParameterException: The specified resource ARN is invalid.");
  EXPECT_EQ(error_of(tag_resource(*core_, call_,
                                  {"arn:aws:logs:us-east-1:1:destination:d", {{"a", "1"}}})),
            "ResourceNotFoundException: The specified resource does not exist.");
  EXPECT_EQ(error_of(list_tags_for_resource(*core_, call_, {arn + "x"})), kNoGroup);
  EXPECT_EQ(error_of(list_tags_log_group(*core_, call_, {"x"})), kNoGroup);
  EXPECT_EQ(error_of(tag_log_group(*core_, call_, {"g", {{"aws:x", "1"}}})),
            "InvalidParameterException: Tag keys beginning with aws: are reserved for system use.");
}

}  // namespace
}  // namespace lapwing::logs

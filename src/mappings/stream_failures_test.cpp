// What becomes of a stream's records that fail.
#include <algorithm>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "mappings/limits.hpp"
#include "mappings/testing/stream_stage.hpp"
#include "text/json.hpp"

namespace lapwing::mappings {
namespace {

using lapwing::testing::eventually;
using testing::answered;
using testing::failed;
using testing::Ids;
using testing::kShard;
using testing::kStream;
using testing::later;
using testing::StreamStage;
using std::chrono_literals::operator""s;
using Batches = std::vector<Ids>;

constexpr char kQueue[] = "arn:aws:sqs:us-east-1:000000000000:failed";

std::string sequence(int number) { return fmt::format("{:020}", number); }

std::string says_failed(const std::vector<int>& numbers) {
  std::string out;
  for (const int each : numbers) {
    out += fmt::format(R"({}{{"itemIdentifier":"{}"}})", out.empty() ? "" : ",", sequence(each));
  }
  return R"({"batchItemFailures":[)" + out + "]}";
}

class StreamFailures : public ::testing::Test {
 protected:
  // A member of the only record that somebody was told of: "requestContext.condition".
  std::string told(std::string_view path) {
    const auto all = stage.given_up.all();
    if (all.size() != 1) return fmt::format("{} records", all.size());
    return member_of(all[0].record, path);
  }
  static std::string member_of(const std::string& json, std::string_view path) {
    const auto document = text::parse_json(json);
    if (!document) return "no JSON";
    const text::JsonValue* at = &document->root();
    while (at != nullptr && !path.empty()) {
      const std::size_t dot = path.find('.');
      at = at->find(path.substr(0, dot));
      path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    }
    if (at == nullptr) return "absent";
    return at->is_string() ? std::string(at->as_string()) : text::to_json(*at);
  }

  StreamStage stage;
};

TEST_F(StreamFailures, ABatchThatFailedIsTriedAgainLaterAndLater) {
  stage.consumer->poison({"a"});
  stage.put_all({"a", "b"});
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches().size(), 1u);
  stage.advance(1s);
  EXPECT_EQ(stage.batches().size(), 2u);
  stage.advance(1s);
  EXPECT_EQ(stage.batches().size(), 2u);
  stage.advance(1s);
  EXPECT_EQ(stage.batches().size(), 3u);
  EXPECT_EQ(stage.pollers->last_result("m"), "PROBLEM: Function call failed");
  stage.consumer->poison({});
  stage.advance(60s);
  EXPECT_EQ(stage.batches().size(), 4u);
  EXPECT_EQ(stage.pollers->last_result("m"), "OK");
  for (const Ids& each : stage.batches()) EXPECT_EQ(each, (Ids{"a", "b"}));
}

TEST_F(StreamFailures, TheWaitHasAnEnd) {
  stage.consumer->poison({"a"});
  stage.put("a");
  stage.start({});
  stage.advance(3600s);
  const std::size_t before = stage.batches().size();
  stage.advance(kRetryMost);
  EXPECT_EQ(stage.batches().size(), before + 1);
}

TEST_F(StreamFailures, AfterItsRetriesTheShardGoesOn) {
  stage.consumer->poison({"a"});
  stage.put_all({"a", "b"});
  stage.start({.batch_size = 1, .rules = {.retries = 2}, .on_failure = kQueue});
  stage.advance(60s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"a"}, {"a"}, {"b"}}));
  EXPECT_EQ(stage.counts().dropped, 1u);
  EXPECT_EQ(stage.counts().told, 1u);
  EXPECT_EQ(told("requestContext.condition"), "RetryAttemptsExhausted");
  EXPECT_EQ(told("requestContext.approximateInvokeCount"), "3");
  EXPECT_EQ(told("requestContext.requestId"), "request");
  EXPECT_EQ(told("requestContext.functionArn"), "function");
  EXPECT_EQ(told("responseContext.functionError"), "Unhandled");
  EXPECT_EQ(told("responseContext.executedVersion"), "$LATEST");
  EXPECT_EQ(told("KinesisBatchInfo.shardId"), kShard);
  EXPECT_EQ(told("KinesisBatchInfo.startSequenceNumber"), sequence(1));
  EXPECT_EQ(told("KinesisBatchInfo.endSequenceNumber"), sequence(1));
  EXPECT_EQ(told("KinesisBatchInfo.batchSize"), "1");
  EXPECT_EQ(told("KinesisBatchInfo.streamArn"), kStream);
  EXPECT_EQ(stage.given_up.all()[0].destination, kQueue);
  EXPECT_EQ(stage.given_up.all()[0].role_arn, "role");
}

TEST_F(StreamFailures, OfDynamoDbTheRecordHasAnotherName) {
  stage.consumer->poison({"a"});
  stage.put("a");
  stage.start({.kind = StreamKind::kDynamoDb, .rules = {.retries = 0}, .on_failure = kQueue});
  stage.advance(10s);
  EXPECT_EQ(told("DDBStreamBatchInfo.shardId"), kShard);
  EXPECT_EQ(told("KinesisBatchInfo"), "absent");
}

TEST_F(StreamFailures, WithoutADestinationNobodyIsTold) {
  stage.consumer->poison({"a"});
  stage.put_all({"a", "b"});
  stage.start({.batch_size = 1, .rules = {.retries = 0}});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
  EXPECT_EQ(stage.counts().dropped, 1u);
  EXPECT_EQ(stage.counts().told, 0u);
}

TEST_F(StreamFailures, WhatIsToldIsWrittenWithTheCheckpoint) {
  stage.consumer->poison({"a"});
  stage.put("a");
  stage.start({.rules = {.retries = 0}, .on_failure = kQueue});
  stage.settle();
  EXPECT_EQ(stage.checkpoint()->sequence, sequence(1));
  const auto kept = stage.store().scan({.kind = "told"});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->records.size(), 1u);
}

TEST_F(StreamFailures, BisectedOnlyTheBadRecordIsLost) {
  stage.consumer->poison({"5"});
  stage.put_all({"1", "2", "3", "4", "5", "6", "7", "8"});
  stage.start({.rules = {.retries = 0, .bisect = true}, .on_failure = kQueue});
  stage.advance(60s);
  Ids good;
  for (const Ids& each : stage.batches()) {
    if (std::ranges::find(each, "5") == each.end())
      good.insert(good.end(), each.begin(), each.end());
  }
  EXPECT_EQ(good, (Ids{"1", "2", "3", "4", "6", "7", "8"}));
  EXPECT_EQ(told("KinesisBatchInfo.batchSize"), "1");
  EXPECT_EQ(told("KinesisBatchInfo.startSequenceNumber"), sequence(5));
}

TEST_F(StreamFailures, HalvesAreTriedAtOnceTheLeftFirst) {
  stage.consumer->poison({"4"});
  stage.put_all({"1", "2", "3", "4"});
  stage.start({.rules = {.bisect = true}});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"1", "2", "3", "4"}, {"1", "2"}, {"3", "4"}, {"3"}, {"4"}}));
}

TEST_F(StreamFailures, TheLowestThatItReportsIsWhereItGoesOn) {
  stage.consumer->answers({answered(says_failed({4, 3}))});
  stage.put_all({"a", "b", "c", "d"});
  stage.start({.partial_failures = true});
  stage.settle();
  EXPECT_EQ(stage.checkpoint()->sequence, sequence(2));
  stage.advance(1s);
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b", "c", "d"}, {"c", "d"}}));
  EXPECT_EQ(stage.counts().failed, 2u);
}

TEST_F(StreamFailures, WhatItReportedIsNotTriedFromTheStartAfterARestart) {
  Ids ten;
  for (int i = 1; i <= 10; ++i) ten.push_back(fmt::format("{}", i));
  stage.consumer->answers({answered(says_failed({6}))});
  stage.put_all(ten);
  stage.start({.batch_size = 10, .partial_failures = true});
  stage.settle();
  stage.restart();
  stage.start({.batch_size = 10, .partial_failures = true});
  stage.settle();
  EXPECT_EQ(stage.batches()[1], (Ids{"6", "7", "8", "9", "10"}));
}

TEST_F(StreamFailures, ReportedOrNotItsRetriesEnd) {
  stage.consumer->answers(
      {answered(says_failed({2})), answered(says_failed({2})), answered(says_failed({2}))});
  stage.put_all({"a", "b", "c"});
  stage.start({.partial_failures = true, .rules = {.retries = 2}, .on_failure = kQueue});
  stage.advance(60s);
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b", "c"}, {"b", "c"}, {"b", "c"}}));
  EXPECT_EQ(told("requestContext.approximateInvokeCount"), "3");
  EXPECT_EQ(told("responseContext.functionError"), "null");
  EXPECT_EQ(told("KinesisBatchInfo.startSequenceNumber"), sequence(2));
  EXPECT_EQ(told("KinesisBatchInfo.endSequenceNumber"), sequence(3));
}

TEST_F(StreamFailures, WithBothItIsSplitWhereItReports) {
  stage.consumer->answers({answered(says_failed({3}))});
  stage.put_all({"a", "b", "c", "d"});
  stage.start({.partial_failures = true, .rules = {.retries = 0, .bisect = true}});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b", "c", "d"}, {"c", "d"}}));
}

struct AnswerCase {
  const char* answer;
  bool good;
};

TEST_F(StreamFailures, AnswersThatCannotBeReadFailTheBatch) {
  const AnswerCase cases[] = {
      {"", true},
      {"null", true},
      {R"("")", true},
      {"{}", true},
      {R"({"batchItemFailures":[]})", true},
      {R"({"batchItemFailures":null})", true},
      {R"({"batchItemFailures":[{"itemIdentifier":""}]})", false},
      {R"({"batchItemFailures":[{"itemIdentifier":null}]})", false},
      {R"({"batchItemFailures":[{"foo":"00000000000000000001"}]})", false},
      {R"({"batchItemFailures":[{"itemIdentifier":"of another"}]})", false},
      {"not JSON", false},
      {"[]", false},
  };
  for (const AnswerCase& each : cases) {
    SCOPED_TRACE(each.answer);
    StreamStage one;
    one.consumer->answers({answered(each.answer)});
    one.put_all({"a", "b"});
    one.start({.partial_failures = true});
    one.settle();
    EXPECT_EQ(one.checkpoint().has_value(), each.good);
    one.advance(1s);
    EXPECT_EQ(one.batches().size(), each.good ? 1u : 2u);
  }
}

TEST_F(StreamFailures, UnlessItIsSaidAnAnswerIsNotLookedAt) {
  stage.consumer->answers({answered(says_failed({1}))});
  stage.put("a");
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.checkpoint()->sequence, sequence(1));
}

TEST_F(StreamFailures, WhatIsTooOldIsNotTriedAgain) {
  stage.consumer->poison({"a"});
  stage.put_all({"a", "b"});
  stage.start({.batch_size = 1, .rules = {.age_max = 60s}, .on_failure = kQueue});
  stage.advance(60s);
  EXPECT_EQ(stage.counts().dropped, 0u);
  stage.advance(60s);
  EXPECT_GE(stage.counts().dropped, 1u);
  const auto all = stage.given_up.all();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(member_of(all[0].record, "requestContext.condition"), "RecordAgeExceeded");
  EXPECT_NE(member_of(all[0].record, "requestContext.approximateInvokeCount"), "0");
}

TEST_F(StreamFailures, WhatWasNeverTriedMayBeTooOld) {
  stage.put("old");
  stage.advance(61s);
  stage.put("new");
  stage.start({.rules = {.age_max = 60s}, .on_failure = kQueue});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"new"}}));
  EXPECT_EQ(told("requestContext.condition"), "RecordAgeExceeded");
  EXPECT_EQ(told("requestContext.approximateInvokeCount"), "0");
  EXPECT_EQ(told("responseContext"), "absent");
}

TEST_F(StreamFailures, OnlyWhatIsTooOldIsGivenUp) {
  stage.put("a");
  stage.advance(30s);
  stage.put("b");
  stage.advance(31s);
  stage.start({.rules = {.age_max = 60s}});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"b"}}));
}

TEST_F(StreamFailures, WhatIsLargerThanAnEventIsGivenUp) {
  stage.put_all({"a", std::string(kEventBytesMax, 'x'), "b"});
  stage.start({.on_failure = kQueue});
  stage.settle();
  EXPECT_EQ(stage.seen(), (Ids{"a", "b"}));
  EXPECT_EQ(told("requestContext.condition"), "MaximumPayloadSizeExceeded");
  EXPECT_EQ(told("responseContext"), "null");
}

TEST_F(StreamFailures, ThrottledNothingIsLost) {
  stage.consumer->answers({later(), later(), later()});
  stage.put("a");
  stage.start({.rules = {.retries = 0}, .on_failure = kQueue});
  stage.settle();
  EXPECT_EQ(stage.batches().size(), 4u);
  EXPECT_EQ(stage.counts().throttles, 3u);
  EXPECT_EQ(stage.counts().dropped, 0u);
  EXPECT_EQ(stage.counts().invoked, 1u);
}

TEST_F(StreamFailures, WithoutAPlaceToRunNothingIsLost) {
  stage.consumer->set_ready(Readiness{.room = 0, .role_arn = "role"});
  stage.put("a");
  stage.start({.rules = {.retries = 0}});
  stage.advance(60s);
  stage.consumer->set_ready(Readiness{.room = 1, .role_arn = "role", .timeout = 3s});
  stage.advance(10s);
  EXPECT_EQ(stage.seen(), Ids{"a"});
}

TEST_F(StreamFailures, WhatIsNobodysFaultCountsAsNoRetry) {
  Taken broken = failed();
  broken.counts = false;
  stage.consumer->answers({broken, broken});
  stage.put("a");
  stage.start({.rules = {.retries = 0}});
  stage.advance(60s);
  EXPECT_EQ(stage.batches().size(), 3u);
  EXPECT_EQ(stage.counts().dropped, 0u);
}

TEST_F(StreamFailures, OtherShardsGoOn) {
  StreamStage two(2);
  two.consumer->poison({"a"});
  two.put("a");
  two.put_all({"x", "y"}, "k", "shardId-000000000001");
  two.start({.batch_size = 1});
  two.settle();
  EXPECT_EQ(std::ranges::count(two.seen(), "y"), 1);
}

TEST_F(StreamFailures, ManyThatAreHeldUpLeaveSomethingToOthers) {
  constexpr int kShards = 30;
  StreamStage many(kShards);
  many.consumer->poison({"bad"});
  for (int i = 0; i + 1 < kShards; ++i) {
    const std::string shard = fmt::format("shardId-{:012}", i);
    many.put("bad", "k", shard);
    for (int n = 0; n < 5; ++n) many.put(std::string(900'000, 'x'), "k", shard);
  }
  many.start({});
  many.settle();
  many.put("good", "k", fmt::format("shardId-{:012}", kShards - 1));
  many.settle();
  EXPECT_EQ(many.batches().back(), Ids{"good"});
}

TEST_F(StreamFailures, RulesThatChangeCountFromThenOn) {
  stage.consumer->poison({"a"});
  stage.put_all({"a", "b"});
  stage.start({.batch_size = 1});
  stage.advance(10s);
  EXPECT_EQ(stage.counts().dropped, 0u);
  stage.start({.batch_size = 1, .rules = {.retries = 1}});
  stage.advance(60s);
  EXPECT_EQ(stage.counts().dropped, 1u);
  EXPECT_EQ(stage.batches().back(), Ids{"b"});
}

TEST_F(StreamFailures, StoppedWhileItWaitsItEndsAtOnce) {
  stage.consumer->poison({"a"});
  stage.put("a");
  stage.start({});
  stage.settle();
  stage.stop();
  const std::size_t before = stage.batches().size();
  stage.advance(60s);
  EXPECT_EQ(stage.batches().size(), before);
}

TEST_F(StreamFailures, MeasuredItTellsOfThem) {
  stage.consumer->poison({"a"});
  stage.put("a");
  stage.start({.rules = {.retries = 1},
               .on_failure = kQueue,
               .measured = Measured{AccountId("000000000000"), Region("us-east-1"), "m"}});
  stage.advance(10s);
  EXPECT_EQ(stage.metrics.sum("FailedInvokeEventCount"), 2);
  EXPECT_EQ(stage.metrics.sum("DroppedEventCount"), 1);
  EXPECT_EQ(stage.metrics.sum("OnFailureDestinationDeliveredEventCount"), 1);
}

}  // namespace
}  // namespace lapwing::mappings

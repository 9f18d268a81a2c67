#include "mappings/shard_work.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "mappings/failure_record.hpp"

namespace lapwing::mappings {
namespace {

using std::chrono_literals::operator""s;

std::vector<StreamRecord> records(int from, int to) {
  std::vector<StreamRecord> out;
  for (int i = from; i <= to; ++i) out.push_back({fmt::format("{}", i), i * 1000, "{}"});
  return out;
}

std::string shown(const std::vector<StreamRecord>& all) {
  std::string out;
  for (const StreamRecord& each : all) out += each.sequence + " ";
  return out;
}

// What is handed over now.
std::string next(ShardWork& work, std::int64_t now_ms = 0) {
  const Chunk* const chunk = work.next(now_ms);
  return chunk == nullptr ? "nothing" : shown(chunk->records);
}

TEST(ShardWork, BatchesAreDoneInTheirOrder) {
  ShardWork work({});
  work.put({});
  EXPECT_EQ(next(work), "nothing");
  work.put(records(1, 2));
  work.put(records(3, 3));
  EXPECT_EQ(next(work), "1 2 ");
  EXPECT_EQ(work.checkpoint(), "");
  work.done();
  EXPECT_EQ(work.checkpoint(), "2");
  EXPECT_EQ(next(work), "3 ");
  work.done();
  EXPECT_EQ(work.checkpoint(), "3");
  EXPECT_TRUE(work.empty());
}

TEST(ShardWork, WithoutALimitItIsTriedAgainForEver) {
  ShardWork work({});
  work.put(records(1, 2));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(next(work, 1'000'000'000), "1 2 ");
    work.failed();
  }
  EXPECT_TRUE(work.take_given_up().empty());
}

TEST(ShardWork, AfterItsRetriesItIsGivenUp) {
  ShardWork work({.retries = 2});
  work.put(records(1, 2));
  work.put(records(3, 3));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(next(work), "1 2 ");
    work.failed();
  }
  EXPECT_EQ(next(work), "3 ");
  EXPECT_EQ(work.checkpoint(), "2");
  const auto given_up = work.take_given_up();
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(given_up[0].why, GiveUp::kRetriesExhausted);
  EXPECT_EQ(given_up[0].attempts, 3u);
  EXPECT_EQ(shown(given_up[0].records), "1 2 ");
  EXPECT_TRUE(work.take_given_up().empty());
}

TEST(ShardWork, NoRetryIsNone) {
  ShardWork work({.retries = 0});
  work.put(records(1, 1));
  (void)next(work);
  work.failed();
  EXPECT_TRUE(work.empty());
  EXPECT_EQ(work.take_given_up().size(), 1u);
}

TEST(ShardWork, ABatchIsSplitUntilTheBadRecordIsAlone) {
  ShardWork work({.retries = 1, .bisect = true});
  work.put(records(1, 4));
  // 3 is bad.
  EXPECT_EQ(next(work), "1 2 3 4 ");
  work.failed();
  EXPECT_EQ(next(work), "1 2 ");
  work.done();
  EXPECT_EQ(next(work), "3 4 ");
  work.failed();
  EXPECT_EQ(next(work), "3 ");
  work.failed();  // counts
  EXPECT_EQ(next(work), "3 ");
  work.failed();
  const auto given_up = work.take_given_up();
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(shown(given_up[0].records), "3 ");
  EXPECT_EQ(given_up[0].attempts, 4u);
  EXPECT_EQ(next(work), "4 ");
}

TEST(ShardWork, APartialFailureGoesOnFromIt) {
  ShardWork work({.retries = 1});
  work.put(records(1, 3));
  (void)next(work);
  work.failed_from(1);
  EXPECT_EQ(work.checkpoint(), "1");
  EXPECT_EQ(next(work), "2 3 ");
  work.failed_from(1);
  EXPECT_EQ(work.checkpoint(), "3");  // its last retry: the rest is given up
  const auto given_up = work.take_given_up();
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(shown(given_up[0].records), "3 ");
}

TEST(ShardWork, WithBothItIsSplitWhereItSays) {
  ShardWork work({.retries = 0, .bisect = true});
  work.put(records(1, 4));
  (void)next(work);
  work.failed_from(2);
  EXPECT_EQ(next(work), "3 4 ");
  EXPECT_TRUE(work.take_given_up().empty());
  work.failed_from(0);  // nothing succeeded: halves
  EXPECT_EQ(next(work), "3 ");
}

TEST(ShardWork, AnIndexBeyondTheBatchFailsAllOfIt) {
  ShardWork work({.retries = 0});
  work.put(records(1, 2));
  (void)next(work);
  work.failed_from(2);
  EXPECT_TRUE(work.empty());
  EXPECT_EQ(shown(work.take_given_up()[0].records), "1 2 ");
}

TEST(ShardWork, WhatIsTooOldIsGivenUpBeforeItIsTried) {
  ShardWork work({.age_max = 60s});
  work.put(records(1, 3));  // arrived at 1, 2, 3 s
  EXPECT_EQ(next(work, 61'000), "1 2 3 ");
  EXPECT_EQ(next(work, 62'001), "3 ");
  const auto given_up = work.take_given_up();
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(given_up[0].why, GiveUp::kTooOld);
  EXPECT_EQ(shown(given_up[0].records), "1 2 ");
  EXPECT_EQ(work.checkpoint(), "2");
  EXPECT_EQ(next(work, 100'000), "nothing");
}

TEST(FailureRecord, SaysWhereTheRecordsAre) {
  StreamFailure failure;
  failure.stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
  failure.shard = "shardId-000000000000";
  failure.function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  failure.request_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  failure.executed_version = "$LATEST";
  failure.what = {GiveUp::kRetriesExhausted, records(1, 2), 3};
  const WallTime now = wall_from_unix_ms(1'573'755'365'568);
  EXPECT_EQ(
      failure_record(failure, now),
      R"({"requestContext":{"requestId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301",)"
      R"("functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f",)"
      R"("condition":"RetryAttemptsExhausted","approximateInvokeCount":3},)"
      R"("responseContext":{"statusCode":200,"executedVersion":"$LATEST",)"
      R"("functionError":"Unhandled"},"version":"1.0","timestamp":"2019-11-14T18:16:05.568Z",)"
      R"("KinesisBatchInfo":{"shardId":"shardId-000000000000","startSequenceNumber":"1",)"
      R"("endSequenceNumber":"2","approximateArrivalOfFirstRecord":"1970-01-01T00:00:01.000Z",)"
      R"("approximateArrivalOfLastRecord":"1970-01-01T00:00:02.000Z","batchSize":2,)"
      R"("streamArn":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}})");
  failure.kind = StreamKind::kDynamoDb;
  failure.executed_version.clear();
  const std::string other = failure_record(failure, now);
  EXPECT_NE(other.find(R"("DDBStreamBatchInfo":{)"), std::string::npos);
  EXPECT_NE(other.find(R"("approximateArrivalOfFirstRecord":"1970-01-01T00:00:01Z")"),
            std::string::npos);
  EXPECT_EQ(other.find("responseContext"), std::string::npos);
}

}  // namespace
}  // namespace lapwing::mappings

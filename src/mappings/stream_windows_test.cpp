// Windows of batches, tumbling windows, and batches of one shard beside one another.
#include <algorithm>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "mappings/limits.hpp"
#include "mappings/stream_event.hpp"
#include "mappings/testing/stream_stage.hpp"

namespace lapwing::mappings {
namespace {

using lapwing::testing::eventually;
using testing::answered;
using testing::failed;
using testing::Ids;
using testing::kShard;
using testing::kStream;
using testing::StreamStage;
using std::chrono_literals::operator""s;
using Batches = std::vector<Ids>;

TEST(StreamWindow, ABatchWaitsForItsWindow) {
  StreamStage stage;
  stage.start({.window = 10s});
  stage.put("a");
  stage.advance(9s);
  stage.put("b");
  EXPECT_EQ(stage.batches(), Batches{});
  stage.advance(1s);
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b"}}));
}

TEST(StreamWindow, AFullBatchDoesNotWait) {
  StreamStage stage;
  stage.start({.batch_size = 2, .window = 300s});
  stage.put_all({"a", "b", "c"});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b"}}));
  stage.advance(300s);
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b"}, {"c"}}));
}

TEST(StreamWindow, TheEndOfAShardEndsIt) {
  StreamStage stage;
  stage.start({.window = 300s});
  stage.put("a");
  stage.settle();
  stage.streams.close(kStream, kShard);
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}}));
}

TEST(StreamWindow, BatchesNeverGoAcrossShards) {
  StreamStage stage(2);
  stage.put("a");
  stage.put("b", "k", "shardId-000000000001");
  stage.start({.window = 5s});
  stage.advance(5s);
  EXPECT_EQ(stage.batches().size(), 2u);
}

// Tumbling. The clock stands 20 s after the beginning of a minute.
constexpr Duration kMinute = 60s;

class Tumbling : public ::testing::Test {
 protected:
  void SetUp() override { stage.consumer->usually(answered(R"({"state":{"n":1}})")); }
  std::string event(std::size_t index) {
    const auto all = stage.consumer->events();
    return index < all.size() ? all[index] : fmt::format("only {} events", all.size());
  }
  bool has(std::size_t index, std::string_view text) { return event(index).contains(text); }

  StreamStage stage;
};

TEST_F(Tumbling, AWindowIsToldOfAndItsStateHandedOn) {
  stage.consumer->answers({answered(R"({"state":{"n":1.50}})"), answered(R"({"state":{"n":2}})")});
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.settle();
  stage.put("b");
  stage.settle();
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
  EXPECT_TRUE(has(0, R"("window":{"start":"2023-11-14T22:13:00Z","end":"2023-11-14T22:14:00Z"},)"
                     R"("state":{},"shardId":"shardId-000000000000",)"
                     R"("eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",)"
                     R"("isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false})"))
      << event(0);
  EXPECT_TRUE(has(1, R"("state":{"n":1.50})")) << event(1);
}

TEST_F(Tumbling, ItsEndIsToldOnceWithoutRecords) {
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.advance(39s);
  EXPECT_EQ(stage.batches().size(), 1u);
  stage.advance(1s);
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {}}));
  EXPECT_TRUE(has(1, R"({"Records":[],"window":{"start":"2023-11-14T22:13:00Z")"));
  EXPECT_TRUE(has(1, R"("state":{"n":1})"));
  EXPECT_TRUE(has(1, R"("isFinalInvokeForWindow":true,"isWindowTerminatedEarly":false)"));
  stage.advance(600s);
  EXPECT_EQ(stage.batches().size(), 2u);
  EXPECT_FALSE(stage.checkpoint()->window);
}

TEST_F(Tumbling, TheNextWindowBeginsAnew) {
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.advance(45s);
  stage.put("b");
  stage.settle();
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {}, {"b"}}));
  EXPECT_TRUE(has(2, R"("start":"2023-11-14T22:14:00Z")"));
  EXPECT_TRUE(has(2, R"("state":{},)"));
}

TEST_F(Tumbling, WhatWasReadAtOnceIsOfItsOwnWindows) {
  stage.put("a");
  stage.advance(60s);
  stage.put_all({"b", "c"});
  stage.start({.tumbling = kMinute});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {}, {"b", "c"}}));
  EXPECT_TRUE(has(1, R"("isFinalInvokeForWindow":true)"));
}

TEST_F(Tumbling, AnAnswerWithoutStateIsAFailure) {
  stage.consumer->answers({answered("null"), answered(R"({"state":[1]})")});
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.advance(10s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"a"}, {"a"}}));
  EXPECT_EQ(stage.counts().failed, 2u);
}

TEST_F(Tumbling, TheStateSurvivesARestart) {
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.settle();
  stage.restart();
  stage.start({.tumbling = kMinute});
  stage.put("b");
  stage.settle();
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
  EXPECT_TRUE(has(1, R"("state":{"n":1})"));
  stage.restart();
  stage.start({.tumbling = kMinute});
  stage.advance(60s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"b"}, {}}));
}

TEST_F(Tumbling, AStateOfOneMegabyteIsKept) {
  const std::string state = R"({"s":")" + std::string(kWindowStateMax - 8, 'x') + R"("})";
  ASSERT_EQ(state.size(), kWindowStateMax);
  stage.consumer->answers({answered(R"({"state":)" + state + "}")});
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.settle();
  stage.restart();
  stage.start({.tumbling = kMinute});
  stage.put("b");
  stage.settle();
  EXPECT_TRUE(has(1, state));
  EXPECT_TRUE(has(1, R"("isWindowTerminatedEarly":false)"));
  stage.advance(60s);
  const auto left = stage.store().scan({.kind = "mappings.window_state"});
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->records.empty());
}

TEST_F(Tumbling, ALargerStateEndsItEarly) {
  const std::string state = R"({"s":")" + std::string(kWindowStateMax, 'x') + R"("})";
  stage.consumer->answers({answered(R"({"state":)" + state + "}")});
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.settle();
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {}}));
  EXPECT_TRUE(has(1, R"("isFinalInvokeForWindow":true,"isWindowTerminatedEarly":true)"));
  stage.put("b");
  stage.settle();
  EXPECT_TRUE(has(2, R"("state":{},)"));
}

TEST_F(Tumbling, TheEndOfAShardEndsItsWindow) {
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.settle();
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.put("b", "k", left);
  stage.settle();
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {}, {"b"}}));
  EXPECT_TRUE(has(2, R"("state":{},"shardId":")" + left));
}

TEST_F(Tumbling, ItsLastIsTriedAgain) {
  stage.consumer->answers({answered(R"({"state":{"n":1}})"), failed()});
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.advance(45s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {}, {}}));
  EXPECT_FALSE(stage.checkpoint()->window);
}

TEST_F(Tumbling, ItsLastIsGivenUpAfterItsRetries) {
  stage.consumer->answers({answered(R"({"state":{"n":1}})"), failed(), failed()});
  stage.start({.rules = {.retries = 1}, .tumbling = kMinute});
  stage.put("a");
  stage.advance(100s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {}, {}}));
  stage.put("b");
  stage.settle();
  EXPECT_EQ(stage.batches().size(), 4u);
}

TEST_F(Tumbling, WhatIsNobodysFaultCountsAsNoRetryOfItsLast) {
  Taken broken = failed();
  broken.counts = false;
  stage.consumer->answers({answered(R"({"state":{"n":1}})"), broken, broken, failed()});
  stage.start({.rules = {.retries = 1}, .tumbling = kMinute});
  stage.put("a");
  stage.advance(100s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {}, {}, {}, {}}));
}

TEST_F(Tumbling, AReportedFailureKeepsTheStateOfWhatIsDone) {
  stage.consumer->answers({answered(
      R"({"state":{"n":7},"batchItemFailures":[{"itemIdentifier":"00000000000000000002"}]})")});
  stage.put_all({"a", "b"});
  stage.start({.partial_failures = true, .tumbling = kMinute});
  stage.advance(1s);
  ASSERT_EQ(stage.batches(), (Batches{{"a", "b"}, {"b"}}));
  EXPECT_TRUE(has(1, R"("state":{"n":7})"));
}

TEST_F(Tumbling, NoLongerSaidItEnds) {
  stage.start({.tumbling = kMinute});
  stage.put("a");
  stage.settle();
  stage.start({});
  stage.put("b");
  stage.advance(120s);
  ASSERT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
  EXPECT_FALSE(has(1, "window"));
}

TEST_F(Tumbling, ItBisectsWithinItsWindow) {
  stage.consumer->poison({"b"});
  stage.put_all({"a", "b"});
  stage.start({.rules = {.retries = 0, .bisect = true}, .tumbling = kMinute});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b"}, {"a"}, {"b"}}));
  stage.advance(60s);
  EXPECT_TRUE(has(3, R"("isFinalInvokeForWindow":true)"));
}

TEST(WindowStart, IsAlignedWithTheEpoch) {
  EXPECT_EQ(window_start_ms(0, 60s), 0);
  EXPECT_EQ(window_start_ms(59'999, 60s), 0);
  EXPECT_EQ(window_start_ms(60'000, 60s), 60'000);
  EXPECT_EQ(window_start_ms(1'700'000'000'000, 900s), 1'699'999'200'000);
}

// Batches beside one another.
std::vector<std::string> keys_of_lanes(std::size_t lanes) {
  std::vector<std::string> out(lanes);
  for (int i = 0; std::ranges::find(out, "") != out.end(); ++i) {
    const std::string key = fmt::format("key{}", i);
    out[std::hash<std::string>()(key) % lanes] = key;
  }
  return out;
}

TEST(Parallel, KeysAreAtWorkBesideOneAnother) {
  StreamStage stage;
  stage.consumer->hold();
  const auto keys = keys_of_lanes(4);
  for (const std::string& key : keys) stage.put(key, key);
  stage.start({.parallel = 4});
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == 4; }));
  stage.consumer->let_go();
  stage.settle();
  EXPECT_EQ(stage.seen().size(), 4u);
}

TEST(Parallel, OfOneKeyTheyAreInOrder) {
  StreamStage stage;
  const auto keys = keys_of_lanes(10);
  Ids of_first;
  for (int i = 0; i < 20; ++i) {
    for (const std::string& key : keys) {
      const std::string data = fmt::format("{}-{:02}", key, i);
      if (key == keys[0]) of_first.push_back(data);
      stage.put(data, key);
    }
  }
  stage.start({.batch_size = 3, .parallel = 10});
  stage.settle();
  Ids seen;
  for (const std::string& each : stage.seen()) {
    if (each.starts_with(keys[0] + "-")) seen.push_back(each);
  }
  EXPECT_EQ(seen, of_first);
  EXPECT_EQ(stage.seen().size(), 200u);
  EXPECT_LE(stage.consumer->most_at_once(), kParallelMax);
}

TEST(Parallel, KeptIsOnlyWhatHasNoGap) {
  StreamStage stage;
  const auto keys = keys_of_lanes(2);
  stage.consumer->poison({"bad"});
  stage.put("a", keys[0]);
  stage.put("bad", keys[1]);
  stage.put("c", keys[0]);
  stage.start({.batch_size = 1, .parallel = 2});
  stage.settle();
  EXPECT_EQ(std::ranges::count(stage.seen(), "c"), 1);
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000001");
  stage.consumer->poison({});
  stage.advance(60s);
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000003");
  EXPECT_EQ(std::ranges::count(stage.seen(), "c"), 1);
}

TEST(Parallel, WhatIsBehindAGapIsRunAgainAfterARestart) {
  StreamStage stage;
  const auto keys = keys_of_lanes(2);
  stage.consumer->poison({"bad"});
  stage.put("bad", keys[1]);
  stage.put("c", keys[0]);
  stage.start({.batch_size = 1, .parallel = 2});
  stage.settle();
  stage.restart();
  stage.consumer->poison({});
  stage.start({.batch_size = 1, .parallel = 2});
  stage.settle();
  EXPECT_EQ(std::ranges::count(stage.seen(), "c"), 2);
}

TEST(Parallel, AChangedFactorLosesNothing) {
  StreamStage stage;
  const auto keys = keys_of_lanes(2);
  stage.consumer->poison({"bad"});
  stage.put("bad", keys[1]);
  stage.put("c", keys[0]);
  stage.start({.batch_size = 1, .parallel = 2});
  stage.settle();
  stage.consumer->poison({});
  stage.start({.batch_size = 1});
  stage.advance(60s);
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000002");
}

TEST(Parallel, NoMoreIsReadAheadThanABatchALane) {
  StreamStage stage;
  stage.consumer->hold();
  const auto keys = keys_of_lanes(2);
  for (int i = 0; i < 100; ++i) stage.put("x", keys[0]);
  stage.start({.batch_size = 5, .parallel = 2});
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == 1; }));
  EXPECT_LE(stage.counts().polled, 10u);
  stage.consumer->let_go();
  stage.settle();
  EXPECT_EQ(stage.seen().size(), 100u);
}

}  // namespace
}  // namespace lapwing::mappings

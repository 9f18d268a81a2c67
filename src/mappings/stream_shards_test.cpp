// Shards, positions and checkpoints of a mapping of a stream.
#include <algorithm>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "mappings/limits.hpp"
#include "mappings/shard_records.hpp"
#include "mappings/testing/stream_stage.hpp"

namespace lapwing::mappings {
namespace {

using lapwing::testing::eventually;
using testing::Ids;
using testing::kShard;
using testing::kStream;
using testing::StreamStage;
using std::chrono_literals::operator""s;
using Batches = std::vector<Ids>;

constexpr char kOther[] = "shardId-000000000001";

Ids numbers(int count) {
  Ids out;
  for (int i = 0; i < count; ++i) out.push_back(fmt::format("r{:05}", i));
  return out;
}

TEST(StreamShards, WhatIsThereIsHandedOverInOrderAndBatches) {
  StreamStage stage;
  stage.put_all(numbers(25));
  stage.start({.batch_size = 10});
  stage.settle();
  EXPECT_EQ(stage.seen(), numbers(25));
  EXPECT_EQ(stage.batches().size(), 3u);
  EXPECT_EQ(stage.counts().polled, 25u);
  EXPECT_EQ(stage.counts().invoked, 25u);
  EXPECT_EQ(stage.pollers->last_result("m"), "OK");
}

TEST(StreamShards, BeforeAnythingNothingWasProcessed) {
  StreamStage stage;
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.pollers->last_result("m"), "No records processed");
  EXPECT_EQ(stage.pollers->last_result("none"), std::nullopt);
}

TEST(StreamShards, WhatComesLaterWakesIt) {
  StreamStage stage;
  stage.start({});
  stage.settle();
  stage.put("a");
  stage.settle();
  stage.advance(1200s);
  stage.put("b");
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
}

TEST(StreamShards, IdleNothingIsRead) {
  StreamStage stage(4);
  stage.start({});
  stage.settle();
  const int reads = stage.streams.reads();
  EXPECT_EQ(reads, 4);
  EXPECT_EQ(stage.streams.lists(), 1);
  stage.advance(3600s);
  EXPECT_EQ(stage.streams.reads(), reads);
  EXPECT_EQ(stage.streams.lists(), 1);
}

TEST(StreamShards, ARestartGoesOnBehindItsCheckpoint) {
  StreamStage stage;
  stage.put_all({"a", "b"});
  stage.start({});
  stage.settle();
  stage.restart();
  stage.put("c");
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b"}, {"c"}}));
}

TEST(StreamShards, WhatWasAtWorkWhenItEndedIsRunAgain) {
  StreamStage stage;
  stage.consumer->hold();
  stage.put_all({"a", "b"});
  stage.start({});
  ASSERT_TRUE(eventually([&] { return stage.consumer->count() == 1; }));
  stage.restart();
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a", "b"}, {"a", "b"}}));
}

TEST(StreamShards, ACheckpointIsThereBeforeTheNextBatchBegins) {
  StreamStage stage;
  stage.put_all({"a", "b"});
  stage.start({.batch_size = 1});
  stage.settle();
  ASSERT_TRUE(stage.checkpoint());
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000002");
  EXPECT_FALSE(stage.checkpoint()->ended);
}

TEST(StreamShards, LatestBeginsBehindWhatThereWas) {
  StreamStage stage;
  stage.put("old");
  const auto shards = stage.streams.describe({kStream, ""});
  ASSERT_TRUE(Checkpoints::begin(stage.store(), {{"m", kShard, (*shards)[0].last, false, {}}}));
  stage.put("new");
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"new"}}));
}

TEST(StreamShards, AtATimeItBeginsWithTheFirstThatArrivedThen) {
  StreamStage stage;
  stage.put("a");
  stage.advance(10s);
  stage.put("b");
  stage.advance(10s);
  stage.put("c");
  stage.start({.from_ms = 1'700'000'005'000});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"b", "c"}}));
}

TEST(StreamShards, AllShardsAreReadBesideOneAnother) {
  StreamStage stage(2);
  stage.consumer->hold();
  stage.put("a");
  stage.put("b", "k", kOther);
  stage.start({});
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == 2; }));
  stage.consumer->let_go();
  stage.settle();
  EXPECT_EQ(stage.seen().size(), 2u);
}

TEST(StreamShards, ChildrenComeAfterTheirParent) {
  StreamStage stage;
  stage.put("a");
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.put("b", "k", left);
  stage.put("c", "k", right);
  stage.start({.batch_size = 1});
  stage.settle();
  ASSERT_EQ(stage.seen().size(), 3u);
  EXPECT_EQ(stage.seen()[0], "a");
  EXPECT_TRUE(stage.checkpoint()->ended);
}

TEST(StreamShards, AParentThatFailsHoldsUpItsChildren) {
  StreamStage stage;
  stage.consumer->poison({"a"});
  stage.put("a");
  stage.start({});
  stage.settle();
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.put("b", "k", left);
  stage.advance(30s);
  for (const Ids& each : stage.batches()) EXPECT_EQ(each, Ids{"a"});
  stage.consumer->poison({});
  stage.advance(60s);
  EXPECT_EQ(stage.batches().back(), Ids{"b"});
}

TEST(StreamShards, AMergedShardWaitsForBothItCameFrom) {
  StreamStage stage(2);
  stage.consumer->poison({"b"});
  stage.put("a");
  stage.put("b", "k", kOther);
  stage.start({});
  stage.settle();
  const std::string child = stage.streams.merge(kStream, kShard, kOther);
  stage.put("c", "k", child);
  stage.advance(10s);
  EXPECT_EQ(std::ranges::count(stage.seen(), "c"), 0);
  stage.consumer->poison({});
  stage.advance(60s);
  EXPECT_EQ(stage.seen().back(), "c");
}

TEST(StreamShards, ASplitWhileItIsIdleIsHeardOf) {
  StreamStage stage;
  stage.start({});
  stage.settle();
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.put("x", "k", right);
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"x"}}));
}

TEST(StreamShards, OfClosedShardsThatAreDoneNothingIsReadAfterARestart) {
  StreamStage stage;
  stage.put("a");
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.start({});
  stage.settle();
  stage.restart();
  const int reads = stage.streams.reads();
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.streams.reads() - reads, 2);
  EXPECT_EQ(stage.seen(), Ids{"a"});
}

TEST(StreamShards, ChildrenOfAShardThatIsGoneAreRead) {
  StreamStage stage;
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.put("x", "k", left);
  stage.streams.drop(kStream, kShard);
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.seen(), Ids{"x"});
}

TEST(StreamShards, WhatIsDoneAndNoLongerListedIsForgotten) {
  StreamStage stage;
  stage.put("a");
  const auto [left, right] = stage.streams.split(kStream, kShard);
  stage.start({});
  stage.settle();
  ASSERT_TRUE(stage.checkpoint());
  stage.restart();
  stage.streams.drop(kStream, kShard);
  stage.start({});
  stage.settle();
  EXPECT_FALSE(stage.checkpoint());
}

TEST(StreamShards, WhatWentWhileNobodyReadIsForgotten) {
  StreamStage stage(2);
  stage.put("a", "k", kOther);
  stage.start({});
  stage.settle();
  ASSERT_TRUE(stage.checkpoint(kOther));
  stage.restart();
  stage.streams.drop(kStream, kOther);
  stage.start({});
  stage.settle();
  EXPECT_FALSE(stage.checkpoint(kOther));
}

TEST(StreamShards, WhatGoesWhileItCannotBeListedIsLeftLater) {
  StreamStage stage(2);
  stage.put("a", "k", kOther);
  stage.start({});
  stage.settle();
  stage.streams.refuse_lists(make_error(ErrorKind::kUnavailable, "not now"));
  stage.streams.drop(kStream, kOther);
  stage.advance(10s);
  EXPECT_TRUE(stage.checkpoint(kOther));
  stage.streams.refuse_lists(std::nullopt);
  stage.advance(120s);
  EXPECT_FALSE(stage.checkpoint(kOther));
  const int reads = stage.streams.reads();
  stage.advance(600s);
  EXPECT_EQ(stage.streams.reads(), reads);
}

TEST(StreamShards, WhatGoesWhileItRefusesIsLeft) {
  StreamStage stage(2);
  stage.put("a", "k", kOther);
  stage.start({});
  stage.settle();
  stage.streams.refuse(make_error(ErrorKind::kUnavailable, "not now"));
  stage.put("b", "k", kOther);
  stage.settle();
  stage.streams.drop(kStream, kOther);
  stage.settle();
  stage.streams.refuse(std::nullopt);
  stage.advance(120s);
  EXPECT_FALSE(stage.checkpoint(kOther));
  const int reads = stage.streams.reads();
  stage.advance(600s);
  EXPECT_EQ(stage.streams.reads(), reads);
}

TEST(StreamShards, WhatGoesWhileABatchOfItRunsLeavesNothing) {
  StreamStage stage(2);
  stage.consumer->hold();
  stage.put("a", "k", kOther);
  stage.start({.parallel = 2});
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == 1; }));
  stage.streams.drop(kStream, kOther);
  ASSERT_TRUE(eventually([&] { return stage.streams.lists() == 2; }));
  stage.consumer->let_go();
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}}));
  EXPECT_FALSE(stage.checkpoint(kOther));
}

TEST(StreamShards, TrimmedItGoesOnWithTheOldestThereIs) {
  StreamStage stage;
  stage.put("a");
  stage.start({});
  stage.settle();
  stage.stop();
  stage.put_all({"b", "c", "d"});
  stage.streams.trim(kStream, kShard, "00000000000000000003");
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"d"}}));
}

TEST(StreamShards, WhatFailsIsNotTriedForLongerThanItIsKept) {
  StreamStage stage;
  stage.consumer->poison({"a"});
  stage.put_all({"a", "b"});
  stage.start({.batch_size = 1});
  stage.advance(5s);
  EXPECT_GE(stage.batches().size(), 2u);
  stage.streams.trim(kStream, kShard, "00000000000000000001");
  stage.advance(60s);
  EXPECT_EQ(stage.batches().back(), Ids{"b"});
  EXPECT_EQ(stage.counts().dropped, 0u);
}

TEST(StreamShards, AStreamThatIsGoneIsAskedLessAndLess) {
  StreamStage stage;
  stage.streams.remove(kStream);
  stage.start({});
  stage.advance(300s);
  EXPECT_LE(stage.streams.lists(), 12);
  EXPECT_GE(stage.streams.lists(), 6);
  EXPECT_EQ(stage.pollers->last_result("m"), "PROBLEM: Cannot access stream");
  stage.streams.create(kStream);
  stage.put("a");
  stage.advance(60s);
  EXPECT_EQ(stage.seen(), Ids{"a"});
}

TEST(StreamShards, AStreamThatGoesWhileItIsReadAndComesBack) {
  StreamStage stage;
  stage.put("a");
  stage.start({});
  stage.settle();
  stage.streams.remove(kStream);
  stage.advance(60s);
  stage.streams.create(kStream);
  stage.put("b");
  stage.advance(120s);
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
}

TEST(StreamShards, AShardThatRefusesIsAskedAgain) {
  StreamStage stage;
  stage.start({});
  stage.settle();
  stage.streams.refuse(make_error(ErrorKind::kDenied, "you may not"));
  stage.put("a");
  stage.advance(10s);
  EXPECT_EQ(stage.seen(), Ids{});
  EXPECT_EQ(stage.pollers->last_result("m"), "PROBLEM: Cannot access stream");
  stage.streams.refuse(std::nullopt);
  stage.advance(60s);
  EXPECT_EQ(stage.seen(), Ids{"a"});
  EXPECT_EQ(stage.pollers->last_result("m"), "OK");
}

TEST(StreamShards, WithoutRoomNothingIsRead) {
  StreamStage stage;
  stage.consumer->set_ready(Readiness{.room = 0, .role_arn = "role"});
  stage.put("a");
  stage.start({});
  stage.advance(60s);
  EXPECT_EQ(stage.streams.reads(), 0);
  stage.consumer->set_ready(Readiness{.room = 1, .role_arn = "role", .timeout = 3s});
  stage.advance(kNotReadyAgain);
  EXPECT_EQ(stage.seen(), Ids{"a"});
}

TEST(StreamShards, AFunctionThatIsNotThereIsWaitedFor) {
  StreamStage stage;
  stage.consumer->set_ready(std::nullopt);
  stage.put("a");
  stage.start({});
  stage.advance(60s);
  EXPECT_EQ(stage.streams.reads(), 0);
  stage.consumer->set_ready(Readiness{.room = 1, .role_arn = "role", .timeout = 3s});
  stage.pollers->wake("m");
  stage.advance(kNotReadyAgain);
  EXPECT_EQ(stage.seen(), Ids{"a"});
}

TEST(StreamShards, NoMoreAtOnceThanItsConsumerHasRoomFor) {
  StreamStage stage(4);
  stage.consumer->set_ready(Readiness{.room = 1, .role_arn = "role", .timeout = 3s});
  for (int i = 0; i < 4; ++i) stage.put("a", "k", fmt::format("shardId-{:012}", i));
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.seen().size(), 4u);
  EXPECT_EQ(stage.consumer->most_at_once(), 1u);
}

TEST(StreamShards, AllThatWaitForOthersHaveTheirTurn) {
  constexpr int kMappings = kBatchesAtWork + 100;
  StreamStage stage;
  stage.consumer->hold();
  stage.put("a");
  for (int i = 0; i < kMappings; ++i) stage.start({}, fmt::format("m{}", i));
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == kBatchesAtWork; }));
  stage.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return stage.counts().batches == kMappings; }));
  EXPECT_EQ(stage.consumer->most_at_once(), kBatchesAtWork);
}

TEST(StreamShards, NoMoreIsReadAheadThanABatch) {
  StreamStage stage;
  stage.consumer->hold();
  stage.put_all(numbers(100));
  stage.start({.batch_size = 10});
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == 1; }));
  EXPECT_EQ(stage.counts().polled, 10u);
  EXPECT_EQ(stage.streams.most_asked(), 10u);
  stage.consumer->let_go();
  stage.settle();
  EXPECT_EQ(stage.seen(), numbers(100));
}

TEST(StreamShards, TheLargestBatchIsTenThousand) {
  StreamStage stage;
  stage.put_all(numbers(10'050));
  stage.start({.batch_size = 10'000});
  stage.settle();
  ASSERT_EQ(stage.batches().size(), 2u);
  EXPECT_EQ(stage.batches()[0].size(), 10'000u);
}

TEST(StreamShards, ABatchEndsBeforeItsEventIsTooLarge) {
  StreamStage stage;
  for (int i = 0; i < 10; ++i) stage.put(std::string(1'000'000, 'x'));
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.seen().size(), 10u);
  for (const std::string& event : stage.consumer->events()) EXPECT_LE(event.size(), kEventBytesMax);
}

TEST(StreamShards, WhatNoFilterWantsIsPassedWithoutARun) {
  auto filter = Filter::compile({R"({"data":{"n":[1]}})"});
  ASSERT_TRUE(filter);
  StreamStage stage;
  stage.put_all({R"({"n":2})", "plain"});
  stage.start({.filter = *filter});
  stage.settle();
  EXPECT_EQ(stage.batches(), Batches{});
  EXPECT_EQ(stage.counts().filtered_out, 2u);
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000002");
  stage.put_all({R"({"n":1})", R"({"n":3})"});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{R"({"n":1})"}}));
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000004");
}

TEST(StreamShards, StoppedItEndsWhatIsAtWorkAndReadsNoMore) {
  StreamStage stage;
  stage.consumer->hold();
  stage.put("a");
  stage.start({.batch_size = 1});
  ASSERT_TRUE(eventually([&] { return stage.consumer->at_once() == 1; }));
  std::atomic<bool> stopped{false};
  stage.pollers->stop("m", [&] { stopped = true; });
  stage.put("b");
  EXPECT_FALSE(stopped);
  stage.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return stopped.load(); }));
  EXPECT_EQ(stage.batches(), (Batches{{"a"}}));
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
}

TEST(StreamShards, StoppedWhatWaitsForItsWindowIsReadAgain) {
  StreamStage stage;
  stage.put("a");
  stage.start({.window = 60s});
  stage.settle();
  stage.stop();
  EXPECT_EQ(stage.batches(), Batches{});
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}}));
}

TEST(StreamShards, WhoHasBeenFollowedWritesNoMore) {
  StreamStage stage;
  stage.put("a");
  stage.start({});
  stage.settle();
  // As another process would take it over.
  ASSERT_TRUE(stage.store().put("mappings.owner", "m", "99"));
  stage.put("b");
  stage.settle();
  EXPECT_EQ(stage.checkpoint()->sequence, "00000000000000000001");
  stage.put("c");
  stage.settle();
  EXPECT_EQ(stage.batches(), (Batches{{"a"}, {"b"}}));
}

TEST(StreamShards, ChangedItGoesOnAsSaid) {
  StreamStage stage;
  stage.start({.batch_size = 1});
  stage.put_all({"a", "b"});
  stage.settle();
  stage.start({.batch_size = 10});
  stage.settle();
  stage.put_all({"c", "d"});
  stage.settle();
  EXPECT_EQ(stage.seen(), (Ids{"a", "b", "c", "d"}));
  EXPECT_LE(stage.batches().size(), 4u);
}

TEST(StreamShards, MeasuredItTellsItsCounts) {
  StreamStage stage;
  auto filter = Filter::compile({R"({"data":["a"]})"});
  stage.put_all({"a", "b"});
  stage.start({.filter = *filter,
               .measured = Measured{AccountId("000000000000"), Region("us-east-1"), "m"}});
  stage.settle();
  EXPECT_EQ(stage.metrics.sum("PolledEventCount"), 2);
  EXPECT_EQ(stage.metrics.sum("FilteredOutEventCount"), 1);
  EXPECT_EQ(stage.metrics.sum("InvokedEventCount"), 1);
  EXPECT_EQ(stage.metrics.sum("FailedInvokeEventCount"), 0);
  const ports::MetricValue last = stage.metrics.last();
  EXPECT_EQ(last.metric_namespace, "AWS/Lambda");
  EXPECT_EQ(last.unit, "Count");
  ASSERT_EQ(last.dimensions.size(), 1u);
  EXPECT_EQ(last.dimensions[0].first, "EventSourceMappingUUID");
}

TEST(StreamShards, UnmeasuredItTellsNothing) {
  StreamStage stage;
  stage.put("a");
  stage.start({});
  stage.settle();
  EXPECT_EQ(stage.metrics.sum("PolledEventCount"), 0);
}

TEST(Checkpoints, GoWithTheirMapping) {
  StreamStage stage;
  ASSERT_TRUE(
      Checkpoints::begin(stage.store(), {{"m", "s", "1", false, {}}, {"n", "s", "2", false, {}}}));
  ASSERT_TRUE(Checkpoints::sweep(stage.store(), [](const std::string& id) { return id == "n"; }));
  EXPECT_FALSE(stage.checkpoint("s"));
  ASSERT_TRUE(Checkpoints::forget(stage.store(), "n"));
  const auto left = stage.store().scan({.kind = std::string(CheckpointTable::kKind)});
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->records.empty());
}

TEST(ShardRecords, TellHowFarAllIsDoneWithoutAGap) {
  ShardRecords records("5");
  EXPECT_EQ(records.last_read(), "5");
  const auto a = records.add("6", 10);
  const auto b = records.add("7", 20);
  const auto c = records.add("8", 30);
  EXPECT_EQ(records.last_read(), "8");
  EXPECT_EQ(records.done(b), 20u);
  EXPECT_EQ(records.done(b), 0u);
  EXPECT_EQ(records.sequence(), "5");
  EXPECT_EQ(records.first(), "6");
  EXPECT_EQ(records.done(a), 10u);
  EXPECT_EQ(records.sequence(), "7");
  EXPECT_EQ(records.held(), 1u);
  EXPECT_EQ(records.clear(), 30u);
  EXPECT_EQ(records.last_read(), "7");
  EXPECT_EQ(records.done(c), 0u);
  EXPECT_EQ(records.bytes(), 0u);
}

}  // namespace
}  // namespace lapwing::mappings

#include <algorithm>
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "mappings/limits.hpp"
#include "mappings/testing/poll_bench.hpp"

namespace lapwing::mappings {
namespace {

using lapwing::testing::eventually;
using testing::answered;
using testing::failed;
using testing::Ids;
using testing::later;
using testing::PollBench;
using std::chrono_literals::operator""s;

Ids numbers(int count) {
  Ids out;
  for (int i = 0; i < count; ++i) out.push_back(fmt::format("m{:05}", i));
  return out;
}

std::size_t total(const std::vector<Ids>& batches) {
  std::size_t out = 0;
  for (const Ids& each : batches) out += each.size();
  return out;
}

class QueuePollers : public ::testing::Test {
 protected:
  std::vector<Ids> batches() const { return bench.consumer->batches(); }
  PollBench bench;
};

TEST_F(QueuePollers, WhatIsThereIsHandedOverInBatchesAndRemoved) {
  bench.send(numbers(25));
  bench.start({.batch_size = 10});
  bench.settle();
  EXPECT_EQ(total(batches()), 25u);
  for (const Ids& each : batches()) EXPECT_LE(each.size(), 10u);
  EXPECT_EQ(bench.waiting(), 0u);
  EXPECT_EQ(bench.counts().deleted, 25u);
}

TEST_F(QueuePollers, WhatComesLaterWakesIt) {
  bench.start({});
  bench.settle();
  bench.send({"a"});
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}}));
}

TEST_F(QueuePollers, WhatFailedComesBackWhenItsVisibilityEnds) {
  bench.consumer->answers({failed()});
  bench.send({"a"});
  bench.start({});
  bench.settle();
  EXPECT_EQ(bench.waiting(), 1u);
  bench.advance(29s);
  EXPECT_EQ(bench.consumer->count(), 1u);
  bench.advance(1s);
  EXPECT_EQ(bench.consumer->count(), 2u);
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, OfABatchOnlyWhatFailedComesBack) {
  bench.consumer->answers({answered(R"({"batchItemFailures":[{"itemIdentifier":"b"}]})"),
                           answered(R"({"batchItemFailures":[{"itemIdentifier":"x"}]})")});
  bench.send({"a", "b", "c"});
  bench.start({.partial_failures = true});
  bench.settle();
  EXPECT_EQ(bench.waiting(), 1u);
  bench.advance(30s);
  EXPECT_EQ(bench.waiting(), 1u);
  bench.advance(30s);
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a", "b", "c"}, {"b"}, {"b"}}));
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, WithoutPartialFailuresAnAnswerMeansNothing) {
  bench.consumer->answers({answered(R"({"batchItemFailures":[{"itemIdentifier":"a"}]})")});
  bench.send({"a"});
  bench.start({});
  bench.settle();
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, WhatTheConsumerSaysFailedComesBackWithoutAnAnswer) {
  bench.consumer->answers({Taken{.failed = {0, 2}}});
  bench.send({"a", "b", "c"});
  bench.start({});
  bench.settle();
  EXPECT_EQ(bench.waiting(), 2u);
  bench.advance(30s);
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a", "b", "c"}, {"a", "c"}}));
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, WhatTheQueueRefusesIsTold) {
  EXPECT_FALSE(bench.pollers->trouble("m"));
  bench.queue->refuse(make_error(ErrorKind::kNotFound, "no such queue"));
  bench.start({});
  ASSERT_TRUE(eventually([&] { return bench.pollers->trouble("m").has_value(); }));
  EXPECT_EQ(bench.pollers->trouble("m")->message(), "no such queue");
  bench.queue->refuse(std::nullopt);
  bench.send({"a"});
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_FALSE(bench.pollers->trouble("m"));
}

TEST_F(QueuePollers, AWindowGathers) {
  bench.start({.batch_size = 20, .window = 5s});
  bench.send({"a"});
  bench.settle();
  bench.advance(2s);
  bench.send({"b"});
  bench.settle();
  EXPECT_EQ(bench.consumer->count(), 0u);
  bench.advance(2s);
  EXPECT_EQ(bench.consumer->count(), 0u);
  bench.advance(1s);
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a", "b"}}));
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, AFullBatchDoesNotWaitForItsWindow) {
  bench.start({.batch_size = 20, .window = 300s});
  bench.send(numbers(50));
  bench.settle();
  EXPECT_EQ(bench.consumer->count(), 2u);
  bench.advance(299s);
  EXPECT_EQ(bench.consumer->count(), 2u);
  bench.advance(1s);
  ASSERT_EQ(bench.consumer->count(), 3u);
  EXPECT_EQ(batches()[2].size(), 10u);
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, ABatchEndsAtSixMegabytes) {
  Ids large;
  for (int i = 0; i < 9; ++i) large.push_back(std::string(900'000, static_cast<char>('a' + i)));
  bench.send(large);
  bench.start({.batch_size = 10});
  bench.settle();
  EXPECT_EQ(total(batches()), 9u);
  for (const Ids& each : batches()) EXPECT_LE(each.size(), 6u);
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, NoMoreAtOnceThanSaid) {
  bench.consumer->hold();
  bench.send(numbers(100));
  bench.start({.batch_size = 1, .concurrency_max = 2});
  ASSERT_TRUE(eventually([&] { return bench.consumer->at_once() == 2; }));
  // What cannot be run is not received.
  EXPECT_EQ(bench.counts().polled, 2u);
  bench.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_EQ(bench.consumer->most_at_once(), 2u);
}

TEST_F(QueuePollers, NoMoreThanItsConsumerHasRoomFor) {
  bench.consumer->set_ready(Readiness{.room = 1, .role_arn = "role", .timeout = 3s});
  bench.consumer->hold();
  bench.send(numbers(30));
  bench.start({.batch_size = 10});
  ASSERT_TRUE(eventually([&] { return bench.consumer->at_once() == 1; }));
  EXPECT_EQ(bench.counts().polled, 10u);
  bench.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_EQ(bench.consumer->most_at_once(), 1u);
}

TEST_F(QueuePollers, ManyAreAtWorkWhereThatHelps) {
  bench.send(numbers(2000));
  bench.start({.batch_size = 1});
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_EQ(bench.consumer->count(), 2000u);
  EXPECT_GT(bench.consumer->most_at_once(), 0u);
  EXPECT_LT(bench.queue->receives(), 2000);
}

TEST_F(QueuePollers, AThrottledBatchWaitsAndIsNotReceivedAgain) {
  bench.consumer->answers({later(), later()});
  bench.send({"a", "b"});
  bench.start({.batch_size = 10});
  bench.settle();
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a", "b"}, {"a", "b"}, {"a", "b"}}));
  EXPECT_EQ(bench.counts().polled, 2u);
  EXPECT_EQ(bench.counts().throttles, 2u);
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, WhatHasNoPlaceIsNotReceived) {
  bench.consumer->set_places(0);
  bench.send({"a"});
  bench.start({});
  ASSERT_TRUE(eventually([&] { return bench.counts().throttles >= 2; }));
  EXPECT_EQ(bench.queue->receives(), 0);
  bench.consumer->set_places(1);
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}}));
}

TEST_F(QueuePollers, NoMoreIsReceivedThanHasPlaces) {
  bench.consumer->set_places(3);
  bench.consumer->hold();
  bench.send(numbers(20));
  bench.start({.batch_size = 1});
  ASSERT_TRUE(eventually([&] { return bench.consumer->at_once() == 3; }));
  EXPECT_EQ(bench.counts().polled, 3u);
  bench.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
}

TEST_F(QueuePollers, PlacesThatNothingCameForAreGivenBack) {
  bench.start({});
  bench.settle();
  EXPECT_EQ(bench.consumer->places_held(), 0u);
  EXPECT_EQ(bench.consumer->places_asked(), 1u);
}

TEST_F(QueuePollers, WhatCannotBeRunIsNotTaken) {
  bench.consumer->set_ready(std::nullopt);
  bench.send({"a"});
  bench.start({});
  bench.advance(60s);
  EXPECT_EQ(bench.queue->receives(), 0);
  bench.consumer->set_ready(Readiness{.room = 0});
  bench.advance(60s);
  EXPECT_EQ(bench.queue->receives(), 0);
  bench.consumer->set_ready(Readiness{.room = 1});
  bench.advance(kNotReadyAgain);
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}}));
}

TEST_F(QueuePollers, AQueueThatRefusesIsAskedLessAndLess) {
  bench.queue->refuse(make_error(ErrorKind::kDenied, "you may not"));
  bench.send({"a"});
  bench.start({});
  bench.advance(300s);
  EXPECT_LE(bench.queue->receives(), 12);
  EXPECT_GE(bench.queue->receives(), 6);
  bench.queue->refuse(std::nullopt);
  bench.advance(60s);
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}}));
}

TEST_F(QueuePollers, OfAGroupOneBatchIsAtWorkInOrder) {
  bench.queue->fifo = true;
  bench.consumer->hold();
  bench.send(numbers(25), "g");
  bench.send({"x"}, "h");
  bench.start({.batch_size = 10});
  ASSERT_TRUE(eventually([&] { return bench.consumer->count() == 2; }));
  EXPECT_EQ(bench.consumer->at_once(), 2u);
  bench.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  Ids seen;
  for (const Ids& each : batches()) {
    for (const std::string& id : each) {
      if (id != "x") seen.push_back(id);
    }
  }
  EXPECT_EQ(seen, numbers(25));
}

TEST_F(QueuePollers, AGroupThatFailedIsBlocked) {
  bench.queue->fifo = true;
  bench.consumer->answers({failed()});
  bench.send({"1"}, "g");
  bench.start({.batch_size = 10});
  bench.settle();
  bench.send({"2"}, "g");
  bench.settle();
  EXPECT_EQ(bench.consumer->count(), 1u);
  bench.advance(30s);
  EXPECT_EQ(batches(), (std::vector<Ids>{{"1"}, {"1", "2"}}));
}

TEST_F(QueuePollers, WhatNoFilterWantsIsRemoved) {
  auto filter = Filter::compile({R"({"body":["yes"]})"});
  ASSERT_TRUE(filter);
  bench.send({"no", "yes", "no"});
  bench.start({.filter = *filter});
  bench.settle();
  EXPECT_EQ(batches(), (std::vector<Ids>{{"yes"}}));
  EXPECT_EQ(bench.waiting(), 0u);
  EXPECT_EQ(bench.counts().filtered_out, 2u);
}

TEST_F(QueuePollers, StoppedItFinishesWhatItHas) {
  bench.consumer->hold();
  bench.start({.batch_size = 1, .concurrency_max = 1});  // it does not look for more meanwhile
  bench.send({"a"});
  ASSERT_TRUE(eventually([&] { return bench.consumer->at_once() == 1; }));
  std::atomic<bool> stopped{false};
  bench.pollers->stop("m", [&] { stopped = true; });
  bench.send({"b"});
  EXPECT_FALSE(stopped);
  bench.consumer->let_go();
  ASSERT_TRUE(eventually([&] { return stopped.load(); }));
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}}));
  EXPECT_EQ(bench.waiting(), 1u);
  bench.start({});
  bench.settle();
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, StoppedItHandsOverWhatWaitsForItsWindow) {
  bench.start({.batch_size = 100, .window = 60s});
  bench.send({"a"});
  bench.settle();
  std::atomic<bool> stopped{false};
  bench.pollers->stop("m", [&] { stopped = true; });
  ASSERT_TRUE(eventually([&] { return stopped.load(); }));
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}}));
  EXPECT_EQ(bench.waiting(), 0u);
}

TEST_F(QueuePollers, OneThatIsNotThereHasStopped) {
  bool stopped = false;
  bench.pollers->stop("none", [&] { stopped = true; });
  EXPECT_TRUE(stopped);
}

TEST_F(QueuePollers, ChangedItGoesOnAsSaid) {
  bench.start({.batch_size = 1});
  bench.send({"a"});
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  bench.start({.batch_size = 10});
  bench.settle();
  bench.send({"b", "c"});
  ASSERT_TRUE(eventually([&] { return bench.waiting() == 0; }));
  EXPECT_EQ(batches(), (std::vector<Ids>{{"a"}, {"b", "c"}}));
}

class Waiting final : public Woken {
 public:
  void wake() override { ++woken; }
  int woken = 0;
};

TEST(PollerRoom, ABatchThatEndsWakesOneOfThoseThatWait) {
  ManualClock clock;
  SystemClock real;
  SeededRandom random{7};
  background::Runner runner{clock, null_logger(), {.pace = background::Pace::kManual}};
  net::LoopGroup loops{1, real, null_logger()};
  PollerShared shared({.clock = clock,
                       .random = random,
                       .logger = null_logger(),
                       .background = runner,
                       .loops = loops});
  shared.at_work = kBatchesAtWork;
  std::vector<std::shared_ptr<Waiting>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(std::make_shared<Waiting>());
    shared.batch_line.wait(std::weak_ptr<Woken>(waiting.back()));
  }
  const auto woken = [&] {
    return std::vector<int>{waiting[0]->woken, waiting[1]->woken, waiting[2]->woken};
  };
  shared.leave_bytes(0);
  EXPECT_EQ(woken(), (std::vector<int>{0, 0, 0}));
  shared.leave_batch();
  EXPECT_EQ(woken(), (std::vector<int>{1, 0, 0}));
  shared.pass_on();  // it had no use for it
  EXPECT_EQ(woken(), (std::vector<int>{1, 1, 0}));
  ++shared.at_work;  // this one had
  shared.pass_on();
  EXPECT_EQ(woken(), (std::vector<int>{1, 1, 0}));
}

}  // namespace
}  // namespace lapwing::mappings

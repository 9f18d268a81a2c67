// Many of one function at once: when one more waits for those at work.
#include <gtest/gtest.h>

#include "engine/testing/shard_fixture.hpp"

namespace lapwing::engine {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration kQuick = microseconds(100);

TEST(Pace, CrowdedWhereRunsGetSlowerAndManyEnd) {
  MonoTime now = MonoTime() + std::chrono::seconds(100);
  bool among_few = true;
  const auto runs = [&](Pace& pace, int count, Duration each, Duration apart) {
    for (int i = 0; i < count; ++i) pace.note(each, now += apart, among_few);
    return pace.crowded();
  };
  Pace processors;
  EXPECT_FALSE(processors.crowded());
  EXPECT_FALSE(runs(processors, 400, kQuick, kQuick));
  among_few = false;
  EXPECT_TRUE(runs(processors, 400, 4 * kQuick, kQuick));
  EXPECT_EQ(processors.wait_for(0), milliseconds(5));
  EXPECT_GT(processors.wait_for(30), milliseconds(5));
  EXPECT_EQ(processors.wait_for(100'000), milliseconds(50));
  EXPECT_FALSE(runs(processors, 200, 4 * kQuick, milliseconds(3))) << "few end";
  // It may have become slower in itself, which many at work do not show.
  EXPECT_TRUE(runs(processors, 100'000, 4 * kQuick, kQuick));
  among_few = true;
  EXPECT_FALSE(runs(processors, 4'000, 4 * kQuick, kQuick));
  Pace waiting_for_others;
  EXPECT_FALSE(runs(waiting_for_others, 1'000, milliseconds(30), kQuick));
}

class CrowdingTest : public ShardTest {
 protected:
  CrowdingTest() {
    EngineOptions options;
    options.running_enough = 2;
    make_shard(options);
  }
  void run_together(int count, Duration each) {
    script_.hold_run = true;
    for (int i = 0; i < count; ++i) invoke(function("f"));
    clock_.advance(each);
    if (processors_are_short_) *machine_.waits += each;
    release_all();
  }
  bool processors_are_short_ = true;

  // Four environments, which make each other slower.
  void make_crowded() {
    run_together(1, kQuick);
    for (int round = 0; round < 100; ++round) run_together(4, milliseconds(1));
    script_.hold_run = true;
    script_.runs = 0;
    invoke(function("f"));
    invoke(function("f"));
    invoke(function("f"));
  }
};

TEST_F(CrowdingTest, OneMoreWaitsForOneOfThoseAtWork) {
  make_crowded();
  EXPECT_EQ(script_.runs, 2);
  EXPECT_EQ(shard_->stats().waiting.get(), 1u);
  EXPECT_EQ(script_.made, 4);
  release_all();
  EXPECT_EQ(script_.runs, 3);
  EXPECT_EQ(shard_->stats().waiting.get(), 0u);
  EXPECT_EQ(script_.made, 4);
}

TEST_F(CrowdingTest, OfTooManyAtWorkSomeRest) {
  run_together(1, kQuick);
  run_together(40, milliseconds(1));
  // Forty callers, each of whom asks again as soon as it is answered.
  script_.hold_run = true;
  for (int i = 0; i < 40; ++i) invoke(function("f"));
  for (int round = 0; round < 60; ++round) {
    clock_.advance(milliseconds(1));
    *machine_.waits += milliseconds(1);
    const std::uint64_t answered = shard_->stats().busy.get();
    step_runs();
    for (std::uint64_t i = 0; i < answered; ++i) invoke(function("f"));
    ASSERT_EQ(shard_->stats().busy.get() + shard_->stats().waiting.get(), 40u);
  }
  EXPECT_LE(shard_->stats().busy.get(), 4u);
  EXPECT_EQ(script_.made, 40);
}

TEST_F(CrowdingTest, ButNotForLong) {
  make_crowded();
  pass(milliseconds(51));
  EXPECT_EQ(script_.runs, 3);
  EXPECT_EQ(script_.made, 4);
  release_all();
}

TEST_F(CrowdingTest, WhoWaitedGetsANewOneWhenNoneIsLeft) {
  make_crowded();
  shard_->end_idle();
  pass(milliseconds(51));
  EXPECT_EQ(script_.runs, 3);
  EXPECT_EQ(script_.made, 5);
  release_all();
}

TEST_F(CrowdingTest, WhoHasGoneIsPassedOver) {
  make_crowded();
  invoke(function("f"));
  EXPECT_EQ(shard_->stats().waiting.get(), 2u);
  calls_.cancel_all();
  pass(milliseconds(51));
  EXPECT_EQ(script_.runs, 2);
  EXPECT_EQ(shard_->stats().waiting.get(), 0u);
  release_all();
  invoke(function("f"));
  EXPECT_EQ(script_.runs, 3);
}

TEST_F(CrowdingTest, NobodyIsHeldBackWhileProcessorsAreIdle) {
  processors_are_short_ = false;
  make_crowded();
  EXPECT_EQ(script_.runs, 3);
  release_all();
}

TEST_F(CrowdingTest, NobodyIsHeldBackForTheLoadOfOthers) {
  run_together(1, kQuick);
  for (int round = 0; round < 100; ++round) run_together(4, milliseconds(1));
  script_.hold_run = true;
  for (int i = 0; i < 5; ++i) invoke(function("hungry"));
  script_.runs = 0;
  for (int i = 0; i < 4; ++i) invoke(function("f"));
  EXPECT_EQ(script_.runs, 4);
  release_all();
}

TEST_F(CrowdingTest, RunsThatAreNoSlowerTogetherAreNeverHeldBack) {
  for (int round = 0; round < 100; ++round) run_together(4, milliseconds(1));
  script_.hold_run = true;
  script_.runs = 0;
  for (int i = 0; i < 4; ++i) invoke(function("f"));
  EXPECT_EQ(script_.runs, 4);
  release_all();
}

}  // namespace
}  // namespace lapwing::engine

#include <gtest/gtest.h>

#include "engine/testing/shard_fixture.hpp"

namespace lapwing::engine {
namespace {

TEST_F(ShardTest, ReusesAnIdleEnvironment) {
  make_shard();
  for (int i = 0; i < 3; ++i) {
    calls_.spawn(call(function("f"), "x"));
    settle();
  }
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_EQ(script_.made, 1);
}

TEST_F(ShardTest, StartsSeveralUnderLoadAndKeepsFunctionsApart) {
  make_shard();
  script_.hold_run = true;
  for (int i = 0; i < 3; ++i) calls_.spawn(call(function("f"), "f"));
  calls_.spawn(call(function("g"), "g"));
  settle();
  EXPECT_EQ(script_.made, 4);
  EXPECT_EQ(shard_->stats().busy.get(), 4u);
  release_all();
  EXPECT_EQ(answers_.size(), 4u);
}

TEST_F(ShardTest, AFreedEnvironmentServesTheOldestWaiterBeforeTheColdOneIsReady) {
  make_shard();
  calls_.spawn(call(function("f"), "first"));
  settle();
  script_.hold_run = true;
  calls_.spawn(call(function("f"), "second"));
  settle();
  script_.hold_init = true;
  calls_.spawn(call(function("f"), "third"));
  settle();
  EXPECT_EQ(script_.made, 2);
  script_.hold_run = false;  // the warm one finishes, the cold one still initialises
  go_.set();
  settle();
  EXPECT_EQ(answers_, (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(ShardTest, AnEnvironmentThatHasAnsweredIsWaitedForRatherThanReplaced) {
  make_shard();
  script_.hold_finish = true;
  calls_.spawn(call(function("f"), "1"));
  settle();
  EXPECT_EQ(answers_.size(), 1u);
  calls_.spawn(call(function("f"), "2"));
  settle();
  EXPECT_EQ(script_.made, 1);
  release_all();
  EXPECT_EQ(answers_.size(), 2u);
  EXPECT_EQ(script_.made, 1);
}

TEST_F(ShardTest, ButNotForLong) {
  make_shard();
  script_.hold_finish = true;
  calls_.spawn(call(function("f"), "1"));
  settle();
  calls_.spawn(call(function("f"), "2"));
  settle();
  clock_.advance(kFinishExpected + std::chrono::milliseconds(1));
  loop_.wake();
  settle();
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(answers_.size(), 2u);
}

TEST_F(ShardTest, ANewShapeGetsNewEnvironments) {
  make_shard();
  calls_.spawn(call(function("f", "old"), "1"));
  settle();
  calls_.spawn(call(function("f", "new"), "2"));
  settle();
  EXPECT_EQ(script_.ran_on, (std::vector<std::string>{"old", "new"}));
  EXPECT_EQ(script_.ended, 1);
}

TEST_F(ShardTest, ABusyEnvironmentOfTheOldShapeEndsWhenDone) {
  make_shard();
  script_.hold_run = true;
  calls_.spawn(call(function("f", "old"), "1"));
  settle();
  calls_.spawn(call(function("f", "new"), "2"));
  settle();
  EXPECT_EQ(script_.ended, 0);
  release_all();
  EXPECT_EQ(answers_.size(), 2u);
  EXPECT_EQ(script_.ended, 1);
  EXPECT_EQ(script_.alive, 1);
}

TEST_F(ShardTest, AFailedInitIsReportedByTheInvocationThatWaited) {
  make_shard();
  script_.init_succeeds = false;
  calls_.spawn(call(function("f"), "x"));
  settle();
  EXPECT_EQ(errors_, 1);
  EXPECT_EQ(script_.runs, 1);
}

TEST_F(ShardTest, ACrashedEnvironmentIsReplaced) {
  make_shard();
  script_.crash = true;
  calls_.spawn(call(function("f"), "1"));
  settle();
  EXPECT_EQ(script_.ended, 1);
  calls_.spawn(call(function("f"), "2"));
  settle();
  EXPECT_EQ(script_.made, 2);
}

TEST_F(ShardTest, MakesRoomByEndingTheLongestIdleOfAnyFunction) {
  EngineOptions options;
  options.environments_max = 2;
  make_shard(options);
  for (const char* name : {"a", "b", "c"}) {
    calls_.spawn(call(function(name), name));
    settle();
    clock_.advance(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_EQ(script_.ended, 1);
  calls_.spawn(call(function("b"), "b again"));
  settle();
  EXPECT_EQ(script_.made, 3);  // b was not the one that went
}

TEST_F(ShardTest, WaitsForRoomAndIsThrottledWhenNoneComes) {
  EngineOptions options;
  options.environments_max = 1;
  make_shard(options);
  script_.hold_run = true;
  calls_.spawn(call(function("a"), "a"));
  settle();
  calls_.spawn(call(function("b"), "b"));
  settle();
  EXPECT_EQ(script_.made, 1);
  clock_.advance(kRoomWaitMax + std::chrono::seconds(1));
  loop_.wake();
  settle();
  EXPECT_EQ(refusals_, std::vector<std::string>{"ConcurrentInvocationLimitExceeded"});
  calls_.spawn(call(function("b"), "b"));
  settle();
  release_all();
  EXPECT_EQ(answers_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(ShardTest, OneThatKeepsSomethingOverACrashServesAgain) {
  make_shard();
  script_.crash = script_.keeps = true;
  invoke(function("f"));
  EXPECT_EQ(script_.alive, 1);
  script_.crash = false;
  invoke(function("f"));
  EXPECT_EQ(script_.made, 1);
  EXPECT_EQ(errors_, 0);
  // Like every idle one it goes when its time is over, or the function is another.
  script_.crash = true;
  invoke(function("f"));
  invoke(function("f", "other code"));
  EXPECT_EQ(script_.ran_on.back(), "other code");
  pass(std::chrono::minutes(11));
  EXPECT_EQ(script_.alive, 0);
}

TEST_F(ShardTest, WarmOnesComeBeforeOneThatKeepsSomething) {
  make_shard();
  script_.hold_run = true;
  for (int i = 0; i < 2; ++i) calls_.spawn(call(function("f"), "x"));
  settle();
  ASSERT_EQ(script_.made, 2);
  script_.hold_run = false;
  step_runs();
  script_.crash = script_.keeps = true;
  invoke(function("f"));  // the last that fell idle
  script_.crash = false;
  script_.init_succeeds = false;  // so that it would fail
  for (int i = 0; i < 3; ++i) invoke(function("f"));
  EXPECT_EQ(errors_, 0);
  EXPECT_EQ(script_.made, 2);
}

TEST_F(ShardTest, MemoryOfThoseAtWorkIsBounded) {
  EngineOptions options;
  options.memory_mb_max = 256;  // two of the default 128
  make_shard(options);
  script_.hold_run = true;
  for (int i = 0; i < 3; ++i) calls_.spawn(call(function("f"), "x"));
  settle();
  EXPECT_EQ(script_.made, 2);
  release_all();
  EXPECT_EQ(answers_.size(), 3u);
}

TEST_F(ShardTest, IdleEnvironmentsGoAwayAfterTheirTime) {
  make_shard();
  calls_.spawn(call(function("f"), "x"));
  settle();
  clock_.advance(std::chrono::minutes(11));
  loop_.wake();
  settle();
  EXPECT_EQ(script_.alive, 0);
}

TEST_F(ShardTest, RetireEndsIdleEnvironmentsOfThatVersionOnly) {
  make_shard();
  for (const char* name : {"a", "ab"}) {
    calls_.spawn(call(function(name), name));
    settle();
  }
  auto published = std::make_shared<FunctionVersion>(*function("a"));
  published->version = "1";
  calls_.spawn(call(published, "version 1"));
  settle();
  ASSERT_EQ(script_.alive, 3) << "a version has environments of its own";
  loop_.post([&] { shard_->retire(function("a")->arn, function("a")->version); });
  settle();
  EXPECT_EQ(script_.alive, 2);
}

TEST_F(ShardTest, BeforeAStopWhatIsIdleEndsAndWhatIsAtWorkGoesOn) {
  make_shard();
  calls_.spawn(call(function("idle"), "x"));
  settle();
  script_.hold_run = true;
  calls_.spawn(call(function("busy"), "x"));
  settle();
  ASSERT_EQ(script_.alive, 2);
  loop_.post([&] { shard_->end_idle(); });
  settle();
  EXPECT_EQ(script_.alive, 1);
}

TEST_F(ShardTest, StopWaitsForNoFunction) {
  make_shard();
  script_.hold_run = true;
  calls_.spawn(call(function("busy"), "x"));
  settle();
  script_.hold_init = true;
  calls_.spawn(call(function("starting"), "x"));
  settle();
  ASSERT_EQ(script_.alive, 2);
  calls_.spawn(stop());
  settle();
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(script_.ended, 2);
}

}  // namespace
}  // namespace lapwing::engine

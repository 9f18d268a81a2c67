// All environments of a quick function at work: who waits for one of them, and who starts another.
#include <gtest/gtest.h>

#include "engine/testing/shard_fixture.hpp"

namespace lapwing::engine {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kQuick = microseconds(500);

class PatienceTest : public ShardTest {
 protected:
  static EngineOptions options() {
    EngineOptions options;
    options.start_patience = milliseconds(20);
    return options;
  }
  void run_together(int count, Duration each) {
    script_.hold_run = true;
    for (int i = 0; i < count; ++i) invoke(function("f"));
    clock_.advance(each);
    release_all();
  }
  // One environment whose runs are known; from here on they are held.
  void make_known(Duration each, EngineOptions with = options()) {
    make_shard(with);
    for (int i = 0; i < 20; ++i) run_together(1, each);
    EXPECT_EQ(script_.made, 1);
    script_.hold_run = true;
    script_.runs = 0;
  }
  void invoke_several(int count) {
    for (int i = 0; i < count; ++i) invoke(function("f"));
  }
};

TEST_F(PatienceTest, ASecondOneWaitsForTheOneAtWork) {
  make_known(kQuick);
  invoke_several(2);
  EXPECT_EQ(script_.runs, 1);
  EXPECT_EQ(shard_->stats().waiting.get(), 1u);
  clock_.advance(kQuick);
  step_runs();
  EXPECT_EQ(script_.runs, 2);
  release_all();
  EXPECT_EQ(script_.made, 1);
  EXPECT_EQ(answers_.size(), 22u);
}

TEST_F(PatienceTest, ButNotForLong) {
  make_known(kQuick);
  invoke_several(2);
  pass(4 * kQuick);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(script_.runs, 2);
}

TEST_F(PatienceTest, AThirdOneStartsAnother) {
  make_known(kQuick);
  invoke_several(3);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(script_.runs, 2) << "the new environment takes the first in line";
  EXPECT_EQ(shard_->stats().waiting.get(), 1u);
  release_all();
  EXPECT_EQ(script_.made, 2);
}

TEST_F(PatienceTest, WhatHappensAllTheTimeIsNoChance) {
  make_known(kQuick);
  for (int i = 0; i < 100; ++i) run_together(2, kQuick);
  EXPECT_EQ(script_.made, 2);
}

TEST_F(PatienceTest, WhatSeldomHappensNeedsNoSecondEnvironment) {
  make_known(kQuick);
  for (int i = 0; i < 100; ++i) {
    run_together(2, kQuick);
    for (int alone = 0; alone < 8; ++alone) run_together(1, kQuick);
  }
  EXPECT_EQ(script_.made, 1);
}

TEST_F(PatienceTest, RunsThatTakeAsLongAsAStartAreNotWaitedFor) {
  make_known(milliseconds(8));
  invoke_several(2);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(script_.runs, 2);
}

TEST_F(PatienceTest, NothingIsKnownOfANewFunction) {
  make_shard(options());
  script_.hold_run = true;
  invoke_several(3);
  EXPECT_EQ(script_.made, 3);
  EXPECT_EQ(script_.runs, 3);
}

TEST_F(PatienceTest, OffByConfiguration) {
  make_known(kQuick, {});
  invoke_several(2);
  EXPECT_EQ(script_.made, 2);
}

TEST_F(PatienceTest, WhoMayNotAddOneGoesOnWaiting) {
  EngineOptions few = options();
  few.scaling_rate = 1;
  make_known(kQuick, few);
  invoke_several(2);
  pass(milliseconds(20));
  EXPECT_EQ(script_.made, 1) << "its one start in ten seconds was the first";
  EXPECT_EQ(shard_->stats().waiting.get(), 1u);
  pass(seconds(10));
  EXPECT_EQ(script_.made, 2);
  release_all();
  EXPECT_EQ(answers_.size(), 22u);
  EXPECT_TRUE(refusals_.empty());
}

}  // namespace
}  // namespace lapwing::engine

// Concurrency: who is admitted, who waits, who gives way.
#include <gtest/gtest.h>

#include "engine/testing/shard_fixture.hpp"

namespace lapwing::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

FunctionVersionPtr published(const FunctionVersionPtr& fn, const std::string& version) {
  auto copy = std::make_shared<FunctionVersion>(*fn);
  copy->version = version;
  return copy;
}

TEST(TokenBucket, HoldsItsCapacityAndRefillsEvenly) {
  TokenBucket bucket;
  MonoTime now = MonoTime() + seconds(100);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(now, 5, seconds(10))) << i;
  EXPECT_FALSE(bucket.take(now, 5, seconds(10)));
  now += milliseconds(1999);
  EXPECT_FALSE(bucket.take(now, 5, seconds(10)));
  now += milliseconds(1);
  EXPECT_TRUE(bucket.take(now, 5, seconds(10)));
  EXPECT_FALSE(bucket.take(now, 5, seconds(10)));
  EXPECT_FALSE(bucket.full(now));
  now += seconds(3600);
  EXPECT_TRUE(bucket.full(now));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(now, 5, seconds(10))) << i;
  EXPECT_FALSE(bucket.take(now, 5, seconds(10))) << "nothing is saved up";
  EXPECT_FALSE(bucket.take(now + seconds(100), 0, seconds(10)));
}

class ScalingTest : public ShardTest {
 protected:
  void plan(const FunctionVersionPtr& fn, std::optional<std::uint32_t> reserved,
            std::vector<ProvisionOrder> orders = {}) {
    FunctionPlan plan;
    plan.arn = fn->arn;
    plan.reserved = reserved;
    plan.provisioned = std::move(orders);
    loop_.post([this, plan] { shard_->plan(plan); });
    settle();
  }
  FunctionVersionPtr reserving(const FunctionVersionPtr& fn,
                               std::optional<std::uint32_t> reserved) {
    plan(fn, reserved);
    return fn;
  }
  std::uint64_t throttled_for(Throttle reason) const {
    return shard_->stats().throttles[index(reason)].get();
  }
};

TEST_F(ScalingTest, TheAccountsLimitHoldsOverAllItsFunctionsAndNoOtherAccount) {
  EngineOptions options;
  options.account_concurrency = 2;
  make_shard(options);
  script_.hold_run = true;
  invoke(function("a"));
  invoke(function("b"));
  invoke(function("c"));
  EXPECT_EQ(refusals_, Texts{"ConcurrentInvocationLimitExceeded"});
  EXPECT_EQ(throttled_for(Throttle::kAccount), 1u);
  auto other = std::make_shared<FunctionVersion>(*function("elsewhere"));
  other->region = Region("eu-west-1");
  invoke(other);
  EXPECT_EQ(refusals_.size(), 1u);
  release_all();
  invoke(function("c"));
  EXPECT_EQ(answers_.size(), 4u);
}

TEST_F(ScalingTest, AnAnsweredInvocationIsNoLongerInTheWay) {
  EngineOptions options;
  options.account_concurrency = 1;
  make_shard(options);
  script_.hold_finish = true;
  invoke(function("f"));
  ASSERT_EQ(answers_.size(), 1u);
  invoke(function("f"));
  EXPECT_TRUE(refusals_.empty());
  release_all();
  EXPECT_EQ(answers_.size(), 2u);
}

TEST_F(ScalingTest, WhoIsServedByAnEnvironmentThatBecameFreeDoesNotCountAsAStart) {
  EngineOptions options;
  options.scaling_rate = 8;
  options.starts_max = 1;
  make_shard(options);
  invoke(function("f"));
  script_.hold_init = script_.hold_run = true;
  for (int i = 0; i < 3; ++i) invoke(function("f"));  // one runs, two wait
  for (int i = 0; i < 20; ++i) {
    invoke(function("f"));
    step_runs();
  }
  EXPECT_TRUE(refusals_.empty());
  EXPECT_EQ(script_.made, 2);
  release_all();
  EXPECT_EQ(answers_.size(), 24u);
}

TEST_F(ScalingTest, ReservedConcurrencyHoldsOverAllVersions) {
  make_shard();
  script_.hold_run = true;
  const FunctionVersionPtr latest = reserving(function("f"), 2);
  invoke(latest);
  invoke(published(latest, "1"));
  invoke(published(latest, "2"));
  EXPECT_EQ(refusals_, Texts{"ReservedFunctionConcurrentInvocationLimitExceeded"});
  EXPECT_EQ(throttled_for(Throttle::kReserved), 1u);
  invoke(function("g"));
  EXPECT_EQ(refusals_.size(), 1u);
  release_all();
  invoke(published(latest, "2"));
  EXPECT_EQ(answers_.size(), 4u);
}

TEST_F(ScalingTest, AReservationOfZeroRefusesEverythingAndGoesWhenItIsDeleted) {
  make_shard();
  invoke(reserving(function("f"), 0));
  EXPECT_EQ(refusals_, Texts{"ReservedFunctionConcurrentInvocationLimitExceeded"});
  EXPECT_EQ(script_.made, 0);
  invoke(reserving(function("f"), std::nullopt));
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(ScalingTest, AReservationDoesNotTouchTheAccountsShare) {
  EngineOptions options;
  options.account_concurrency = 100;
  make_shard(options);
  admission_->set_unreserved(AccountId(), Region(), 1);
  script_.hold_run = true;
  invoke(reserving(function("mine"), 2));
  invoke(reserving(function("mine"), 2));
  invoke(function("other"));
  EXPECT_TRUE(refusals_.empty());
  invoke(function("third"));
  EXPECT_EQ(refusals_, Texts{"ConcurrentInvocationLimitExceeded"});
}

TEST_F(ScalingTest, AReservationLimitsRequestsASecond) {
  make_shard();
  const FunctionVersionPtr fn = reserving(function("f"), 1);
  for (int i = 0; i < 11; ++i) invoke(fn);
  EXPECT_EQ(answers_.size(), 10u);
  EXPECT_EQ(refusals_, Texts{"ReservedFunctionInvocationRateLimitExceeded"});
  pass(milliseconds(100));
  invoke(fn);
  EXPECT_EQ(answers_.size(), 11u);
}

TEST_F(ScalingTest, AFunctionAddsOnlySoManyEnvironmentsInTenSeconds) {
  EngineOptions options;
  options.scaling_rate = 2;
  make_shard(options);
  script_.hold_run = true;
  for (int i = 0; i < 3; ++i) invoke(function("f"));
  invoke(function("g"));
  EXPECT_EQ(refusals_, Texts{"FunctionInvocationRateLimitExceeded"});
  EXPECT_EQ(script_.made, 3);
  pass(seconds(5));
  invoke(function("f"));
  EXPECT_EQ(script_.made, 4);
  release_all();
  invoke(function("f"));  // warm: no new one
  EXPECT_EQ(answers_.size(), 5u);
  EXPECT_EQ(refusals_.size(), 1u);
}

TEST_F(ScalingTest, AFloodDoesNotKeepAnotherFunctionFromItsFirstEnvironment) {
  EngineOptions options;
  options.starts_max = 1;
  make_shard(options);
  script_.hold_init = script_.hold_run = true;
  for (int i = 0; i < 20; ++i) calls_.spawn(call(function("flood"), "flood"));
  settle();
  invoke(function("zebra"), "zebra");
  ASSERT_EQ(script_.made, 1);
  script_.hold_init = false;
  go_.set();
  settle();
  script_.hold_run = false;
  go_.set();
  settle();
  // Its start came second, before the other nineteen.
  EXPECT_NE(std::find(answers_.begin(), answers_.end(), "zebra"), answers_.end());
  EXPECT_EQ(answers_.size(), 21u);
  EXPECT_GE(environments_of("zebra"), 1u);
}

TEST_F(ScalingTest, AFullMachineGivesThePatientFunctionAPlace) {
  EngineOptions options;
  options.environments_max = 2;
  make_shard(options);
  script_.hold_run = true;
  for (int i = 0; i < 6; ++i) calls_.spawn(call(function("flood"), "flood"));
  settle();
  invoke(function("patient"), "patient");
  EXPECT_EQ(script_.made, 2);
  // What becomes free at once serves its own function on.
  step_runs();
  EXPECT_EQ(environments_of("patient"), 0u);
  pass(kFairPatience);
  step_runs();
  EXPECT_GE(environments_of("patient"), 1u);
  EXPECT_GE(shard_->stats().evictions[index(Eviction::kFairness)].get(), 1u);
  release_all();
  EXPECT_EQ(answers_.size(), 7u);
  EXPECT_TRUE(refusals_.empty());
}

TEST_F(ScalingTest, WhatWasStartedForSomebodyServesHimHoweverManyWait) {
  EngineOptions options;
  options.starts_max = 2;
  make_shard(options);
  script_.hold_init = true;
  for (int i = 0; i < 20; ++i) {
    calls_.spawn(call(function("f" + std::to_string(i)), std::to_string(i)));
  }
  settle();
  pass(kFairPatience * 2);
  release_all();
  EXPECT_EQ(answers_.size(), 20u);
  EXPECT_EQ(script_.made, 20);
  EXPECT_EQ(shard_->stats().evictions[index(Eviction::kFairness)].get(), 0u);
}

TEST_F(ScalingTest, ACallerThatLeftHoldsNoPlace) {
  EngineOptions options;
  options.account_concurrency = 1;
  options.environments_max = 1;
  make_shard(options);
  script_.hold_init = true;
  {
    net::TaskGroup impatient(loop_);
    impatient.spawn(call(function("f"), "gone"));
    settle();
    impatient.cancel_all();
  }
  release_all();
  invoke(function("f"), "next");
  EXPECT_EQ(answers_, Texts{"next"});
}

TEST_F(ScalingTest, ACallerThatLeavesAsItsEnvironmentComesGivesItBack) {
  make_shard();
  script_.hold_init = true;
  net::TaskGroup impatient(loop_);
  impatient.spawn(call(function("f"), "gone"));
  settle();
  // The initialisation ends and the caller goes in the same turn of the loop.
  script_.hold_init = false;
  loop_.post([&] {
    go_.set();
    loop_.post([&] { impatient.cancel_all(); });
  });
  settle();
  invoke(function("f"), "next");
  EXPECT_EQ(script_.made, 1);
  EXPECT_EQ(answers_.back(), "next");
}

TEST_F(ScalingTest, IdleEnvironmentsGoWhileMemoryIsShortOldestFirst) {
  EngineOptions options;
  options.memory_reserve_mb = 1024;
  make_shard(options);
  machine_.available = 4096;
  for (const char* name : {"a", "b", "c"}) {
    invoke(function(name));
    pass(milliseconds(10));
  }
  pass(kSweepEvery);
  EXPECT_EQ(script_.alive, 3);
  machine_.available = 1024 - kIdleMemoryMb;
  pass(kSweepEvery);
  EXPECT_EQ(script_.alive, 1);
  EXPECT_EQ(environments_of("c"), 1u);
  EXPECT_EQ(shard_->stats().evictions[index(Eviction::kPressure)].get(), 2u);
}

TEST_F(ScalingTest, NothingNewStartsWhileMemoryIsShort) {
  EngineOptions options;
  options.memory_reserve_mb = 1024;
  make_shard(options);
  script_.hold_run = true;
  invoke(function("a"));
  machine_.available = 100;
  pass(kSweepEvery);
  invoke(function("b"));
  EXPECT_EQ(script_.made, 1);
  machine_.available = 2000;
  pass(kSweepUnderPressure);
  EXPECT_EQ(script_.made, 2);
}

TEST_F(ScalingTest, TheFirstEnvironmentStartsHoweverShortMemoryIs) {
  EngineOptions options;
  options.memory_reserve_mb = 1024;
  make_shard(options);
  machine_.available = 0;
  invoke(function("a"));
  pass(kSweepEvery);
  invoke(function("a"));
  EXPECT_EQ(answers_.size(), 2u);
}

TEST_F(ScalingTest, OldEnvironmentsAreRecycled) {
  EngineOptions options;
  options.idle_timeout = std::chrono::hours(100);
  options.recycle_after = std::chrono::hours(1);
  make_shard(options);
  invoke(function("idle"));
  script_.hold_run = true;
  invoke(function("busy"));
  pass(std::chrono::hours(1));
  EXPECT_EQ(script_.alive, 1) << "what is at work is left alone";
  release_all();
  EXPECT_EQ(answers_.size(), 2u);
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(shard_->stats().evictions[index(Eviction::kAge)].get(), 2u);
}

TEST_F(ScalingTest, AnUnusedFunctionIsForgottenUnlessItHasAReservation) {
  make_shard();
  invoke(reserving(function("f"), 0));
  pass(kScalingPeriod);
  EXPECT_EQ(shard_->busiest(10).size(), 1u);
  invoke(reserving(function("f"), std::nullopt));
  EXPECT_EQ(shard_->busiest(10).size(), 1u);
  pass(std::chrono::minutes(11));
  pass(kScalingPeriod);
  EXPECT_TRUE(shard_->busiest(10).empty());
}

TEST_F(ScalingTest, TheBusiestAreListedFirstAndOnlySoMany) {
  make_shard();
  script_.hold_run = true;
  for (int i = 0; i < 3; ++i) invoke(function("c"));
  invoke(function("a"));
  for (int i = 0; i < 2; ++i) invoke(function("b"));
  const std::vector<FunctionUsage> top = shard_->busiest(2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_TRUE(top[0].arn.ends_with(":c"));
  EXPECT_EQ(top[0].in_flight, 3u);
  EXPECT_EQ(top[0].environments, 3u);
  EXPECT_TRUE(top[1].arn.ends_with(":b"));
}

class ProvisionedTest : public ScalingTest {
 protected:
  void provision(const FunctionVersionPtr& fn, std::uint32_t count) {
    plan(fn, std::nullopt,
         count == 0 ? std::vector<ProvisionOrder>() : std::vector<ProvisionOrder>{{fn, count}});
  }
  ProvisionState state(const FunctionVersionPtr& fn) const {
    return board_.find(fn->arn + ":" + fn->version).value_or(ProvisionState{});
  }
  FunctionVersionPtr fn_ = published(function("f"), "1");
};

TEST_F(ProvisionedTest, EnvironmentsAreInitialisedAheadAndServeFirst) {
  make_shard();
  provision(fn_, 2);
  EXPECT_EQ(script_.types, (Texts{"provisioned-concurrency", "provisioned-concurrency"}));
  EXPECT_EQ(state(fn_).ready, 2u);
  script_.hold_run = true;
  invoke(fn_);
  invoke(fn_);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(shard_->stats().provisioned_in_use.get(), 2u);
  invoke(fn_);  // spills over
  EXPECT_EQ(script_.types.back(), "on-demand");
  EXPECT_EQ(shard_->stats().spillovers.get(), 1u);
  release_all();
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_EQ(shard_->stats().provisioned_runs.get(), 2u);
}

TEST_F(ProvisionedTest, TheyStayHoweverLongTheyAreIdle) {
  EngineOptions options;
  options.environments_max = 2;
  make_shard(options);
  provision(fn_, 1);
  pass(std::chrono::hours(1));
  for (const char* name : {"a", "b", "c"}) invoke(function(name));
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_EQ(state(fn_).ready, 1u);
  invoke(fn_);
  EXPECT_EQ(script_.made, 4);
}

TEST_F(ProvisionedTest, TheyAreAdmittedBeyondTheAccountsShareAndLeaveTheRestOfAReservation) {
  make_shard();
  admission_->set_unreserved(AccountId(), Region(), 0);
  provision(fn_, 1);
  script_.hold_run = true;
  invoke(fn_);
  EXPECT_EQ(shard_->stats().busy.get(), 1u);
  invoke(fn_);
  EXPECT_EQ(refusals_, Texts{"ConcurrentInvocationLimitExceeded"});
  // Of a reservation of two, one is the provisioned environment's.
  const FunctionVersionPtr latest = function("f");
  plan(latest, 2, {{fn_, 1}});
  invoke(latest);
  EXPECT_EQ(shard_->stats().busy.get(), 2u);
  invoke(latest);
  EXPECT_EQ(refusals_.back(), "ReservedFunctionConcurrentInvocationLimitExceeded");
}

TEST_F(ProvisionedTest, OneThatDiesIsReplaced) {
  make_shard();
  provision(fn_, 1);
  script_.crash = true;
  invoke(fn_);
  EXPECT_EQ(script_.ended, 1);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(script_.types.back(), "provisioned-concurrency");
  EXPECT_EQ(state(fn_).ready, 1u);
}

TEST_F(ProvisionedTest, OneThatKeepsSomethingIsMadeWarmAgainAtOnce) {
  make_shard();
  provision(fn_, 1);
  script_.crash = script_.keeps = true;
  invoke(fn_);
  EXPECT_EQ(script_.ended, 0);
  EXPECT_EQ(script_.made, 1);
  EXPECT_EQ(state(fn_).ready, 1u);
  script_.init_succeeds = false;
  invoke(fn_);  // crashes, and does not come up: another is ordered
  EXPECT_EQ(script_.ended, 2);
  EXPECT_EQ(state(fn_).trouble, ProvisionState::Trouble::kInitFailed);
}

TEST_F(ProvisionedTest, OneThatDoesNotComeUpIsSaidAndTriedAgainWithPauses) {
  make_shard();
  script_.init_succeeds = false;
  provision(fn_, 1);
  EXPECT_EQ(state(fn_).trouble, ProvisionState::Trouble::kInitFailed);
  EXPECT_EQ(script_.made, 1);
  EXPECT_EQ(script_.alive, 0);
  pass(kProvisionRetryMin + kSweepEvery);
  EXPECT_EQ(script_.made, 2);
  pass(kProvisionRetryMin);
  EXPECT_EQ(script_.made, 2) << "the pause doubles";
  script_.init_succeeds = true;
  pass(kProvisionRetryMin + kSweepEvery);
  EXPECT_EQ(state(fn_).ready, 1u);
  EXPECT_EQ(state(fn_).trouble, ProvisionState::Trouble::kNone);
}

TEST_F(ProvisionedTest, FewerAndNoneEndThemAtOnceOrWhenFree) {
  make_shard();
  provision(fn_, 3);
  script_.hold_run = true;
  invoke(fn_);
  provision(fn_, 1);
  EXPECT_EQ(state(fn_).wanted, 1u);
  EXPECT_EQ(state(fn_).ready, 1u);
  provision(fn_, 0);
  EXPECT_FALSE(board_.find(fn_->arn + ":1"));
  release_all();
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(ProvisionedTest, TheyMoveToAnotherVersion) {
  make_shard();
  provision(fn_, 2);
  const FunctionVersionPtr next = published(function("f"), "2");
  provision(next, 2);
  EXPECT_FALSE(board_.find(fn_->arn + ":1"));
  EXPECT_EQ(state(next).ready, 2u);
  EXPECT_EQ(script_.alive, 2);
}

TEST_F(ProvisionedTest, AnAgedOneGoesWhenItsReplacementIsReady) {
  EngineOptions options;
  options.recycle_after = std::chrono::hours(1);
  make_shard(options);
  provision(fn_, 2);
  script_.hold_init = true;
  pass(std::chrono::hours(1));
  EXPECT_EQ(script_.made, 3);
  EXPECT_EQ(script_.ended, 0);
  EXPECT_EQ(state(fn_).ready, 2u);
  release_all();
  EXPECT_EQ(script_.made, 4) << "one after the other";
  EXPECT_EQ(script_.alive, 2);
  EXPECT_EQ(state(fn_).ready, 2u);
  EXPECT_EQ(shard_->stats().evictions[index(Eviction::kAge)].get(), 2u);
}

TEST_F(ProvisionedTest, WantOfRoomIsSaid) {
  EngineOptions options;
  options.environments_max = 1;
  make_shard(options);
  provision(fn_, 2);
  pass(kSweepEvery);
  EXPECT_EQ(state(fn_).ready, 1u);
  EXPECT_EQ(state(fn_).trouble, ProvisionState::Trouble::kNoRoom);
}

TEST(ProcMachineGauge, ReadsWhatThereIs) {
  EXPECT_GT(ProcMachineGauge().available_mb().value_or(0), 0u);
  EXPECT_FALSE(ProcMachineGauge("/nonexistent").available_mb());
  EXPECT_FALSE(ProcMachineGauge("/proc/version").available_mb());
  EXPECT_FALSE(ProcMachineGauge("", "/nonexistent").processor_waits());
  EXPECT_FALSE(ProcMachineGauge("", "/proc/version").processor_waits());
}

}  // namespace
}  // namespace lapwing::engine

#include <gtest/gtest.h>

#include "engine/testing/shard_fixture.hpp"

namespace lapwing::engine {
namespace {

using std::chrono::seconds;

constexpr EngineOptions kTwo{.account_concurrency = 2};

class Holding : public ShardTest {
 protected:
  net::Task<void> call_held(FunctionVersionPtr fn, std::uint64_t id) {
    Result<Outcome> outcome = co_await shard_->invoke(std::move(fn), Invocation{}, id);
    ++(outcome ? done_ : refused_);
  }
  void invoke_held(const FunctionVersionPtr& fn, std::uint64_t id) {
    calls_.spawn(call_held(fn, id));
    settle();
  }
  int done_ = 0;
  int refused_ = 0;
};

TEST_F(Holding, NobodyElseTakesAPlaceThatIsHeld) {
  make_shard(kTwo);
  const auto f = function("f");
  const auto held = shard_->hold(f, 2, seconds(5));
  ASSERT_EQ(held.size(), 2U);
  invoke(f);
  EXPECT_EQ(refusals_, std::vector<std::string>{"ConcurrentInvocationLimitExceeded"});
  invoke_held(f, held[0]);
  invoke_held(f, held[1]);
  EXPECT_EQ(done_, 2);
  invoke(f);
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(Holding, AsManyAsThereAre) {
  make_shard(kTwo);
  const auto f = function("f");
  EXPECT_EQ(shard_->hold(f, 10, seconds(5)).size(), 2U);
  EXPECT_EQ(shard_->hold(f, 10, seconds(5)).size(), 0U);
}

TEST_F(Holding, LetGoItIsFree) {
  make_shard(kTwo);
  const auto f = function("f");
  for (const std::uint64_t id : shard_->hold(f, 2, seconds(5))) shard_->let_go(id);
  invoke(f);
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(Holding, ItEndsWithItsTime) {
  make_shard(kTwo);
  const auto f = function("f");
  const auto first = shard_->hold(f, 1, seconds(5));
  pass(seconds(2));
  EXPECT_EQ(shard_->hold(f, 1, seconds(5)).size(), 1U);
  pass(seconds(3));
  EXPECT_EQ(shard_->hold(f, 2, seconds(9)).size(), 1U);
  pass(seconds(2));
  EXPECT_EQ(shard_->hold(f, 2, seconds(9)).size(), 1U);
  // Too late for what was held, and there is no other.
  invoke_held(f, first[0]);
  EXPECT_EQ(refused_, 1);
}

TEST_F(Holding, UsedTooLateItIsAsAnyOther) {
  make_shard(kTwo);
  const auto f = function("f");
  const auto held = shard_->hold(f, 1, seconds(5));
  pass(seconds(6));
  invoke_held(f, held[0]);
  EXPECT_EQ(done_, 1);
}

TEST_F(Holding, OfAReservationWhatItHas) {
  make_shard({});
  FunctionPlan plan;
  const auto f = function("f");
  plan.arn = f->arn;
  plan.reserved = 1;
  shard_->plan(plan);
  const auto held = shard_->hold(f, 3, seconds(5));
  ASSERT_EQ(held.size(), 1U);
  invoke(f);
  EXPECT_EQ(refusals_,
            std::vector<std::string>{"ReservedFunctionConcurrentInvocationLimitExceeded"});
  invoke_held(f, held[0]);
  EXPECT_EQ(done_, 1);
}

TEST_F(Holding, ReservedNoneThereIsNone) {
  make_shard({});
  FunctionPlan plan;
  const auto f = function("f");
  plan.arn = f->arn;
  plan.reserved = 0;
  shard_->plan(plan);
  EXPECT_TRUE(shard_->hold(f, 3, seconds(5)).empty());
}

}  // namespace
}  // namespace lapwing::engine

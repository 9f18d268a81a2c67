// Functions with tenant isolation: no environment is ever handed from one tenant to another.
#include <gtest/gtest.h>

#include "engine/testing/shard_fixture.hpp"

namespace lapwing::engine {
namespace {

class TenantsTest : public ShardTest {
 protected:
  static FunctionVersionPtr shared(const std::string& name, const std::string& sha = "a") {
    auto fn = std::make_shared<FunctionVersion>(*function(name, sha));
    fn->per_tenant = true;
    return fn;
  }
  net::Task<void> call_for(FunctionVersionPtr fn, std::string tenant) {
    Invocation invocation;
    invocation.payload = tenant;
    invocation.tenant_id = std::move(tenant);
    Result<Outcome> outcome = co_await shard_->invoke(std::move(fn), std::move(invocation));
    if (outcome) {
      answers_.push_back(outcome->body);
    } else {
      refusals_.push_back(outcome.error().message());
    }
  }
  void invoke_for(const FunctionVersionPtr& fn, const std::string& tenant) {
    calls_.spawn(call_for(fn, tenant));
    settle();
  }
};

TEST_F(TenantsTest, EachHasEnvironmentsOfItsOwn) {
  make_shard();
  const FunctionVersionPtr fn = shared("f");
  for (const char* tenant : {"blue", "green", "blue", "green", "blue"}) invoke_for(fn, tenant);
  EXPECT_EQ(answers_.size(), 5u);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(environments_of("f"), 2u);
  // One that waits gets its own tenant's, though another's is idle.
  script_.hold_run = true;
  calls_.spawn(call_for(fn, "blue"));
  calls_.spawn(call_for(fn, "blue"));
  settle();
  EXPECT_EQ(script_.made, 3);
  release_all();
}

TEST_F(TenantsTest, WithoutATenantNothingRuns) {
  make_shard();
  invoke_for(shared("f"), "");
  EXPECT_EQ(refusals_.size(), 1u);
  EXPECT_EQ(script_.made, 0);
}

TEST_F(TenantsTest, AChangeOfTheFunctionEndsThemAll) {
  make_shard();
  for (const char* tenant : {"blue", "green"}) invoke_for(shared("f", "old"), tenant);
  shard_->retire(function("f")->arn, "$LATEST");
  settle();
  EXPECT_EQ(script_.ended, 2);
  invoke_for(shared("f", "new"), "blue");
  EXPECT_EQ(script_.ran_on.back(), "new");
}

TEST_F(TenantsTest, ThoseOfOneFunctionHaveALimit) {
  EngineOptions options;
  options.tenant_environments_max = 3;
  make_shard(options);
  invoke(function("other"));
  const FunctionVersionPtr fn = shared("f");
  for (int tenant = 0; tenant < 20; ++tenant) invoke_for(fn, std::to_string(tenant));
  EXPECT_EQ(answers_.size(), 21u);
  EXPECT_EQ(environments_of("f"), 3u);
  // The one idle longest gave way, and never another function's.
  EXPECT_EQ(environments_of("other"), 1u);
  const int made = script_.made;
  invoke_for(fn, "19");
  EXPECT_EQ(script_.made, made);
  // What is at work does not give way: the next waits for its end.
  script_.hold_run = true;
  for (const char* tenant : {"17", "18", "19"}) calls_.spawn(call_for(fn, tenant));
  calls_.spawn(call_for(fn, "20"));
  settle();
  EXPECT_EQ(environments_of("f"), 3u);
  release_all();
  EXPECT_EQ(answers_.size(), 26u);
  EXPECT_EQ(environments_of("f"), 3u);
}

TEST_F(TenantsTest, NothingIsKeptOfThoseThatHaveGone) {
  EngineOptions options;
  options.idle_timeout = std::chrono::seconds(5);
  make_shard(options);
  for (int tenant = 0; tenant < 10; ++tenant) invoke_for(shared("f"), std::to_string(tenant));
  for (int i = 0; i < 20; ++i) pass(std::chrono::seconds(1));
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(environments_of("f"), 0u);
  invoke_for(shared("f"), "3");
  EXPECT_EQ(environments_of("f"), 1u);
}

}  // namespace
}  // namespace lapwing::engine

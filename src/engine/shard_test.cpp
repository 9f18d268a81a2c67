#include "engine/shard.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "engine/admission.hpp"
#include "net/timeout.hpp"

namespace lapwing::engine {
namespace {

using runtime::FunctionVersion;
using runtime::FunctionVersionPtr;
using runtime::Invocation;
using runtime::Outcome;

// What the made-up environments do, and what they did.
struct Script {
  bool init_succeeds = true;
  bool hold_init = false;    // initialise() waits for `go`
  bool hold_run = false;     // run() waits for `go`
  bool hold_finish = false;  // run() has answered and waits for `go`
  bool crash = false;        // run() leaves the environment cold
  int made = 0;
  int ended = 0;
  int alive = 0;
  int runs = 0;
  std::vector<std::string> ran_on;  // code_sha256 of the environment, per run
};

class FakeEnvironment final : public runtime::ExecutionEnvironment {
 public:
  FakeEnvironment(const Clock& clock, net::Event& go, Script& script, FunctionVersionPtr function)
      : clock_(clock), go_(go), script_(script), function_(std::move(function)) {
    ++script_.made;
    ++script_.alive;
  }
  ~FakeEnvironment() override { --script_.alive; }
  const FunctionVersionPtr& function() const override { return function_; }
  bool warm() const override { return warm_; }
  std::optional<MonoTime> answered_since() const override { return answered_since_; }
  net::Task<bool> initialise() override {
    while (script_.hold_init && !interrupted_) {
      go_.reset();
      co_await go_.wait();
    }
    warm_ = script_.init_succeeds;
    co_return warm_;
  }
  net::Task<void> run(Invocation invocation, net::OneShotSender<Outcome> answer) override {
    ++script_.runs;
    script_.ran_on.push_back(function_->code_sha256);
    while (script_.hold_run && !interrupted_) {
      go_.reset();
      co_await go_.wait();
    }
    Outcome outcome;
    outcome.body = invocation.payload;
    if (!warm_) outcome.kind = Outcome::Kind::kFunctionError;
    if (script_.crash) warm_ = false;
    answer.send(std::move(outcome));
    answered_since_ = clock_.mono();
    while (script_.hold_finish && !interrupted_) {
      go_.reset();
      co_await go_.wait();
    }
    answered_since_.reset();
  }
  void interrupt() override {
    interrupted_ = true;
    go_.set();
  }
  net::Task<void> shutdown() override {
    ++script_.ended;
    co_return;
  }

 private:
  const Clock& clock_;
  net::Event& go_;
  Script& script_;
  FunctionVersionPtr function_;
  bool warm_ = false;
  std::optional<MonoTime> answered_since_;
  bool interrupted_ = false;
};

class ShardTest : public ::testing::Test, public runtime::EnvironmentFactory {
 protected:
  ShardTest() : loop_(clock_, null_logger()), go_(loop_) {}

  std::unique_ptr<runtime::ExecutionEnvironment> make(net::Loop&,
                                                      FunctionVersionPtr function) override {
    return std::make_unique<FakeEnvironment>(clock_, go_, script_, std::move(function));
  }
  void make_shard(EngineOptions options = {}) {
    shard_ = std::make_unique<Shard>(loop_, *this, options);
  }
  static FunctionVersionPtr function(const std::string& name, const std::string& sha = "a") {
    auto fn = std::make_shared<FunctionVersion>();
    fn->arn = "arn:aws:lambda:us-east-1:000000000000:function:" + name;
    fn->code_sha256 = sha;
    return fn;
  }
  net::Task<void> call(FunctionVersionPtr fn, std::string payload) {
    Invocation invocation;
    invocation.payload = std::move(payload);
    Result<Outcome> outcome = co_await shard_->invoke(std::move(fn), std::move(invocation));
    if (outcome) {
      answers_.push_back(outcome->body);
      errors_ += outcome->kind == Outcome::Kind::kFunctionError ? 1 : 0;
    } else {
      refusals_.push_back(outcome.error().code());
    }
  }
  // Runs the loop until nothing is ready any more.
  void settle() {
    loop_.post([this] { turns(64); });
    loop_.run();
  }
  void turns(int left) {
    if (left == 0) return loop_.stop();
    loop_.post([this, left] { turns(left - 1); });
  }
  void release_all() {
    script_.hold_init = script_.hold_run = script_.hold_finish = false;
    go_.set();
    settle();
    go_.reset();
  }
  net::Task<void> stop() { co_await shard_->stop(); }
  void TearDown() override {
    release_all();
    calls_.spawn(stop());
    settle();
    EXPECT_EQ(script_.alive, 0);
  }

  ManualClock clock_;
  net::Loop loop_;
  net::Event go_;
  Script script_;
  std::unique_ptr<Shard> shard_;
  net::TaskGroup calls_{loop_};  // outlives a turn of the loop, unlike Loop::spawn
  std::vector<std::string> answers_;
  std::vector<std::string> refusals_;
  int errors_ = 0;
};

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
  EXPECT_EQ(shard_->stats().busy, 4u);
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
  EXPECT_EQ(refusals_, std::vector<std::string>{"TooManyRequestsException"});
  calls_.spawn(call(function("b"), "b"));
  settle();
  release_all();
  EXPECT_EQ(answers_, (std::vector<std::string>{"a", "b"}));
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

TEST_F(ShardTest, RetireEndsIdleEnvironmentsOfThatFunctionOnly) {
  make_shard();
  for (const char* name : {"a", "ab"}) {
    calls_.spawn(call(function(name), name));
    settle();
  }
  loop_.post([&] { shard_->retire(function("a")->arn); });
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

TEST(Admission, LimitsAnAccountAndRegionAndGivesBack) {
  Admission admission(2);
  const AccountId account("000000000000");
  const Region region("us-east-1");
  {
    auto a = admission.enter(account, region);
    auto b = admission.enter(account, region);
    auto c = admission.enter(account, region);
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().code(), "TooManyRequestsException");
    EXPECT_EQ(c.error().fields()[0].value, "ConcurrentInvocationLimitExceeded");
    EXPECT_TRUE(admission.enter(account, Region("eu-west-1")));
    EXPECT_EQ(admission.in_flight(account, region), 2u);
  }
  EXPECT_EQ(admission.in_flight(account, region), 0u);
}

}  // namespace
}  // namespace lapwing::engine

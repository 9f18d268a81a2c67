// Pools against made-up environments on a manual clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "engine/shard.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"

namespace lapwing::engine {

using runtime::FunctionVersion;
using runtime::FunctionVersionPtr;
using runtime::InitializationType;
using runtime::Invocation;
using runtime::Outcome;

// What the made-up environments do, and what they did.
struct Script {
  bool init_succeeds = true;
  bool hold_init = false;    // initialise() waits for `go`
  bool hold_run = false;     // run() waits for `go`
  bool hold_finish = false;  // run() has answered and waits for `go`
  bool crash = false;        // run() leaves the environment cold ...
  bool keeps = false;        // ... but worth being used again
  int generation = 0;        // raised: runs of the one before end though held
  int made = 0;
  int ended = 0;
  int alive = 0;
  int runs = 0;
  std::vector<std::string> ran_on;  // code_sha256 of the environment, per run
  std::vector<std::string> types;   // how each environment was to be initialised
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
  bool resumable() const override { return resumable_; }
  std::optional<MonoTime> answered_since() const override { return answered_since_; }
  net::Task<bool> initialise() override {
    while (script_.hold_init && !interrupted_) {
      go_.reset();
      co_await go_.wait();
    }
    resumable_ = false;
    warm_ = script_.init_succeeds;
    co_return warm_;
  }
  net::Task<void> run(Invocation invocation, net::OneShotSender<Outcome> answer) override {
    ++script_.runs;
    script_.ran_on.push_back(function_->code_sha256);
    if (std::exchange(resumable_, false)) warm_ = script_.init_succeeds;
    const int generation = script_.generation;
    while (script_.hold_run && !interrupted_ && generation == script_.generation) {
      go_.reset();
      co_await go_.wait();
    }
    Outcome outcome;
    outcome.body = invocation.payload;
    if (!warm_) outcome.kind = Outcome::Kind::kFunctionError;
    if (script_.crash) {
      warm_ = false;
      resumable_ = script_.keeps;
    }
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
  bool resumable_ = false;
  std::optional<MonoTime> answered_since_;
  bool interrupted_ = false;
};

class FakeMachine final : public MachineGauge {
 public:
  std::optional<Duration> processor_waits() const override { return waits; }
  std::optional<std::uint64_t> available_mb() const override { return available; }
  std::optional<std::uint64_t> available;
  std::optional<Duration> waits = Duration::zero();
};

class ShardTest : public ::testing::Test, public runtime::EnvironmentFactory {
 protected:
  ShardTest() : loop_(clock_, null_logger()), go_(loop_) {}

  std::unique_ptr<runtime::ExecutionEnvironment> make(net::Loop&, FunctionVersionPtr function,
                                                      InitializationType type) override {
    script_.types.emplace_back(runtime::to_string(type));
    return std::make_unique<FakeEnvironment>(clock_, go_, script_, std::move(function));
  }
  void make_shard(EngineOptions options = {}) {
    admission_ = std::make_unique<Admission>(options.account_concurrency);
    shard_ = std::make_unique<Shard>(loop_, ShardHost{this, admission_.get(), &board_, &machine_},
                                     options);
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
      refusals_.push_back(outcome.error().fields().empty() ? outcome.error().code()
                                                           : outcome.error().fields()[0].value);
    }
  }
  void invoke(const FunctionVersionPtr& fn, const std::string& payload = "x") {
    calls_.spawn(call(fn, payload));
    settle();
  }
  // Time passes, and timers are looked at.
  void pass(Duration time) {
    clock_.advance(time);
    loop_.wake();
    settle();
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
  // What runs now ends; what begins meanwhile is held.
  void step_runs() {
    ++script_.generation;
    go_.set();
    settle();
    go_.reset();
  }
  std::uint64_t environments_of(const std::string& name) const {
    for (const FunctionUsage& usage : shard_->busiest(1000)) {
      if (usage.arn.ends_with(":" + name)) return usage.environments;
    }
    return 0;
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
  std::unique_ptr<Admission> admission_;
  ProvisionBoard board_;
  FakeMachine machine_;
  std::unique_ptr<Shard> shard_;
  net::TaskGroup calls_{loop_};  // outlives a turn of the loop, unlike Loop::spawn
  std::vector<std::string> answers_;
  std::vector<std::string> refusals_;
  int errors_ = 0;
};

}  // namespace lapwing::engine

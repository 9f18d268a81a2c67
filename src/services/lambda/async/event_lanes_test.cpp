// The lanes of many functions, over an invoker that hangs: how much all of them may have at work.
#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/captured_log.hpp"
#include "base/testing/eventually.hpp"
#include "net/sync.hpp"
#include "services/lambda/async/event_queue.hpp"
#include "services/lambda/async/limits.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::lambda {
namespace {

using lapwing::testing::eventually;

const AccountId kAccount("000000000000");
const Region kRegion("us-east-1");

class AnyFunction final : public engine::Functions {
 public:
  Result<runtime::FunctionVersionPtr> resolve(const AccountId&, const Region&,
                                              std::string_view name,
                                              std::string_view) const override {
    auto out = std::make_shared<runtime::FunctionVersion>();
    out->name = FunctionName(name);
    out->arn = std::string(name);
    return out;
  }
  runtime::FunctionVersionPtr find_version(const AccountId&, const Region&, const FunctionName&,
                                           std::string_view) const override {
    return nullptr;
  }
  void on_retired(Retired) override {}
  void on_ready(Ready) override {}
};

// Runs nothing until it is told, one function's runs after another.
class Hanging final : public engine::Invoker {
 public:
  net::Task<Result<runtime::Outcome>> invoke(net::Loop& here, runtime::FunctionVersionPtr function,
                                             runtime::Invocation) override {
    auto [sender, receiver] = net::one_shot<bool>(here);
    {
      const std::scoped_lock lock(mutex_);
      at_work_[function->arn].push_back(std::move(sender));
      ++begun_[function->arn];
    }
    (void)co_await receiver;
    co_return runtime::Outcome{};
  }
  void end_one(const std::string& function) {
    net::OneShotSender<bool> ended;
    {
      const std::scoped_lock lock(mutex_);
      ended = std::move(at_work_[function].back());
      at_work_[function].pop_back();
    }
    ended.send(true);
  }
  std::size_t begun(const std::string& function) const {
    const std::scoped_lock lock(mutex_);
    const auto found = begun_.find(function);
    return found != begun_.end() ? found->second : 0;
  }
  std::size_t at_work() const {
    const std::scoped_lock lock(mutex_);
    std::size_t out = 0;
    for (const auto& [name, runs] : at_work_) out += runs.size();
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<net::OneShotSender<bool>>> at_work_;
  std::map<std::string, std::size_t> begun_;
};

class SameForAll final : public EventSettingsSource {
 public:
  EventSettings event_settings(const AccountId&, const Region&, const FunctionName&,
                               std::string_view) const override {
    return of_all;
  }
  EventSettings of_all;
};

class EventLanes : public ::testing::Test {
 protected:
  EventLanes() {
    runner_.start();
    loops_.start();
    EXPECT_TRUE(outbox_.start());
    EXPECT_TRUE(events_.start());
  }
  ~EventLanes() override {
    events_.drain();
    loops_.stop();
    outbox_.stop();
    runner_.stop();
  }
  void send(const std::string& function, int count, const std::string& payload = "{}") {
    std::vector<Event> all;
    for (int i = 0; i < count; ++i) {
      all.push_back({.request_id = fmt::format("{}-{}", function, i),
                     .account = kAccount,
                     .region = kRegion,
                     .function = FunctionName(function),
                     .qualifier = "",
                     .invoked_arn = function,
                     .trace = "",
                     .payload = payload,
                     .tenant_id = "",
                     .accepted_ms = unix_ms(clock_.wall())});
    }
    net::Loop& loop = loops_.at(0);
    loop.post([this, &loop, events = std::move(all)]() mutable {
      loop.spawn([](EventQueue& queue, net::Loop& on, std::vector<Event> given) -> net::Task<void> {
        EXPECT_TRUE(co_await queue.accept_all(on, std::move(given)));
      }(events_, loop, std::move(events)));
    });
  }
  std::uint64_t waiting_of(const std::string& function) {
    const auto stats = events_.waiting(kAccount, kRegion, FunctionName(function));
    EXPECT_TRUE(stats.has_value());
    return stats ? stats->visible + stats->delayed + stats->in_flight : 0;
  }
  // All places are taken, none of them by "late".
  void fill() {
    int left = kEventsAtWork;
    for (int i = 0; left > 0; ++i) {
      const int of_this = std::min<int>(left, kLaneBegin);
      send(fmt::format("f{}", i), of_this);
      left -= of_this;
    }
    ASSERT_TRUE(eventually([&] { return invoker_.at_work() == kEventsAtWork; }));
  }

  ManualClock clock_;
  SystemClock real_;
  SeededRandom random_{7};
  lapwing::testing::CapturedLog said_;
  Logger logger_{said_, real_, LogLevel::kWarn};
  std::unique_ptr<store::Engine> engine_ = store::make_memory_engine(clock_);
  store::Space& space_ = **engine_->space("lambda");
  background::Runner runner_{clock_, logger_, {.pace = background::Pace::kManual}};
  net::LoopGroup loops_{1, real_, logger_};
  ports::Destinations nowhere_;
  AnyFunction functions_;
  Hanging invoker_;
  SameForAll settings_;
  Notices notices_{logger_};
  delivery::Outbox outbox_{
      "outbox", {space_, clock_, random_, logger_, runner_, loops_, nowhere_}, notices_};
  delivery::DeadEvents dead_{space_, "lambda.dead"};
  EventQueue events_{{space_, clock_, random_, logger_, runner_, loops_, functions_, invoker_,
                      settings_, notices_, outbox_, dead_}};
};

TEST_F(EventLanes, OneFunctionBeginsWithAFew) {
  send("f", 100);
  ASSERT_TRUE(eventually([&] { return invoker_.at_work() == kLaneBegin; }));
  EXPECT_EQ(invoker_.begun("f"), kLaneBegin);
}

TEST_F(EventLanes, AllTogetherHaveAsManyAsSaid) {
  fill();
  send("late", 3);
  // Whatever "late" does about it has been done once somebody else has been served after it.
  invoker_.end_one("f0");
  ASSERT_TRUE(eventually([&] { return invoker_.at_work() == kEventsAtWork; }));
  EXPECT_EQ(invoker_.at_work(), kEventsAtWork);
}

TEST_F(EventLanes, WhatOthersKeepFromBeginningBeginsWhenOneOfThemEnds) {
  fill();
  send("late", 2);
  ASSERT_TRUE(eventually([&] { return events_.counts().received == kEventsAtWork + 2; }));
  EXPECT_EQ(invoker_.begun("late"), 0U);
  invoker_.end_one("f0");
  ASSERT_TRUE(eventually([&] { return invoker_.begun("late") == 1; }));
  invoker_.end_one("f1");
  ASSERT_TRUE(eventually([&] { return invoker_.begun("late") == 2; }));
  EXPECT_EQ(invoker_.at_work(), kEventsAtWork);
}

TEST_F(EventLanes, SeveralThatAreKeptBeginOneAfterAnother) {
  fill();
  for (const char* const each : {"a", "b", "c"}) send(each, 1);
  ASSERT_TRUE(eventually([&] { return events_.counts().received == kEventsAtWork + 3; }));
  for (std::size_t ended = 1; ended <= 3; ++ended) {
    invoker_.end_one(fmt::format("f{}", ended));
    ASSERT_TRUE(eventually(
        [&] { return invoker_.begun("a") + invoker_.begun("b") + invoker_.begun("c") == ended; }));
  }
}

TEST_F(EventLanes, ALargeEventIsToldOfToADestinationAndADeadLetterQueue) {
  settings_.of_all.none_may_run = true;
  settings_.of_all.on_failure = "arn:aws:sqs:us-east-1:000000000000:destination";
  settings_.of_all.dead_letters = "arn:aws:sqs:us-east-1:000000000000:dead";
  send("f", 1, '"' + std::string(1'000'000, 'x') + '"');
  ASSERT_TRUE(eventually([&] { return events_.counts().dropped == 1; }));
  EXPECT_EQ(waiting_of("f"), 0U);
  ASSERT_TRUE(eventually([&] { return outbox_.counts().accepted == 2; }));
  // Nothing takes them here, and the log names them as they were given.
  ASSERT_TRUE(eventually([&] { return said_.count("an event was dropped") == 2; }));
  EXPECT_EQ(said_.count("an event was dropped", "darn:"), 0U);
  EXPECT_EQ(said_.count("an event was dropped", "qarn:"), 0U);
}

TEST_F(EventLanes, WhatTheOutboxNeverTakesIsLostAndItsEventEnds) {
  settings_.of_all.none_may_run = true;
  settings_.of_all.dead_letters = "arn:aws:sqs:us-east-1:000000000000:" + std::string(500, 'q');
  send("f", 1);
  ASSERT_TRUE(eventually([&] { return events_.counts().dropped == 1; }));
  EXPECT_EQ(waiting_of("f"), 0U);
  EXPECT_EQ(notices_.counts().dead_letter_errors, 1U);
  const auto dead = dead_.newest(0, 10);
  ASSERT_TRUE(dead.has_value());
  EXPECT_EQ(dead->events.size(), 1U);
}

}  // namespace
}  // namespace lapwing::lambda

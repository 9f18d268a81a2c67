#include "hosting/testing/host.hpp"

#include <stop_token>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "gen/toy/kinds.hpp"
#include "gen/toy/nothing.hpp"
#include "hosting/space_waker.hpp"
#include "net/sync.hpp"
#include "store/await.hpp"
#include "text/time_format.hpp"

namespace lapwing::hosting {
namespace {

namespace toy = gen::toy;

struct Core {
  store::Space* space = nullptr;
  background::Runner* background = nullptr;
};

// Sends a message that is visible after `Small` seconds.
net::Task<Result<toy::KindsStruct>> send(Core& core, net::Loop& loop, const aws::Call&,
                                         toy::KindsStruct in) {
  const auto request = store::EnqueueRequest{
      .queue = "q", .payload = "p", .delay = std::chrono::seconds(in.small.value_or(0))};
  LAPWING_CO_CHECK(co_await store::compute_on<store::Enqueued>(
      loop, core.space->store(), [request](store::Txn& txn) { return txn.enqueue(request); }));
  co_return in;
}

// Waits for one.
class Waiter final : public store::Listener {
 public:
  Waiter(net::Loop& loop, background::Runner& background)
      : channel(net::one_shot<background::Hold>(loop)), background_(background) {}
  void on_signal() noexcept override {
    if (!raised.exchange(true)) channel.sender.send(background_.hold());
  }
  decltype(net::one_shot<background::Hold>(std::declval<net::Loop&>())) channel;
  std::atomic<bool> raised{false};

 private:
  background::Runner& background_;
};

net::Task<Result<aws::Empty>> receive(Core& core, net::Loop& loop, const aws::Call&, aws::Empty) {
  background::Hold awake;
  while (true) {
    Waiter waiter(loop, *core.background);
    const store::Subscription listening = core.space->queue().subscribe("q", waiter);
    const store::ClaimRequest request{.queues = {"q"}, .visibility = std::chrono::seconds(30)};
    LAPWING_CO_TRY(const store::ClaimResult found, core.space->queue().claim(request));
    if (!found.messages.empty()) co_return aws::Empty();
    awake.reset();
    auto woken = co_await waiter.channel.receiver;
    if (woken) awake = *std::move(woken);
  }
}

class ToyService final : public Service {
 public:
  explicit ToyService(const Dependencies& given)
      : given_(given), api_(make_table(core_), given.pipeline) {
    core_.background = &given.background;
  }
  const aws::Service& api() const override { return api_; }
  Status start() override {
    LAPWING_TRY(core_.space, given_.store.space("toy"));
    waker_ = std::make_unique<SpaceWaker>("toy.due", *core_.space, given_.background);
    return {};
  }
  void stop() override { waker_.reset(); }

 private:
  static aws::OperationTable make_table(Core& core) {
    aws::OperationTable table(toy::kModel);
    table.add<toy::Kinds>(core, send,
                          {.access = aws::Access::kWrite, .resource = aws::kNoResource});
    table.add<toy::Nothing>(core, receive,
                            {.access = aws::Access::kRead, .resource = aws::kNoResource});
    table.refuse({"Bind", "BindPlain", "BlobPayload", "Check", "Download", "Grow", "StructPayload",
                  "Upload", "Watch"});
    return table;
  }

  Dependencies given_;
  Core core_;
  aws::Service api_;
  std::unique_ptr<SpaceWaker> waker_;
};

TEST(Host, WhatWaitsIsWokenByACommit) {
  testing::Host<ToyService> host;
  testing::Pending poll = host.begin("Nothing");
  EXPECT_TRUE(host.call("Kinds").ok());
  EXPECT_TRUE(poll.get().ok());
}

TEST(Host, AndByTheClock) {
  testing::Host<ToyService> host;
  EXPECT_EQ(host.call("Kinds", R"({"Small":600})").at("Small"), "600");
  testing::Pending poll = host.begin("Nothing");
  host.advance(std::chrono::seconds(599));
  EXPECT_FALSE(poll.done());
  host.advance(std::chrono::seconds(1));
  EXPECT_TRUE(poll.done());  // it has answered when the clock has been moved
  EXPECT_TRUE(poll.get().ok());
}

TEST(Host, ARestartKeepsWhatIsStored) {
  testing::Host<ToyService> host;
  ASSERT_TRUE(host.call("Kinds").ok());
  host.restart();
  EXPECT_TRUE(host.call("Nothing").ok());
  EXPECT_EQ(host.call("Grow").error, "NotImplemented");
}

TEST(ManualTime, DoesNotGoBackAtARestart) {
  ManualClock before;
  const auto engine = store::make_memory_engine(before);
  background::Runner runner(before, null_logger(), {.pace = background::Pace::kManual});
  runner.start();
  ManualTime first(before, runner, engine->store());
  ASSERT_TRUE(first.advance(std::chrono::hours(24)));
  ManualClock after;
  ManualTime second(after, runner, engine->store());
  ASSERT_TRUE(second.load());
  EXPECT_EQ(unix_ms(after.wall()), unix_ms(before.wall()));
  EXPECT_EQ(second.advance(std::chrono::seconds(-1)).error().kind(), ErrorKind::kInvalid);
  second.stop();
  EXPECT_EQ(second.advance(std::chrono::seconds(1)).error().kind(), ErrorKind::kUnavailable);
  runner.stop();
}

TEST(ManualTime, AYearOfUpkeepIsOneStep) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  background::Runner runner(clock, null_logger(), {.pace = background::Pace::kManual});
  std::atomic<int> runs = 0;
  const background::Task sweep = runner.every("sweep", std::chrono::minutes(1), [&]() -> Status {
    ++runs;
    return {};
  });
  runner.start();
  ManualTime time(clock, runner, engine->store());
  ASSERT_TRUE(time.advance(std::chrono::hours(24 * 365)));
  EXPECT_EQ(runs, 1);
  runner.stop();
}

// Due every second.
class Ticks : public DueSource {
 public:
  explicit Ticks(const Clock& clock, UniqueFunction<void(int)> each)
      : clock_(clock), due_(clock.mono()), each_(std::move(each)) {}
  Result<std::optional<MonoTime>> next_due() override { return std::optional(due_); }
  Status run_due() override {
    due_ = clock_.mono() + std::chrono::seconds(1);
    each_(++runs_);
    return {};
  }

 private:
  const Clock& clock_;
  MonoTime due_;
  UniqueFunction<void(int)> each_;
  int runs_ = 0;
};

TEST(ManualTime, EndsWithWhoAskedForItAndKeepsWhereItCameTo) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  background::Runner runner(clock, null_logger(), {.pace = background::Pace::kManual});
  const auto kept = [&] {
    ManualClock read;
    ManualTime other(read, runner, engine->store());
    EXPECT_TRUE(other.load());
    return read.wall();
  };
  const WallTime began = clock.wall();
  std::stop_source asked;
  Ticks ticks(clock, [&](int runs) {
    // What was reached before is kept by now.
    if (runs > 2) {
      EXPECT_GT(kept(), began);
    }
    if (runs == 100) asked.request_stop();
  });
  const background::Task task = runner.when_due("ticks", ticks);
  runner.start();
  ManualTime time(clock, runner, engine->store(), {}, {.keep_every = Duration::zero()});
  const Status moved = time.advance(std::chrono::hours(24 * 3650), asked.get_token());
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(clock.wall(), began + std::chrono::seconds(99));
  EXPECT_EQ(unix_ms(kept()), unix_ms(clock.wall()));
  EXPECT_TRUE(moved.error().message().ends_with(
      fmt::format("The clock stands at {}.", text::format_iso8601(clock.wall(), true))))
      << moved.error().message();
  EXPECT_TRUE(time.advance(std::chrono::seconds(1)));  // it is nobody's
  runner.stop();
}

TEST(ManualTime, WaitsNotForEverAndSaysForWhat) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  background::Runner runner(clock, null_logger(), {.pace = background::Pace::kManual});
  runner.start();
  background::Hold hold = runner.hold();
  ManualTime time(clock, runner, engine->store(), {},
                  {.settle_max = std::chrono::milliseconds(20)});
  const Status moved = time.advance(std::chrono::hours(1));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind(), ErrorKind::kUnavailable);
  EXPECT_TRUE(moved.error().message().starts_with("Still at work: operations under way: 1. "))
      << moved.error().message();
  hold.reset();
  EXPECT_TRUE(time.advance(std::chrono::hours(1)));
  runner.stop();
}

TEST(ManualTime, EndsBeforeTheTimeThatCanBeCounted) {
  ManualClock clock(kClockEnd - std::chrono::hours(1));
  const auto engine = store::make_memory_engine(clock);
  background::Runner runner(clock, null_logger(), {.pace = background::Pace::kManual});
  runner.start();
  ManualTime time(clock, runner, engine->store());
  EXPECT_EQ(time.advance(std::chrono::hours(2)).error().kind(), ErrorKind::kInvalid);
  EXPECT_EQ(clock.wall(), kClockEnd - std::chrono::hours(1));
  ASSERT_TRUE(time.advance(std::chrono::hours(1)));
  EXPECT_EQ(time.advance(std::chrono::nanoseconds(1)).error().kind(), ErrorKind::kInvalid);
  EXPECT_TRUE(time.advance(Duration::zero()));
  runner.stop();
}

}  // namespace
}  // namespace lapwing::hosting

#include "runtime/environment/shutdown.hpp"

#include <signal.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/random.hpp"
#include "net/loop.hpp"
#include "net/task_group.hpp"

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kShutdown[] = {"SHUTDOWN"};
constexpr std::string_view kNothing[] = {"INVOKE"};

// Writes down what is asked of it, with the time since the start.
class ShutdownTest : public ::testing::Test, protected ShutdownParty {
 protected:
  ShutdownTest() : loop_(clock_, null_logger()), changed_(loop_) {}

  bool runtime_runs() const override { return runtime_runs_; }
  void signal_runtime(int number) override {
    if (!runtime_runs_) return;
    say(number == SIGTERM ? "SIGTERM" : "SIGKILL");
    if (number == SIGKILL || obeys_) runtime_runs_ = false;
    changed_.set();
  }
  void kill_extension(std::string_view name) override {
    say(fmt::format("kill {}", name));
    sandbox::ExitStatus status;
    status.signalled = true;
    status.code = SIGKILL;
    registry_.exited(name, status);
  }
  net::Task<void> deliver_telemetry(MonoTime deadline) override {
    say(fmt::format("telemetry until {}", since_start(deadline)));
    co_return;
  }
  // An extension that waits for its event, and exits on SHUTDOWN if `obeys`.
  net::Task<void> live(std::string name, std::string id, bool obeys) {
    const Result<ExtensionEvent> event = co_await registry_.next(std::move(id));
    if (!event) co_return;
    say(fmt::format("{} gets {}", name, event->json));
    if (obeys) registry_.exited(name, {});
  }
  void external(std::string_view name, std::span<const std::string_view> events, bool obeys) {
    ASSERT_TRUE(registry_.add_external(name));
    const std::string id = (*registry_.register_extension(name, events))->id;
    tasks_.spawn(live(std::string(name), id, obeys));
    turn();
  }
  void begin(ShutdownReason reason) {
    start_ = clock_.mono();
    tasks_.spawn(run(reason));
    turn();
  }
  net::Task<void> run(ShutdownReason reason) {
    co_await shut_down(loop_, changed_, *this, registry_, reason);
    say("over");
  }
  void advance(milliseconds by) {
    clock_.advance(by);
    turn();
  }
  void turn() {
    for (int left = 8; left > 0; --left) {
      loop_.post([this] { loop_.stop(); });
      loop_.run();
    }
  }
  long since_start(MonoTime when) const {
    return std::chrono::duration_cast<milliseconds>(when - start_).count();
  }
  void say(std::string_view what) {
    said_.push_back(fmt::format("{} {}", since_start(clock_.mono()), what));
  }

  ManualClock clock_{wall_from_unix_ms(1'000'000)};
  SeededRandom random_{1};
  net::Loop loop_;
  net::Event changed_;
  ExtensionRegistry registry_{loop_, changed_, random_};
  MonoTime start_{};
  bool runtime_runs_ = true;
  bool obeys_ = true;
  std::vector<std::string> said_;
  net::TaskGroup tasks_{loop_};
};

using Said = std::vector<std::string>;

TEST_F(ShutdownTest, WithoutExtensionsThereIsNone) {
  begin(ShutdownReason::kSpindown);
  EXPECT_EQ(said_, Said{"0 over"});
}

TEST_F(ShutdownTest, TheRuntimeGoesFirstThenTheExtensions) {
  external("agent", kShutdown, true);
  begin(ShutdownReason::kSpindown);
  EXPECT_EQ(said_, (Said{"0 SIGTERM", "0 telemetry until 600",
                         R"(0 agent gets {"eventType":"SHUTDOWN","deadlineMs":1002000,)"
                         R"("shutdownReason":"spindown"})",
                         "0 over"}));
}

TEST_F(ShutdownTest, WhoDoesNotListenIsKilledAtTheEndOfItsShare) {
  obeys_ = false;
  external("deaf", kShutdown, false);
  external("quiet", kNothing, true);
  begin(ShutdownReason::kTimeout);
  EXPECT_EQ(said_, Said{"0 SIGTERM"});
  advance(milliseconds(599));
  EXPECT_EQ(said_.size(), 1u);
  advance(milliseconds(1));
  EXPECT_EQ(said_, (Said{"0 SIGTERM", "600 SIGKILL", "600 telemetry until 600", "600 kill quiet",
                         R"(600 deaf gets {"eventType":"SHUTDOWN","deadlineMs":1002000,)"
                         R"("shutdownReason":"timeout"})"}));
  advance(milliseconds(1399));
  EXPECT_NE(said_.back(), "1999 over");
  advance(milliseconds(1));
  EXPECT_EQ(said_.back(), "2000 over");
}

TEST_F(ShutdownTest, InternalExtensionsGiveTheRuntimeAMoment) {
  obeys_ = false;
  ASSERT_TRUE(registry_.register_extension("inner", kNothing));
  EXPECT_EQ(shutdown_budget(registry_), milliseconds(500));
  begin(ShutdownReason::kFailure);
  advance(milliseconds(150));
  EXPECT_EQ(said_, (Said{"0 SIGTERM", "150 SIGKILL", "150 telemetry until 150", "150 over"}));
}

}  // namespace
}  // namespace lapwing::runtime

#include "background/runner.hpp"

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/captured_log.hpp"
#include "base/testing/eventually.hpp"

namespace lapwing::background {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RunnerTest : public ::testing::Test {
 protected:
  // As the server's clock is moved: from one due instant to the next, in order.
  void advance(Duration by) {
    const MonoTime end = clock_.mono() + by;
    runner_.settle();
    while (const auto next = runner_.next_due()) {
      if (*next > end) break;
      clock_.advance(*next - clock_.mono());
      runner_.settle();
    }
    clock_.advance(end - clock_.mono());
  }

  ManualClock clock_;
  Runner runner_{clock_, null_logger(), {.threads = 2, .pace = Pace::kManual}};
};

TEST_F(RunnerTest, PeriodicTasksComeInTheOrderOfTheirInstants) {
  std::mutex mutex;
  std::string order;
  const auto note = [&](char what) {
    return [&, what]() -> Status {
      const std::lock_guard lock(mutex);
      order += what;
      return {};
    };
  };
  const Task two = runner_.every("two", minutes(2), note('2'));
  const Task three = runner_.every("three", minutes(3), note('3'));
  runner_.start();
  advance(seconds(119));
  EXPECT_EQ(order, "");
  advance(minutes(3));
  EXPECT_EQ(order, "232");
  advance(minutes(1));
  EXPECT_EQ(order.substr(0, 3), "232");
  EXPECT_EQ(order.size(), 3u);
}

TEST_F(RunnerTest, AWeekPassesAtOnce) {
  std::atomic<int> runs = 0;
  const Task hourly = runner_.every("hourly", hours(1), [&]() -> Status {
    ++runs;
    return {};
  });
  runner_.start();
  advance(hours(24 * 7));
  EXPECT_EQ(runs, 24 * 7);
}

TEST_F(RunnerTest, FailuresAreCountedAndEndNothing) {
  int runs = 0;
  const Task task = runner_.every("failing", minutes(1), [&]() -> Status {
    if (++runs % 2 == 0) throw std::runtime_error("a bug");
    return fail(make_error(ErrorKind::kUnavailable, "no disk"));
  });
  runner_.start();
  advance(minutes(4));
  const TaskFacts facts = runner_.tasks().at(0);
  EXPECT_EQ(facts.name, "failing");
  EXPECT_EQ(facts.runs, 8u);  // after 60 s, then 1, 2, 4, 8, 16, 32 s, then its period
  EXPECT_EQ(facts.failures, 8u);
  EXPECT_EQ(facts.failures_in_row, 8u);
  EXPECT_NE(facts.last_failure.find("a bug"), std::string::npos);
}

// A task that comes often is no reason to fail often.
TEST_F(RunnerTest, WhatFailsComesNotOftenerThanItIsTriedAgain) {
  std::atomic<int> runs = 0;
  Task task = runner_.every("often", std::chrono::milliseconds(1), [&]() -> Status {
    ++runs;
    return fail(make_error(ErrorKind::kUnavailable, "no disk"));
  });
  runner_.start();
  advance(seconds(10));
  EXPECT_EQ(runs, 10);
  // Nor than that where it is told to hurry.
  for (int i = 0; i < 100; ++i) {
    task.notify();
    runner_.settle();
  }
  EXPECT_EQ(runs, 10);
}

TEST(RunnerLog, SaysOnceThatATaskFailsAndOnceThatItWorksAgain) {
  ManualClock clock;
  lapwing::testing::CapturedLog output;
  Logger log(output, clock, LogLevel::kInfo);
  Runner runner(clock, log, {.threads = 1, .pace = Pace::kManual});
  std::atomic<bool> broken = true;
  const Task task = runner.every("sweep", minutes(1), [&]() -> Status {
    if (broken) return fail(make_error(ErrorKind::kUnavailable, "no disk"));
    return {};
  });
  runner.start();
  const auto pass = [&](int runs) {
    for (int i = 0; i < runs; ++i) {
      clock.advance(minutes(1));
      runner.settle();
    }
  };
  pass(5);
  EXPECT_EQ(output.count("a task fails"), 1u);
  EXPECT_EQ(output.count("no disk"), 1u);
  broken = false;
  pass(3);
  EXPECT_EQ(output.count("a task works again"), 1u);
  EXPECT_EQ(output.count(R"("failures":"5")"), 1u);
  broken = true;
  pass(3);
  EXPECT_EQ(output.count("a task fails"), 2u);
}

struct Messages final : DueSource {
  explicit Messages(const Clock& clock) : clock_(clock) {}
  Result<std::optional<MonoTime>> next_due() override {
    const std::lock_guard lock(mutex);
    if (broken) return fail(make_error(ErrorKind::kUnavailable, "broken"));
    if (due.empty()) return std::nullopt;
    return due.front();
  }
  Status run_due() override {
    const std::lock_guard lock(mutex);
    while (!due.empty() && due.front() <= clock_.mono()) {
      due.erase(due.begin());
      ++done;
    }
    return {};
  }
  const Clock& clock_;
  std::mutex mutex;
  std::vector<MonoTime> due;
  int done = 0;
  bool broken = false;
};

TEST_F(RunnerTest, DueSourcesRunWhenTheyAreDue) {
  Messages messages(clock_);
  messages.due = {clock_.mono() + seconds(10), clock_.mono() + seconds(20)};
  Task task = runner_.when_due("messages", messages);
  runner_.start();
  advance(seconds(10));
  EXPECT_EQ(messages.done, 1);
  {
    const std::lock_guard lock(messages.mutex);
    messages.due.insert(messages.due.begin(), clock_.mono() + seconds(1));
  }
  task.notify();
  advance(seconds(1));
  EXPECT_EQ(messages.done, 2);
  advance(minutes(1));
  EXPECT_EQ(messages.done, 3);
  EXPECT_EQ(runner_.next_due(), std::nullopt);
}

TEST_F(RunnerTest, ABrokenSourceIsAskedAgain) {
  Messages messages(clock_);
  messages.broken = true;
  const Task task = runner_.when_due("broken", messages);
  runner_.start();
  runner_.settle();
  EXPECT_EQ(runner_.next_due(), clock_.mono() + kBackgroundRetry);
  EXPECT_EQ(runner_.tasks().at(0).failures, 1u);
  {
    const std::lock_guard lock(messages.mutex);
    messages.broken = false;
  }
  advance(kBackgroundRetry);
  EXPECT_EQ(runner_.next_due(), std::nullopt);
}

TEST_F(RunnerTest, ASourceThatStaysBrokenIsAskedMoreAndMoreSeldom) {
  Messages messages(clock_);
  messages.broken = true;
  Task task = runner_.when_due("broken", messages);
  runner_.start();
  advance(hours(1));
  const TaskFacts facts = runner_.tasks().at(0);
  EXPECT_LE(facts.failures, 70u);
  EXPECT_LE(*facts.due, clock_.mono() + kBackgroundRetryMax);
  // Those who have something for it do not make it hot either.
  for (int i = 0; i < 100; ++i) {
    task.notify();
    runner_.settle();
  }
  EXPECT_EQ(runner_.tasks().at(0).failures, facts.failures);
  {
    const std::lock_guard lock(messages.mutex);
    messages.broken = false;
    messages.due = {clock_.mono()};
  }
  task.notify();
  advance(kBackgroundRetryMax);
  EXPECT_EQ(messages.done, 1);
  EXPECT_EQ(runner_.tasks().at(0).failures_in_row, 0u);
}

TEST_F(RunnerTest, NotifyRunsAPeriodicTaskNow) {
  std::atomic<int> runs = 0;
  Task task = runner_.every("daily", hours(24), [&]() -> Status {
    ++runs;
    return {};
  });
  runner_.start();
  task.notify();
  runner_.settle();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(runner_.next_due(), clock_.mono() + hours(24));
}

TEST_F(RunnerTest, TheEndOfATaskWaitsForItsRun) {
  std::latch begun(1);
  std::latch may_end(1);
  std::atomic<bool> ended = false;
  Task task = runner_.every("slow", minutes(1), [&]() -> Status {
    begun.count_down();
    may_end.wait();
    ended = true;
    return {};
  });
  runner_.start();
  task.notify();
  begun.wait();
  std::thread releasing([&] { may_end.count_down(); });
  task.reset();
  EXPECT_TRUE(ended);
  releasing.join();
  EXPECT_TRUE(runner_.tasks().empty());
}

TEST_F(RunnerTest, SlowTasksHoldUpThemselvesAlone) {
  constexpr std::ptrdiff_t kSlow = 5;  // more than there are threads at first
  std::latch begun(kSlow);
  std::latch may_end(1);
  std::vector<Task> slow;
  for (int i = 0; i < kSlow; ++i) {
    slow.push_back(runner_.every("slow", minutes(1), [&]() -> Status {
      begun.count_down();
      may_end.wait();
      return {};
    }));
  }
  std::latch done(1);
  Task quick = runner_.every("quick", minutes(1), [&]() -> Status {
    done.count_down();
    return {};
  });
  runner_.start();
  for (Task& task : slow) task.notify();
  begun.wait();
  quick.notify();
  done.wait();
  may_end.count_down();
}

TEST(RunnerOneThread, WhoIsAlwaysReadyWaitsBehindTheOthers) {
  ManualClock clock;
  Runner runner(clock, null_logger(), {.threads = 1, .threads_max = 1, .pace = Pace::kManual});
  std::string order;  // by the one thread
  Task eager;
  eager = runner.every("eager", minutes(1), [&]() -> Status {
    order += 'e';
    if (order.size() < 8) eager.notify();
    return {};
  });
  Task other = runner.every("other", minutes(1), [&]() -> Status {
    order += 'o';
    return {};
  });
  eager.notify();
  other.notify();
  runner.start();
  runner.settle();
  EXPECT_EQ(order.substr(0, 3), "eoe");
}

TEST_F(RunnerTest, SettlingWaitsForHoldsTakenBefore) {
  runner_.start();
  Hold first = runner_.hold();
  EXPECT_TRUE(first);
  std::atomic<bool> settled = false;
  std::thread settling([&] {
    runner_.settle();
    settled = true;
  });
  EXPECT_FALSE(settled);
  Hold moved = std::move(first);
  moved.reset();
  settling.join();
  EXPECT_EQ(runner_.holds_taken(), 1u);

  const Hold never = runner_.hold();
  std::thread stopped([&] { runner_.settle(); });
  runner_.end_settling();
  stopped.join();
}

TEST_F(RunnerTest, AHoldMayOutliveItsRunner) {
  auto runner =
      std::make_unique<Runner>(clock_, null_logger(), RunnerOptions{.pace = Pace::kManual});
  Hold hold = runner->hold();
  EXPECT_TRUE(hold);
  runner.reset();
  hold.reset();
  EXPECT_FALSE(hold);
}

TEST(RunnerRealTime, TakesNoHolds) {
  const SystemClock clock;
  Runner runner(clock, null_logger(), {});
  EXPECT_FALSE(runner.hold());
}

TEST_F(RunnerTest, OnlySourcesSayWhichInstantsMatter) {
  Messages messages(clock_);
  messages.due = {clock_.mono() + minutes(5)};
  const Task task = runner_.when_due("messages", messages);
  const Task sweep = runner_.every("sweep", minutes(1), []() -> Status { return {}; });
  runner_.start();
  runner_.settle();
  EXPECT_EQ(runner_.next_due(), clock_.mono() + minutes(1));
  EXPECT_EQ(runner_.next_source_due(), clock_.mono() + minutes(5));
}

TEST(RunnerRealTime, WaitsByTheClockAndStops) {
  const SystemClock clock;
  Runner runner(clock, null_logger(), {.threads = 1});
  std::latch twice(2);
  const Task task = runner.every("often", std::chrono::milliseconds(1), [&]() -> Status {
    if (!twice.try_wait()) twice.count_down();
    return {};
  });
  const Task never = runner.every("never", hours(1), []() -> Status { return {}; });
  runner.start();
  twice.wait();
  runner.stop();
  EXPECT_EQ(runner.tasks().at(1).runs, 0u);
}

// The machine's clock, set by hand.
class SetClock final : public Clock {
 public:
  WallTime wall() const override { return real_.wall() + by_.load(); }
  MonoTime mono() const override { return real_.mono(); }
  void set(Duration by) { by_ = by; }

 private:
  SystemClock real_;
  std::atomic<Duration> by_{Duration::zero()};
};

// Is due at an instant of the wall clock.
class Alarm final : public DueSource {
 public:
  Alarm(const Clock& clock, WallTime at) : clock_(clock), at_(at) {}
  Result<std::optional<MonoTime>> next_due() override {
    if (rang_) return std::nullopt;
    if (!asked.try_wait()) asked.count_down();
    return clock_.mono() + std::max(Duration::zero(), at_ - clock_.wall());
  }
  Status run_due() override {
    rang_ = true;
    rang.count_down();
    return {};
  }
  std::latch asked{1};
  std::latch rang{1};

 private:
  const Clock& clock_;
  WallTime at_;
  bool rang_ = false;
};

TEST(RunnerRealTime, AWallClockThatIsSetMovesWhatIsDueByIt) {
  SetClock clock;
  Alarm alarm(clock, clock.wall() + hours(1));
  Runner runner(clock, null_logger(), {.threads = 1, .look = std::chrono::milliseconds(5)});
  const Task task = runner.when_due("alarm", alarm);
  runner.start();
  alarm.asked.wait();
  EXPECT_FALSE(alarm.rang.try_wait());
  clock.set(hours(2));
  EXPECT_TRUE(lapwing::testing::eventually([&] { return alarm.rang.try_wait(); }));
}

}  // namespace
}  // namespace lapwing::background

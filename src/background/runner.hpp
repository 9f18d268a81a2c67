// Runner: the threads of background work, and its waiting, on the server's Clock.
//
//   background::Runner runner(clock, logger, {.threads = 2});
//   background::Task sweep = runner.every("logs.retention", std::chrono::minutes(1), [&] {
//     return expire_events(core);
//   });
//   background::Task retries = runner.when_due("delivery.retries", outbox);   // a DueSource
//   runner.start();
//   retries.notify();          // something was put there that may be due earlier
//
// A task runs on one thread at a time; different tasks run beside one another, those that have
// waited longest first. While every thread is at work, another one is begun, up to
// RunnerOptions::threads_max: a slow task holds up itself alone.
//
// An error or an exception out of a task is counted, and does not end it: it is tried again after
// kBackgroundRetry, twice as long after each further failure, up to its period, a due source up to
// kBackgroundRetryMax. notify() does not hurry it meanwhile. The first failure is logged, and the
// first success after it.
//
// Waiting is by the monotonic clock. A source whose instants are of the wall clock is asked again
// within RunnerOptions::look when the two have moved against each other: somebody has set the
// clock, or the machine has slept.
//
// What a task has set going elsewhere (an operation that waited and now answers, say) can keep a
// Hold, for which settle() waits, too.
//
// Thread-safety: every method from any thread; stop(), settle() and the end of a Task not from
// inside a task. settle() between start() and stop().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"

namespace lapwing::background {

// What failed is tried again after this.
inline constexpr Duration kBackgroundRetry = std::chrono::seconds(1);
inline constexpr Duration kBackgroundRetryMax = std::chrono::minutes(1);
// A wall clock that has moved so far against the monotonic one was set.
inline constexpr Duration kClockStep = std::chrono::milliseconds(100);

using lapwing::DueSource;

// For doctor and metrics.
struct TaskFacts {
  std::string name;
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  std::uint64_t failures_in_row = 0;  // of which the last run was the last
  std::string last_failure;
  Duration longest{};
  bool running = false;
  std::optional<MonoTime> due;  // none: waits to be notified
};

enum class Pace : std::uint8_t {
  kReal,    // the clock moves by itself
  kManual,  // it moves when told, and settle() is called then
};

struct RunnerOptions {
  std::size_t threads = 2;       // from start() on
  std::size_t threads_max = 16;  // as all of them are at work
  Pace pace = Pace::kReal;
  // The longest wait before the clocks are compared.
  Duration look = std::chrono::seconds(5);
};

class Runner;

// Keeps a task registered. Its end waits for a run under way; no run begins after it.
class [[nodiscard]] Task {
 public:
  Task() = default;
  Task(Task&& other) noexcept;
  Task& operator=(Task&& other) noexcept;
  ~Task() { reset(); }

  // A periodic task runs now, a due source is asked now; one that has failed when it is tried
  // again.
  void notify();
  void reset();

 private:
  friend class Runner;
  struct Entry;
  Task(Runner& runner, std::shared_ptr<Entry> entry);

  Runner* runner_ = nullptr;
  std::shared_ptr<Entry> entry_;
};

// Keeps settle() waiting until it is dropped. Empty ones keep nobody. May outlive the runner: what
// was posted to a loop and never ran goes with the loop.
class [[nodiscard]] Hold {
 public:
  Hold() = default;
  Hold(Hold&& other) noexcept : runner_(std::move(other.runner_)), ticket_(other.ticket_) {}
  Hold& operator=(Hold&& other) noexcept;
  ~Hold() { reset(); }
  void reset() noexcept;
  explicit operator bool() const { return runner_ != nullptr; }

 private:
  friend class Runner;
  // The runner, while it is there.
  struct Owner {
    std::mutex mutex;
    Runner* runner = nullptr;
  };
  Hold(std::shared_ptr<Owner> runner, std::uint64_t ticket)
      : runner_(std::move(runner)), ticket_(ticket) {}

  std::shared_ptr<Owner> runner_;
  std::uint64_t ticket_ = 0;
};

// Outlives its tasks.
class Runner {
 public:
  Runner(const Clock& clock, Logger& logger, const RunnerOptions& options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  using Step = UniqueFunction<Status()>;
  // The first time one period from now, then a period after each end. For upkeep of which it does
  // not matter how often it is done: where a clock is moved by many periods at once, it runs once.
  Task every(std::string name, Duration period, Step step);
  Task when_due(std::string name, DueSource& source);

  // Nothing runs before; what was registered is taken up.
  void start();
  // Runs under way are waited for; none begins afterwards.
  void stop();

  // Returns when nothing is due at the clock's present instant, nothing runs, and every hold is
  // dropped that was taken before.
  void settle();
  // The same for so long of real time at most, or until `stop`. Whether it has settled, or nobody
  // is to wait any longer.
  bool settle(Duration most, const std::stop_token& stop);
  // What settle() waits for: names of tasks, and how many holds.
  std::string at_work() const;
  // From here on settle() does not wait.
  void end_settling();
  // Empty where the clock moves by itself: nobody settles then.
  Hold hold();
  // How many there have been.
  std::uint64_t holds_taken() const;
  // The earliest instant that any task waits for.
  std::optional<MonoTime> next_due() const;
  // The same of due sources alone, whose instants matter one by one.
  std::optional<MonoTime> next_source_due() const;

  std::vector<TaskFacts> tasks() const;

 private:
  friend class Task;
  friend class Hold;
  using EntryPtr = std::shared_ptr<Task::Entry>;

  Task add(EntryPtr entry);
  void notify(Task::Entry& entry);
  void remove(const EntryPtr& entry);
  void work();
  // Under mutex_.
  EntryPtr pick(MonoTime now) const;
  bool busy(MonoTime now) const;
  static bool busy(const Task::Entry& entry, MonoTime now);
  bool held(std::uint64_t before) const { return !holds_.empty() && *holds_.begin() < before; }
  std::optional<MonoTime> earliest(bool sources_only) const;
  void begin_thread();
  void notice_step();
  // Without it.
  void run(Task::Entry& entry);
  void drop(std::uint64_t ticket) noexcept;
  void report(const Task::Entry& entry, const Status& done);

  const Clock& clock_;
  Logger& logger_;
  RunnerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // work came, or the runner stops
  std::condition_variable ended_;    // a run ended
  std::vector<EntryPtr> entries_;
  const std::shared_ptr<Hold::Owner> self_;
  std::set<std::uint64_t> holds_;
  std::uint64_t next_hold_ = 0;
  std::uint64_t runs_ = 0;   // of all tasks
  std::size_t at_work_ = 0;  // threads
  Duration wall_ahead_;      // of the monotonic clock, when the two were last compared
  bool stopping_ = false;
  bool settling_ = true;
  std::vector<std::thread> threads_;
};

}  // namespace lapwing::background

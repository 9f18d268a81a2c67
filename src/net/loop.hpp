// Loop: a single-threaded event loop over epoll. Everything that waits lives on one loop
// and is touched by that loop's thread only, so nothing here takes a lock but post().
//
// A loop must outlive everything that can post to it. At the end of run() every spawned
// task still alive is destroyed on the loop's thread, newest first.
//
// Time comes from the Clock. With a ManualClock, call wake() after advance(): the loop then
// looks at its timers again.
//
// Thread-safety: post(), stop(), wake(), running() and in_loop_thread() from any thread;
// everything else from the loop's thread, or before run().
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/pays_off.hpp"
#include "base/unique_function.hpp"
#include "net/task.hpp"
#include "net/timer.hpp"
#include "net/wait.hpp"
#include "os/unique_fd.hpp"

struct epoll_event;

namespace lapwing::net {

class IoWatch;
class TaskGroup;

class Loop {
 public:
  Loop(const Clock& clock, Logger& logger);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // How long the loop looks for events before it goes to sleep, where that pays off
  // (PaysOff). Zero (the default) never does; needs a clock that moves. Before run().
  void set_spin(Duration spin) { spin_ = spin; }

  // Runs until stop(). May be called again afterwards. Runs on the calling thread.
  void run();
  void stop();

  // Runs `fn` on the loop's thread, in order of posting. From the loop's own thread this
  // costs no system call; from elsewhere one only if the loop sleeps. An exception out of
  // `fn` is logged and counted.
  void post(UniqueFunction<void()> fn);
  // Makes the loop go round once.
  void wake();

  // Runs the task detached; the loop owns it. The first step runs from the loop, not inside
  // spawn(). An exception out of it is logged and counted.
  void spawn(Task<void> task);
  std::size_t spawned() const;

  bool in_loop_thread() const {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  // Whether a thread is inside run().
  bool running() const { return thread_.load(std::memory_order_relaxed) != std::thread::id(); }
  const Clock& clock() const { return *clock_; }
  MonoTime now() const { return clock_->mono(); }
  Logger& logger() const { return *logger_; }
  std::uint64_t uncaught_exceptions() const { return uncaught_exceptions_; }

  // co_await loop.sleep(5ms): resumes when the time has passed.
  class SleepAwaiter;
  SleepAwaiter sleep(Duration delay);
  SleepAwaiter sleep_until(MonoTime when);
  // co_await loop.yield(): resumes after the loop has looked at its descriptors and timers
  // and run what was ready.
  class YieldAwaiter;
  YieldAwaiter yield();

  // For awaitables: resumes node.handle from the loop, after what is ready already.
  void schedule(WaitNode& node) { ready_.push_back(node); }
  void log_uncaught(std::string_view where, std::exception_ptr error);

 private:
  friend class TimerNode;
  friend class IoWatch;
  struct Slot {
    IoWatch* watch = nullptr;
    std::uint32_t generation = 0;
  };

  void run_ready();
  void run_posted();
  void poll_events(bool may_sleep);
  int poll_timeout_ms();
  int spin(std::span<epoll_event> events);
  void dispatch(std::uint64_t token, std::uint32_t events);
  bool add_watch(IoWatch& watch, int fd);
  void watch_writable(IoWatch& watch, int fd);
  void remove_watch(IoWatch& watch, int fd);

  const Clock* clock_;
  Logger* logger_;
  Duration spin_{};
  PaysOff spinning_;
  os::UniqueFd epoll_;
  os::UniqueFd wakeup_;
  std::atomic<std::thread::id> thread_{};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> sleeping_{false};
  std::atomic<bool> has_posted_{false};

  WaitList ready_;
  WaitList yielded_;  // made ready after the next look at the descriptors
  TimerHeap timers_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<UniqueFunction<void()>> local_;    // posted from the loop's thread
  std::vector<UniqueFunction<void()>> running_;  // reused by run_posted()
  std::uint64_t uncaught_exceptions_ = 0;

  std::mutex posted_mutex_;
  std::vector<UniqueFunction<void()>> posted_;  // guarded by posted_mutex_

  std::unique_ptr<TaskGroup> tasks_;  // last: its tasks use everything above
};

class Loop::SleepAwaiter final : private TimerNode {
 public:
  SleepAwaiter(Loop& loop, MonoTime when) : TimerNode(loop), wake_at_(when) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    node_.handle = handle;
    arm_at(wake_at_);
  }
  void await_resume() const {}

 private:
  void on_timer() override { loop().schedule(node_); }
  MonoTime wake_at_;
  WaitNode node_;
};

class Loop::YieldAwaiter {
 public:
  explicit YieldAwaiter(Loop& loop) : loop_(loop) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    node_.handle = handle;
    loop_.yielded_.push_back(node_);
  }
  void await_resume() const {}

 private:
  Loop& loop_;
  WaitNode node_;
};

inline Loop::SleepAwaiter Loop::sleep(Duration delay) { return {*this, now() + delay}; }
inline Loop::SleepAwaiter Loop::sleep_until(MonoTime when) { return {*this, when}; }
inline Loop::YieldAwaiter Loop::yield() { return YieldAwaiter(*this); }

}  // namespace lapwing::net

// For tests: runs one task to its end on a loop of its own, on the calling thread.
//
//   TestLoop loop;
//   loop.run([](net::Loop& l) -> net::Task<void> { ... }(loop.get()));
//
// A test that hangs fails after kTestTimeout instead.
#pragma once

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/timer.hpp"

namespace lapwing::net::testing {

inline constexpr Duration kTestTimeout = std::chrono::seconds(30);

class TestLoop {
 public:
  TestLoop() : loop_(clock_, null_logger()) {}
  Loop& get() { return loop_; }

  // Exceptions out of the task come out of here.
  void run(Task<void> task) {
    bool hung = false;
    Timer watchdog(loop_, [&] {
      hung = true;
      loop_.stop();
    });
    watchdog.arm_after(kTestTimeout);
    std::exception_ptr error;
    loop_.spawn(drive(loop_, std::move(task), error));
    loop_.run();
    if (hung) throw std::runtime_error("the test hung");
    if (error) std::rethrow_exception(error);
  }

 private:
  static Task<void> drive(Loop& loop, Task<void> task, std::exception_ptr& error) {
    try {
      co_await std::move(task);
    } catch (...) {
      error = std::current_exception();
    }
    loop.stop();
  }
  SystemClock clock_;
  Loop loop_;
};

}  // namespace lapwing::net::testing

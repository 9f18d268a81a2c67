// Interrupt: ends what one coroutine of the same loop awaits. with_stop() (timeout.hpp) without
// threads: nothing is allocated, and who awaits holds a few words, as thousands may.
//
//   Result<Answer> answer = co_await interruptible(loop, gone, ask(...));
//   gone.raise(loop);                                   // from the loop, not from within ask()
//
// The task is then destroyed, so whatever it waited for is abandoned, and the answer is kCancelled.
// A task that finishes in the same turn of the loop wins. Raised once it stays so: what is awaited
// afterwards runs to its first wait.
//
// Thread-safety: the loop's thread.
#pragma once

#include <coroutine>
#include <utility>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/wait.hpp"

namespace lapwing::net {

class Interrupt {
 public:
  Interrupt() = default;
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise(Loop& loop) {
    raised_ = true;
    if (waiter_ != nullptr) loop.schedule(*waiter_);
  }
  bool raised() const { return raised_; }

 private:
  template <class T>
  friend class InterruptibleAwaiter;

  WaitNode* waiter_ = nullptr;
  bool raised_ = false;
};

// An awaitable that is no coroutine: its state is all that is held.
template <class T>
class [[nodiscard]] InterruptibleAwaiter {
 public:
  InterruptibleAwaiter(Loop& loop, Interrupt& by, Task<Result<T>> task)
      : loop_(loop), by_(by), task_(std::move(task)) {}
  InterruptibleAwaiter(const InterruptibleAwaiter&) = delete;
  InterruptibleAwaiter& operator=(const InterruptibleAwaiter&) = delete;
  ~InterruptibleAwaiter() { leave(); }

  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    node_.handle = parent;
    by_.waiter_ = &node_;
    if (by_.raised_) loop_.schedule(node_);
    task_.handle().promise().set_continuation(parent);
    return task_.handle();
  }
  Result<T> await_resume() {
    leave();
    node_.unlink();
    if (task_.done()) return task_.take();
    task_.reset();
    return fail(make_error(ErrorKind::kCancelled, "cancelled"));
  }

 private:
  void leave() {
    if (by_.waiter_ == &node_) by_.waiter_ = nullptr;
  }

  Loop& loop_;
  Interrupt& by_;
  Task<Result<T>> task_;
  WaitNode node_;
};

// To be awaited at once, by one at a time for each Interrupt: `co_await interruptible(...)`.
template <class T>
[[nodiscard]] InterruptibleAwaiter<T> interruptible(Loop& loop, Interrupt& by,
                                                    Task<Result<T>> task) {
  return InterruptibleAwaiter<T>(loop, by, std::move(task));
}

}  // namespace lapwing::net

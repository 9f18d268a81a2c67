// Giving up: with_timeout by time, with_stop by std::stop_token.
//
//   Result<Head> head = co_await with_timeout(loop, 5s, read_head(stream));
//
// When the time passes (the token is triggered) first, the task is destroyed, so whatever it
// waited for is abandoned, and the answer is kTimeout (kCancelled). A task that finishes in
// the same turn of the loop wins. The error says nothing about effects the task already had.
// A timeout of zero or less still lets the task run to its first wait.
//
// Thread-safety: the loop's thread; the stop_source may be used from any thread.
#pragma once

#include <coroutine>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/wait.hpp"

namespace lapwing::net {

namespace detail {

// Runs `task` until it is done or until interrupt(); resumes the parent in both cases.
template <class T>
class InterruptAwaiter {
 public:
  InterruptAwaiter(Loop& loop, Task<T>& task) : loop_(loop), task_(task) {}
  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    node_.handle = parent;
    task_.handle().promise().set_continuation(parent);
    return task_.handle();
  }
  void await_resume() { node_.unlink(); }
  // From the loop, never from within the task.
  void interrupt() {
    if (!task_.done()) loop_.schedule(node_);
  }

 private:
  Loop& loop_;
  Task<T>& task_;
  WaitNode node_;
};

}  // namespace detail

template <class T>
Task<Result<T>> with_deadline(Loop& loop, MonoTime deadline, Task<Result<T>> task) {
  detail::InterruptAwaiter<Result<T>> awaiter(loop, task);
  Timer timer(loop, [&awaiter] { awaiter.interrupt(); });
  timer.arm_at(deadline);
  co_await awaiter;
  if (task.done()) co_return task.take();
  task.reset();
  co_return fail(make_error(ErrorKind::kTimeout, "the deadline passed"));
}

template <class T>
Task<Result<T>> with_timeout(Loop& loop, Duration timeout, Task<Result<T>> task) {
  return with_deadline<T>(loop, loop.now() + timeout, std::move(task));
}

template <class T>
Task<Result<T>> with_stop(Loop& loop, std::stop_token token, Task<Result<T>> task) {
  using Awaiter = detail::InterruptAwaiter<Result<T>>;
  Awaiter awaiter(loop, task);
  // Shared with posted functions that may run after this frame has gone; `awaiter` in it is
  // read and cleared on the loop's thread only.
  struct Link {
    Awaiter* awaiter;
    ~Link() = default;
  };
  auto link = std::make_shared<Link>(Link{&awaiter});
  struct Unlink {
    Link& link;
    ~Unlink() { link.awaiter = nullptr; }
  } unlink{*link};
  std::stop_callback on_stop(std::move(token), [&loop, link] {
    loop.post([link] {
      if (link->awaiter != nullptr) link->awaiter->interrupt();
    });
  });
  co_await awaiter;
  if (task.done()) co_return task.take();
  task.reset();
  co_return fail(make_error(ErrorKind::kCancelled, "cancelled"));
}

}  // namespace lapwing::net

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

namespace detail {

// An awaitable that is no coroutine: where many wait, its state is all that each of them holds.
template <class T>
class StopAwaiter {
 public:
  StopAwaiter(Loop& loop, std::stop_token token, Task<Result<T>> task)
      : task_(std::move(task)),
        awaiter_(loop, task_),
        link_(std::make_shared<Link>(Link{&loop, &awaiter_})),
        on_stop_(std::move(token), Stop{link_}) {}
  StopAwaiter(const StopAwaiter&) = delete;
  StopAwaiter& operator=(const StopAwaiter&) = delete;
  ~StopAwaiter() { link_->awaiter = nullptr; }

  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    return awaiter_.await_suspend(parent);
  }
  Result<T> await_resume() {
    awaiter_.await_resume();
    if (task_.done()) return task_.take();
    task_.reset();
    return fail(make_error(ErrorKind::kCancelled, "cancelled"));
  }

 private:
  using Awaiter = InterruptAwaiter<Result<T>>;
  // Shared with posted functions that may run after this has gone; `awaiter` in it is read and
  // cleared on the loop's thread only.
  struct Link {
    Loop* const loop;
    Awaiter* awaiter;
  };
  struct Stop {
    std::shared_ptr<Link> link;
    void operator()() const {
      link->loop->post([link = link] {
        if (link->awaiter != nullptr) link->awaiter->interrupt();
      });
    }
  };

  Task<Result<T>> task_;
  Awaiter awaiter_;
  std::shared_ptr<Link> link_;
  std::stop_callback<Stop> on_stop_;
};

}  // namespace detail

// To be awaited at once: `co_await with_stop(...)`.
template <class T>
[[nodiscard]] detail::StopAwaiter<T> with_stop(Loop& loop, std::stop_token token,
                                               Task<Result<T>> task) {
  return detail::StopAwaiter<T>(loop, std::move(token), std::move(task));
}

}  // namespace lapwing::net

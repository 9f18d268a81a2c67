// Task<T>: a lazy coroutine with one owner.
//
// Nothing runs until the task is awaited (or handed to Loop::spawn / TaskGroup::spawn); it
// then runs on the awaiting loop. A Task is awaited once: `co_await std::move(task)`, or
// `co_await make_task()`. Exceptions come out of the co_await.
//
// Destroying a Task that has not finished destroys its frame and everything in it, children
// first; this is how work is cancelled. Every awaitable of net/ is safe to destroy while
// waited on. A task must not destroy itself while it runs: cancel from a callback, a timer
// or another task, never from inside.
//
// Parameters of a coroutine that are references must outlive it, and a lambda that is a
// coroutine must outlive it too (its captures live in the closure, not in the frame).
//
// Thread-safety: a task lives on one loop.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "net/frame_pool.hpp"

namespace lapwing::net {

template <class T = void>
class Task;

namespace detail {

class PromiseBase {
 public:
  // Where the coroutine's frame comes from.
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  void set_continuation(std::coroutine_handle<> next) noexcept { continuation_ = next; }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      return done.promise().continuation_;
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

 protected:
  void rethrow() {
    if (exception_) std::rethrow_exception(std::move(exception_));
  }

 private:
  std::coroutine_handle<> continuation_ = std::noop_coroutine();
  std::exception_ptr exception_;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U = T>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    rethrow();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() { rethrow(); }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { reset(); }

  bool valid() const { return static_cast<bool>(handle_); }
  bool done() const { return handle_ && handle_.done(); }
  // Cancels: destroys the frame.
  void reset() {
    if (Handle old = std::exchange(handle_, {})) old.destroy();
  }

  // For those who drive tasks by hand (TaskGroup, with_timeout).
  Handle handle() const { return handle_; }
  T take() { return handle_.promise().take(); }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle task;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) noexcept {
        task.promise().set_continuation(next);
        return task;
      }
      T await_resume() { return task.promise().take(); }
    };
    return Awaiter{handle_};
  }

 private:
  Handle handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace lapwing::net

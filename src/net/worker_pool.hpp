// WorkerPool: threads for what blocks or computes long (store transactions, unpacking,
// name resolution).
//
//   Result<Rows> rows = co_await pool.run(loop, [&] { return store.list(...); });
//
// `fn` runs on a worker and returns T, Result<T> or void; the answer is Result<T> (Status)
// on the calling loop. A full queue answers kUnavailable at once. When the awaiting task is
// destroyed, a job not yet started is dropped and one already running finishes with its
// result thrown away: so capture by value what must outlive the caller. An exception out of
// fn comes out of the co_await.
//
// Thread-safety: run() from any loop. The pool must outlive the loops that use it, or be
// stopped after them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "net/limits.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"

namespace lapwing::net {

namespace detail {
template <class T>
struct Flatten {
  using type = Result<T>;
};
template <class T>
struct Flatten<std::expected<T, Error>> {
  using type = std::expected<T, Error>;
};
template <class R>
struct JobOutcome {
  R result;
  std::exception_ptr exception;
};
}  // namespace detail

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads, std::size_t queue_max = kWorkerQueueMax);
  // stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  template <class F>
  auto run(Loop& loop, F fn) -> Task<typename detail::Flatten<std::invoke_result_t<F&>>::type> {
    using R = typename detail::Flatten<std::invoke_result_t<F&>>::type;
    using Outcome = detail::JobOutcome<R>;
    auto channel = one_shot<Outcome>(loop);
    auto job = [sender = std::move(channel.sender), work = std::move(fn)]() mutable {
      if (!sender.receiver_gone()) sender.send(call<R>(work));
    };
    if (!submit(std::move(job))) {
      co_return fail(make_error(ErrorKind::kUnavailable, "too much work is waiting"));
    }
    Result<Outcome> outcome = co_await channel.receiver;
    if (!outcome) co_return fail(std::move(outcome).error());
    if (outcome->exception) std::rethrow_exception(std::move(outcome->exception));
    co_return std::move(outcome->result);
  }

  // Fire and forget; false when the queue is full. An exception out of it ends the process.
  bool submit(UniqueFunction<void()> job);
  // Runs what is queued, then ends: afterwards no job is at work, and none is taken any more. Not
  // from a job.
  void stop();
  std::size_t queued() const;

 private:
  template <class R, class F>
  static detail::JobOutcome<R> call(F& fn) {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
        fn();
        return {R(), nullptr};
      } else {
        return {R(fn()), nullptr};
      }
    } catch (...) {
      return {R(std::unexpected(internal_error("worker"))), std::current_exception()};
    }
  }
  void work();

  std::size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UniqueFunction<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace lapwing::net

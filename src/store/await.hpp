// A transaction that a coroutine waits for, without a thread:
//
//   Result<Committed> done = co_await transact_on(loop, store, [...](Txn& txn) -> Status { ... });
//   Result<Enqueued> sent = co_await compute_on<Enqueued>(
//       loop, store, [request](Txn& txn) { return txn.enqueue(request); });
//
// It resumes on `loop`, which must outlive the store's writer. The body owns what it touches, and
// may run more than once: when the awaiting task is destroyed the transaction goes on, and its
// answer is thrown away.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "net/sync.hpp"
#include "net/task.hpp"
#include "store/store.hpp"

namespace lapwing::store {

inline net::Task<Result<Committed>> transact_on(net::Loop& loop, Store& store, TxnBody body,
                                                TransactOptions options = {}) {
  auto channel = net::one_shot<Result<Committed>>(loop);
  LAPWING_CO_CHECK(
      store.submit(std::move(body), std::move(options),
                   [sender = std::move(channel.sender)](Result<Committed> done) mutable {
                     sender.send(std::move(done));
                   }));
  Result<Result<Committed>> answer = co_await channel.receiver;
  if (!answer) co_return fail(std::move(answer).error());
  co_return *std::move(answer);
}

// The same with a value: `body` is called as Result<T>(Txn&), and T is answered once it is
// committed. Without an idempotency key: a replay has no value.
template <class T, class F>
net::Task<Result<T>> compute_on(net::Loop& loop, Store& store, F body,
                                MonoTime deadline = kNoDeadline) {
  auto value = std::make_shared<std::optional<T>>();
  TxnBody work = [value, body = std::move(body)](Txn& txn) mutable -> Status {
    Result<T> made = body(txn);
    if (!made) return fail(std::move(made).error());
    value->emplace(*std::move(made));
    return {};
  };
  Result<Committed> done =
      co_await transact_on(loop, store, std::move(work), {.deadline = deadline});
  if (!done) co_return fail(std::move(done).error());
  co_return *std::move(*value);
}

}  // namespace lapwing::store

#include "store/queue.hpp"

#include <utility>

namespace lapwing::store {

Result<Enqueued> Queue::enqueue(const EnqueueRequest& request, const TransactOptions& options) {
  EnqueueRequest keyed = request;
  // A retried enqueue and a deduplicated one are the same thing here.
  if (keyed.dedup_id.empty() && !options.idempotency_key.empty()) {
    keyed.dedup_id = "\x01" + options.idempotency_key;
  }
  Enqueued out;
  LAPWING_CHECK(store_->transact(
      [&](Txn& txn) -> Status {
        LAPWING_TRY(out, txn.enqueue(keyed));
        return {};
      },
      {.deadline = options.deadline}));
  return out;
}

Result<std::vector<Claimed>> Queue::claim(std::span<const std::string> queues, std::size_t max,
                                          Duration visibility) {
  LAPWING_TRY(
      ClaimResult claimed,
      claim({.queues = {queues.begin(), queues.end()}, .max = max, .visibility = visibility}));
  return std::move(claimed.messages);
}

Status Queue::extend(const Receipt& receipt, Duration visibility, Lateness lateness) {
  LAPWING_CHECK(
      store_->transact([&](Txn& txn) { return txn.extend(receipt, visibility, lateness); }));
  return {};
}

Status Queue::complete(const Receipt& receipt, Lateness lateness) {
  LAPWING_CHECK(store_->transact([&](Txn& txn) { return txn.complete(receipt, lateness); }));
  return {};
}

Status Queue::release(const Receipt& receipt, Duration delay) {
  LAPWING_CHECK(store_->transact([&](Txn& txn) { return txn.release(receipt, delay); }));
  return {};
}

Result<MessageId> Queue::move(const Receipt& receipt, std::string_view to_queue,
                              const MoveOptions& options) {
  MessageId id = 0;
  LAPWING_CHECK(store_->transact([&](Txn& txn) -> Status {
    LAPWING_TRY(id, txn.move(receipt, to_queue, options));
    return {};
  }));
  return id;
}

}  // namespace lapwing::store

// Queue: durable messages, at least once. A claimed message is invisible until its
// visibility ends; then it is handed out again with the next attempt number. Any number of
// queues exist without being created; an empty one costs nothing.
//
// A late receipt (the visibility ended and someone else claimed, or it was completed) is
// kConflict and changes nothing. A receipt whose visibility ended while nobody else claimed
// still works.
//
// Thread-safety: any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/queue_types.hpp"
#include "store/signal.hpp"
#include "store/store.hpp"

namespace lapwing::store {

class Queue {
 public:
  virtual ~Queue() = default;

  virtual Result<Enqueued> enqueue(const EnqueueRequest& request,
                                   const TransactOptions& options = {}) = 0;
  // At most `max` due messages of any of `queues`, longest due first. Empty when none is.
  virtual Result<std::vector<Claimed>> claim(std::span<const std::string> queues, std::size_t max,
                                             Duration visibility) = 0;
  // The visibility ends `visibility` from now.
  virtual Status extend(const Receipt& receipt, Duration visibility) = 0;
  virtual Status complete(const Receipt& receipt) = 0;
  // Gives it back, due after `delay`. The attempt stays counted.
  virtual Status release(const Receipt& receipt, Duration delay = Duration::zero()) = 0;
  // To another queue (a dead-letter queue), due at once, attempts from 0, age kept. Answers
  // the new id.
  virtual Result<MessageId> move(const Receipt& receipt, std::string_view to_queue) = 0;
  // Removes every message of the queue, claimed ones included; answers how many.
  virtual Result<std::uint64_t> purge(std::string_view queue) = 0;
  virtual Result<QueueStats> stats(std::string_view queue) = 0;
  // How long until a message of `queues` is due (zero: now); none when there is none.
  virtual Result<std::optional<Duration>> next_due(std::span<const std::string> queues) = 0;
  // Called after commits that enqueued, released or moved: look at next_due().
  virtual Subscription subscribe(Listener& listener) = 0;
};

}  // namespace lapwing::store

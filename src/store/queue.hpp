// Queue: durable messages, at least once. A claimed message is invisible until its
// visibility ends; then it is handed out again with the next attempt number. Any number of
// queues exist without being created; an empty one costs nothing.
//
// A receipt is refused (kConflict, nothing changes) when it was superseded: the message was
// claimed again, released, completed or moved. One that is merely late still works, but for
// Lateness::kStrict. peek() tells the cases apart.
//
// Everything that changes a queue is also a method of Txn (store.hpp), so that a batch, or a
// batch and records, is one transaction; with Store::submit() no thread waits for it.
//
// Waking: subscribe(queue, listener) is called when a message of that queue may have become
// claimable, by a commit (enqueued, released, moved there, its group went on) or by time
// (a delay or a visibility ended). Time needs somebody who drives Space::due(): register it with
// background::Runner::when_due, and call its Task::notify() from watch_due(). A claim looks at the
// clock itself, whether or not anybody drives.
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

  // Longest due first; queues without a due message are left out. Costs no commit where
  // nothing is due.
  virtual Result<ClaimResult> claim(const ClaimRequest& request) = 0;
  virtual Result<QueueStats> stats(std::string_view queue) = 0;
  // Looks at every message: not on the way of a request.
  virtual Result<QueueSize> size(std::string_view queue) = 0;
  // How long until a message of `queues` may be claimable (zero: now); none when there is none.
  // Where groups are ordered, it may say so early.
  virtual Result<std::optional<Duration>> next_due(std::span<const std::string> queues) = 0;
  // Removes every message of the queue, claimed ones included, in steps of kQueueRemovalStep;
  // answers how many. What is enqueued meanwhile stays.
  virtual Result<std::uint64_t> purge(std::string_view queue) = 0;
  // Removes up to kQueueRemovalStep messages that were enqueued longer than `age` ago and are
  // not claimed; answers how many. Fewer than the step: no more are there.
  virtual Result<std::uint64_t> expire(std::string_view queue, Duration age) = 0;
  virtual Result<Peeked> peek(const Receipt& receipt) = 0;
  // Names of queues that have messages and begin with `prefix`: by name, after `after`, at most
  // `limit` (1..kMaxScanLimit).
  virtual Result<std::vector<std::string>> names(std::string_view prefix, std::string_view after,
                                                 std::size_t limit = kMaxScanLimit) = 0;
  // Every claimed message of the queue is visible from now on, its attempt counted; answers how
  // many. For those who are a queue's only consumer and come back after a crash.
  virtual Result<std::uint64_t> give_back(std::string_view queue) = 0;

  // Raised for this queue only.
  virtual Subscription subscribe(std::string_view queue, Listener& listener) = 0;
  // Raised after commits that changed any queue.
  virtual Subscription subscribe(Listener& listener) = 0;
  // Raised when Space::due() may have something earlier to do.
  virtual Subscription watch_due(Listener& listener) = 0;

  // Transactions of one change; the words are Txn's.
  Result<Enqueued> enqueue(const EnqueueRequest& request, const TransactOptions& options = {});
  Result<std::vector<Claimed>> claim(std::span<const std::string> queues, std::size_t max,
                                     Duration visibility);
  Status extend(const Receipt& receipt, Duration visibility,
                Lateness lateness = Lateness::kAllowed);
  Status complete(const Receipt& receipt, Lateness lateness = Lateness::kAllowed);
  Status release(const Receipt& receipt, Duration delay = Duration::zero());
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue,
                         const MoveOptions& options = {});

 protected:
  explicit Queue(Store& store) : store_(&store) {}

 private:
  Store* store_;
};

}  // namespace lapwing::store

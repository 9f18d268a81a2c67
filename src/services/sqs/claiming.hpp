// One look at a queue's messages, in one transaction: what was received too often goes to the
// dead-letter queue, what is left is handed out.
//
// Thread-safety: pure functions of a transaction.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "services/sqs/queue.hpp"
#include "services/sqs/receipt_handle.hpp"
#include "store/store.hpp"

namespace lapwing::sqs {

struct Ask {
  QueuePtr queue;
  QueuePtr dead_letters;  // nullptr: none, or it is gone, and messages stay where they are
  std::size_t max = 1;
  Duration visibility{};
  // What the same ReceiveRequestAttemptId was given.
  std::vector<Handle> again = {};
};

struct Received {
  std::vector<store::Claimed> messages;
  bool again = false;   // messages are those of Ask::again
  bool buried = false;  // some went to the dead-letter queue
  bool full = false;    // so many are in flight that no more are handed out
};

Result<Received> claim(store::Txn& txn, const Ask& ask);

}  // namespace lapwing::sqs

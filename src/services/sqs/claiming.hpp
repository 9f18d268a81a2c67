// One look at a queue's messages, in one transaction: what was received too often goes to the
// dead-letter queue, what is left is handed out.
//
// Thread-safety: pure functions of a transaction.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/allowance.hpp"
#include "base/result.hpp"
#include "delivery/dead_events.hpp"
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
  std::uint64_t bytes_max = UINT64_MAX;  // of payloads; the last may be beyond
  // Messages are taken as far as their answer may be made; null: any.
  std::shared_ptr<aws::Allowance> allowance = nullptr;
  // Where it is kept what went to the dead-letter queue; null: nowhere.
  const delivery::DeadEvents* dead = nullptr;
  std::int64_t now_ms = 0;
};

// What went to the dead-letter queue.
struct Buried {
  std::string id = {};
  std::string trace = {};
  std::uint32_t receives = 0;
  store::MessageId number = 0;  // in the dead-letter queue
};

struct Received {
  std::vector<store::Claimed> messages;
  bool again = false;  // messages are those of Ask::again
  std::vector<Buried> buried;
  bool full = false;    // so many are in flight that no more are handed out
  bool unread = false;  // none is handed out while so many answers wait to be read
};

Result<Received> claim(store::Txn& txn, const Ask& ask);

}  // namespace lapwing::sqs

// Queues as a source of events: what event source mappings (and pipes) take messages from, and
// remove them from once they are done. Implemented by services/sqs, used by mappings/.
//
// Everything is done as an execution role, as far as roles are asked. What is received is invisible
// until its visibility ends: what is not removed comes back by itself, its receive counted.
//
// Errors: kNotFound for a queue that is not there, kDenied for a role that may not; those of the
// store. Their code and message are what the queue's service answers.
//
// Thread-safety: any thread; tasks stay on the loop they are given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "store/queue_types.hpp"
#include "store/signal.hpp"

namespace lapwing::ports {

// Which queue, and who asks.
struct QueueName {
  std::string arn;
  std::string role_arn;
};

struct QueueFacts {
  bool fifo = false;
  Duration visibility{};
};

struct QueueRecord {
  store::Receipt receipt;
  std::string id;  // "messageId"
  // As one of the event's "Records": JSON.
  std::string record;
  // The same with a body that is JSON as JSON, which filters look at; only where asked for.
  std::string filterable = {};
  std::string trace = {};  // X-Amzn-Trace-Id that it was sent with, or empty
};

struct QueueAsk {
  // So many times up to so many messages. Of a FIFO queue no two of them hold messages of one
  // group.
  std::size_t batches = 1;
  std::size_t batch_size = 1;  // the product is at most store::kMaxClaim
  // What the queue's visibility must cover; where it does not, messages are invisible for this and
  // the margin.
  Duration needed{};
  Duration margin{};
  std::uint64_t bytes_max = UINT64_MAX;        // of payloads; the last may be beyond
  std::uint64_t batch_bytes_max = UINT64_MAX;  // the same of each batch of a FIFO queue
  bool filterable = false;
};

struct QueueTaken {
  // Of a FIFO queue as many as `batches`; of a standard one a single list. None is empty.
  std::vector<std::vector<QueueRecord>> lists;
  Duration visibility{};  // how long they are invisible
  bool all = false;       // as many as were asked for: there may be more
};

// Keeps a listener told: a message may have become receivable, or the queue was made, changed or
// deleted. Its end waits for a call under way.
class QueueWatch {
 public:
  virtual ~QueueWatch() = default;
};

class QueueSource {
 public:
  virtual ~QueueSource() = default;
  virtual Result<QueueFacts> describe(const QueueName& queue) const = 0;
  virtual net::Task<Result<QueueTaken>> receive(net::Loop& loop, QueueName queue, QueueAsk ask) = 0;
  // One transaction. What somebody else has by now is left to them.
  virtual net::Task<Status> remove(net::Loop& loop, QueueName queue,
                                   std::vector<store::Receipt> receipts) = 0;
  // Invisible for so long from now on; what is no longer held is left out.
  virtual net::Task<Status> extend(net::Loop& loop, QueueName queue,
                                   std::vector<store::Receipt> receipts, Duration visibility) = 0;
  // Also of a queue that is not there. The listener is called on the store's thread and others.
  virtual std::unique_ptr<QueueWatch> watch(const std::string& arn, store::Listener& listener) = 0;
};

}  // namespace lapwing::ports

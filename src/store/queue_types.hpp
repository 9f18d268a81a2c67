// Values of the Queue (queue.hpp), apart so that Txn can name them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace lapwing::store {

using MessageId = std::uint64_t;

struct EnqueueRequest {
  std::string queue;
  std::string payload;
  // From now, by the engine's clock; a step of the wall clock neither hastens nor delays it.
  Duration delay = Duration::zero();
  // Messages of one group are handed out in order, and while any is claimed no other is.
  std::string group = {};
  // A second enqueue with the same id to the same queue within kDedupWindow does nothing.
  std::string dedup_id = {};
};

struct Enqueued {
  MessageId id = 0;
  bool duplicate = false;  // `id` is the first one's
};

// Names one claim of one message. A later claim makes it late.
struct Receipt {
  MessageId id = 0;
  std::uint64_t claim = 0;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct Claimed {
  Receipt receipt;
  std::string queue;
  std::string payload;
  std::string group;
  std::uint32_t attempt = 1;        // durable before the payload is handed out
  Duration age = Duration::zero();  // since it was enqueued
  Duration since_first_claim = Duration::zero();
};

struct QueueStats {
  std::uint64_t visible = 0;
  std::uint64_t delayed = 0;           // not yet due, never claimed or released with a delay
  std::uint64_t in_flight = 0;         // claimed
  std::optional<Duration> oldest_age;  // of any message
};

}  // namespace lapwing::store

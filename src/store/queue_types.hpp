// Values of the Queue (queue.hpp), apart so that Txn can name them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace lapwing::store {

// Grows with every enqueue of a space, never used again.
using MessageId = std::uint64_t;

// What a group's messages mean to one another.
enum class Grouping : std::uint8_t {
  // Handed out in the order of enqueueing: a claim may take the longest run from the group's
  // first message on that is all visible; one that is claimed or delayed holds back what stands
  // behind it.
  kOrdered,
  // Neither order nor holding back: of the groups that have messages, the one with the fewest
  // claimed is served first, then the one served longest ago.
  kFair,
};

struct EnqueueRequest {
  std::string queue;
  std::string payload;
  // From now, by the engine's clock; a step of the wall clock neither hastens nor delays it.
  Duration delay = Duration::zero();
  std::string group = {};  // empty: a message by itself
  // A second enqueue with the same id to the same queue within kDedupWindow does nothing. The
  // scope within the queue (a group, say) is for the caller to write into the id.
  std::string dedup_id = {};
  Grouping grouping = Grouping::kOrdered;
  // Kept with the deduplication id and answered to those who send it again.
  std::string dedup_note = {};
};

struct Enqueued {
  MessageId id = 0;
  bool duplicate = false;  // `id` and `dedup_note` are the first one's
  std::string dedup_note = {};
};

// Names one claim of one message. Superseded by a later claim, release, completion or move.
struct Receipt {
  MessageId id = 0;
  std::uint64_t claim = 0;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// Whether a receipt counts after the visibility it was given has ended.
enum class Lateness : std::uint8_t {
  kAllowed,  // refused only when superseded
  kStrict,   // refused when the visibility has ended, too
};

struct ClaimRequest {
  std::vector<std::string> queues;
  std::size_t max = 1;  // 1..kMaxClaim
  Duration visibility = Duration::zero();
  // Each queue may have so many claimed and not yet visible again; 0: any number.
  std::uint64_t in_flight_max = 0;
  // What was enqueued longer ago than this is not handed out; zero: no age.
  Duration age_max = Duration::zero();
  // Once payloads of so many bytes are claimed, no further message is: one is always taken, and the
  // last may be beyond.
  std::uint64_t bytes_max = UINT64_MAX;
};

struct Claimed {
  Receipt receipt;
  std::string queue;
  std::string payload;
  std::string group;
  std::uint32_t attempt = 1;        // in this queue; durable before the payload is handed out
  Duration age = Duration::zero();  // since it was enqueued
  Duration since_first_claim = Duration::zero();
  std::uint32_t attempts_in_all = 1;  // moves between queues included
  std::int64_t enqueued_ms = 0;       // wall time, since the epoch
  std::int64_t first_claim_ms = 0;    // the same
};

struct ClaimResult {
  std::vector<Claimed> messages;
  // How many more each claim of these queues may take: of the queue with the least left; none
  // without in_flight_max.
  std::optional<std::uint64_t> in_flight_left;
};

enum class ReceiptState : std::uint8_t {
  kGone,        // completed, moved, purged, or never there
  kSuperseded,  // claimed again, or released
  kLapsed,      // its visibility has ended; nobody else has claimed it
  kHeld,
};

struct Peeked {
  ReceiptState state = ReceiptState::kGone;
  Claimed message = {};  // unless kGone: as it stands now; payload only where asked for
};

struct MoveOptions {
  // Instead of the payload it has.
  std::optional<std::string> payload = std::nullopt;
  Duration delay = Duration::zero();
  // In the new queue; the group is kept.
  Grouping grouping = Grouping::kOrdered;
  // As if enqueued now: time, attempts and first claim begin again.
  bool as_new = false;
  // The claim that found it was not for handing it out: attempts_in_all goes back by one.
  bool uncount_claim = false;
};

struct QueueSize {
  std::uint64_t messages = 0;
  std::uint64_t payload_bytes = 0;
};

struct QueueStats {
  std::uint64_t visible = 0;
  std::uint64_t delayed = 0;           // not yet due, never claimed or released with a delay
  std::uint64_t in_flight = 0;         // claimed
  std::optional<Duration> oldest_age;  // of any message
};

}  // namespace lapwing::store

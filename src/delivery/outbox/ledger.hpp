// The outbox's transactions: what became of what was claimed, what goes into lanes, and the next
// claim, all in one.
//
// Thread-safety: the outbox's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "delivery/outbox/core.hpp"
#include "net/task.hpp"
#include "store/queue_types.hpp"
#include "store/store.hpp"

namespace lapwing::delivery {

class Lane;

// What becomes of one claimed message.
struct Settlement {
  enum class Kind : std::uint8_t { kComplete, kRelease, kMove };
  store::MessageId id = 0;
  Kind kind = Kind::kComplete;
  Duration delay = Duration::zero();     // kRelease
  std::string to = {};                   // kMove: the queue
  std::string payload = {};              // kMove
  std::shared_ptr<Lane> lane = nullptr;  // kMove: that of the queue

  store::Receipt receipt = {};  // by commit()
  bool left = false;            // out: it is in its queue no more
  // Out, by the store's thread: nobody here has it any more. Atomic (atomic_ref), as the loop looks
  // at it before it hears of the commit.
  bool settled = false;
};

// What goes into a lane.
struct Write {
  std::shared_ptr<Lane> lane;
  store::EnqueueRequest request;
  bool refused = false;  // out: the store will never take it
  bool there = false;    // out: it was in its lane before, by a run that a crash has cut
};

// Shared with the store's thread while it is committed.
struct Plan {
  std::vector<Settlement> settlements;
  std::vector<Write> writes;
  std::vector<DeadEvent> dead;  // what has died, to be told of
  std::size_t dead_bytes = 0;   // of it
  std::size_t write_bytes = 0;
  // Afterwards: how many messages, of which queue. With `singly` each claim takes one, so that an
  // ordered group gives its first alone.
  std::optional<store::ClaimRequest> claim;
  bool singly = false;

  bool unsure = false;                  // it may be committed already
  std::vector<store::Claimed> claimed;  // out
};

class Ledger {
 public:
  explicit Ledger(Core& core) : core_(core) {}

  // Until the store has taken it; false, and nothing known, where the outbox is drained first.
  // `hold` is dropped while it waits for the store to recover.
  net::Task<bool> commit(std::shared_ptr<Plan> plan, HoldPtr& hold);
  // Leaves those that nobody here works on yet: a claim that took too long is one with the next.
  void adopt(std::vector<store::Claimed>& claimed);
  // What was claimed so is given up without a commit.
  void forget(const store::Receipt& claimed);

 private:
  struct UnderWay {
    store::Receipt first;    // by which it was taken up
    store::Receipt receipt;  // the newest
    // Its end, once that was given to the store: what is claimed after it is claimed again, though
    // its end has not been heard of.
    Settlement* end = nullptr;
  };

  Core& core_;
  std::unordered_map<store::MessageId, UnderWay> under_way_;
};

}  // namespace lapwing::delivery

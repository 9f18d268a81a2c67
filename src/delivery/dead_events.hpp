// Events that ended without success, as they are told of afterwards and sent again: what they are,
// from where to where, why and when. Kept in the transaction that ends them, in their sender's
// space; beyond limits.hpp the oldest go.
//
//   DeadEvents dead(space, "delivery.dead");
//   LAPWING_CHECK(dead.add(txn, {event}));   dead.added();
//
// Thread-safety: any thread; reading blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "resources/bounded_log.hpp"

namespace lapwing::delivery {

struct DeadEvent {
  std::uint64_t number = 0;  // rising; written by the log
  std::int64_t died_ms = 0;  // since the epoch, by the server's clock
  std::string id = {};       // as its sender names it
  std::string trace = {};
  AccountId account = {};
  std::string at = {};            // whose event it was: an ARN
  std::string to = {};            // where it should have gone
  std::string dead_letters = {};  // the queue that it goes to instead; empty: none
  std::string reason = {};
  std::uint32_t attempts = 0;
  // What its owner sends again; empty: that is kept nowhere.
  std::string work = {};
};

class DeadEvents {
 public:
  DeadEvents(store::Space& space, std::string stream);

  Status add(store::Txn& txn, const std::vector<DeadEvent>& events) const;
  void added() { log_.added(); }

  struct Page {
    std::vector<DeadEvent> events;  // newest first
    bool more = false;
  };
  // Those with smaller numbers than `before` (0: all).
  Result<Page> newest(std::uint64_t before, std::size_t max) const;
  // Of the event of this id, the last for each target, newest first.
  Result<std::vector<DeadEvent>> find(std::string_view id) const;

  void begin(background::Runner& background, const Clock& clock) { log_.begin(background, clock); }
  void stop() { log_.stop(); }

 private:
  resources::BoundedLog log_;
};

}  // namespace lapwing::delivery

// What the journal is told of messages, and what is kept of those that went to their dead-letter
// queue by themselves.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "delivery/dead_events.hpp"
#include "journal/journal.hpp"
#include "services/sqs/claiming.hpp"
#include "services/sqs/queue.hpp"

namespace lapwing::sqs {

class Telling {
 public:
  // `journal` may be null.
  Telling(store::Space& space, journal::Journal* journal)
      : dead_(space, "sqs.dead"), journal_(journal) {}

  void sent(const Queue& queue, std::string_view id, std::string_view trace) const;
  // After the commit of a claim.
  void buried(const Ask& ask, const std::vector<Buried>& messages);
  // Moved from its dead-letter queue back to one that it came from, or another.
  void moved_back(const Queue& from, const Queue& to, const Buried& message,
                  std::string_view new_id) const;

  delivery::DeadEvents& dead() { return dead_; }

 private:
  delivery::DeadEvents dead_;
  journal::Journal* const journal_;
};

// In the transaction that moves it.
delivery::DeadEvent dead_event(const Ask& ask, const Buried& message, std::int64_t now_ms);

}  // namespace lapwing::sqs

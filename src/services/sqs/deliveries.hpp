// Queues as destinations of other services' parcels: topics, rules, schedules, functions.
//
// A service that acts for itself is let by the queue's policy, and a role by its own. All parcels
// handed over together are one transaction. A parcel comes once: its id is remembered for five
// minutes, in a FIFO queue together with its deduplication id.
//
// Thread-safety: as ports::Destination.
#pragma once

#include <vector>

#include "ports/destination.hpp"

namespace lapwing::sqs {

struct Core;

class Deliveries final : public ports::Destination {
 public:
  // Outlives it; parcels come from its start on.
  explicit Deliveries(Core& core) : core_(core) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;

 private:
  Core& core_;
};

}  // namespace lapwing::sqs

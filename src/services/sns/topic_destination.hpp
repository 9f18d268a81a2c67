// Topics as what others send events to: functions' dead letters and destinations, rules, buckets.
//
// All of a call are one transaction, or a few; a parcel that comes again within five minutes is
// taken once.
//
// A service that acts for itself is let by the topic's policy, and a role by its own.
//
// Thread-safety: as ports::Destination.
#pragma once

#include <vector>

#include "ports/destination.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

class TopicDestination final : public ports::Destination {
 public:
  explicit TopicDestination(Core& core) : core_(core) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;

 private:
  Core& core_;
};

}  // namespace lapwing::sns

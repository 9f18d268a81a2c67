// Buses as destinations: of other buses' rules, of functions, schedules and services.
//
// A parcel that says what it is (source and detail type) is the detail of a new event; one that
// does not is an event already, which keeps its id within its region. Who sends from the bus's
// account is let; others by the bus's policy. All parcels handed over together are one transaction.
//
// Thread-safety: as ports::Destination.
#pragma once

#include <vector>

#include "ports/destination.hpp"

namespace lapwing::events {

struct Core;

class BusDeliveries final : public ports::Destination {
 public:
  // Outlives it; parcels come from its start on.
  explicit BusDeliveries(Core& core) : core_(core) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;

 private:
  Core& core_;
};

// API destinations, in front of the service's own parts, which are there from its start on.
class ApiDeliveries final : public ports::Destination {
 public:
  explicit ApiDeliveries(Core& core) : core_(core) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;
  bool quick() const override { return false; }

 private:
  Core& core_;
};

}  // namespace lapwing::events

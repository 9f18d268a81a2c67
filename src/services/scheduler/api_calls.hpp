// Universal targets as a destination: calls the operation that a parcel's target names, as the
// schedule's role, and waits for its answer.
//
// Nobody but this service's outbox reaches it.
//
// Thread-safety: as ports::Destination.
#pragma once

#include <vector>

#include "hosting/ports.hpp"
#include "ports/destination.hpp"

namespace lapwing::scheduler {

class ApiCalls final : public ports::Destination {
 public:
  explicit ApiCalls(const hosting::Ports& ports) : ports_(ports) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;
  // An operation may wait for others.
  bool quick() const override { return false; }

 private:
  net::Task<ports::Delivered> call(net::Loop& loop, const ports::Parcel& parcel);

  const hosting::Ports& ports_;
};

}  // namespace lapwing::scheduler

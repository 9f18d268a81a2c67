// Log groups as destinations of other services' events: each becomes a log event in the group's
// stream of the day, "events/2023/11/14". The group has to be there.
//
// Stream and time may be the sender's (pipes). Where they are not, a body {"timestamp": MS,
// "message": TEXT}, as a rule's input transformer may make it, says time and message; any other one
// is the message. A service may write where a resource policy lets it (resource_policies.hpp).
//
// Thread-safety: as ports::Destination.
#pragma once

#include <vector>

#include "net/worker_pool.hpp"
#include "ports/destination.hpp"

namespace lapwing::logs {

struct Core;

class Deliveries final : public ports::Destination {
 public:
  // Writes on `workers`; both outlive it.
  Deliveries(Core& core, net::WorkerPool& workers) : core_(core), workers_(workers) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;

 private:
  Core& core_;
  net::WorkerPool& workers_;
};

}  // namespace lapwing::logs

// Log groups as destinations of other services' events: each becomes a log event in the group's
// stream of the day, "events/2023/11/14". The group has to be there.
//
// Stream and time may be the sender's (pipes). Where they are not, a body {"timestamp": MS,
// "message": TEXT}, as a rule's input transformer may make it, says time and message; any other one
// is the message. A service may write where a resource policy lets it (resource_policies.hpp).
//
// What comes together is written together. A parcel is taken once for kTakenOnceFor, as long as the
// server runs: one that is still being written when its sender has given up on it is not doubled.
//
// Thread-safety: as ports::Destination; TakenIds any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "net/worker_pool.hpp"
#include "ports/destination.hpp"

namespace lapwing::logs {

struct Core;

// Parcels that were taken lately, and those under way.
class TakenIds {
 public:
  enum class Was : std::uint8_t { kNew, kUnderWay, kTaken };
  // One that is new is under way until its end().
  Was begin(const ports::Parcel& parcel, MonoTime now);
  void end(const ports::Parcel& parcel, bool written, MonoTime now);

 private:
  static std::string key(const ports::Parcel& parcel);

  std::mutex mutex_;
  std::map<std::string, Was> states_;
  std::deque<std::pair<MonoTime, std::string>> in_turn_;  // the taken ones
};

class Deliveries final : public ports::Destination {
 public:
  // Writes on `workers`; both outlive it.
  Deliveries(Core& core, net::WorkerPool& workers) : core_(core), workers_(workers) {}

  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop& loop, const std::vector<ports::Parcel>& parcels) override;

 private:
  Core& core_;
  net::WorkerPool& workers_;
  TakenIds taken_;
};

}  // namespace lapwing::logs

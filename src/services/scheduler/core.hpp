// What the operations work on.
#pragma once

#include <memory>

#include "aws/call.hpp"
#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "delivery/outbox.hpp"
#include "hosting/ports.hpp"
#include "hosting/space_waker.hpp"
#include "ports/destination.hpp"
#include "schedule/zones.hpp"
#include "services/scheduler/api_calls.hpp"
#include "services/scheduler/clockwork.hpp"
#include "services/scheduler/group_removal.hpp"
#include "services/scheduler/outgoing.hpp"
#include "store/engine.hpp"

namespace lapwing::scheduler {

// Made when the service starts: operations come only afterwards.
struct Parts {
  Parts(store::Space& of, const hosting::Ports& ports) : space(of), calls(ports), removal(of) {}

  store::Space& space;
  ApiCalls calls;
  ports::Destinations destinations;  // what siblings publish, and `calls`
  Outgoing outgoing;
  std::unique_ptr<hosting::SpaceWaker> waker;
  std::unique_ptr<delivery::Outbox> outbox;
  std::unique_ptr<Clockwork> clockwork;
  GroupRemoval removal;
  background::Task due_task;
  background::Task removal_task;
};

struct Core {
  const Clock& clock;
  Random& random;
  const hosting::Ports& ports;
  schedule::Zones zones{};
  std::unique_ptr<Parts> parts{};
  std::int64_t began_ms = 0;  // when this store was first used: the default groups' date

  store::Store& store() { return parts->space.store(); }
  std::int64_t now_ms() const { return unix_ms(clock.wall()); }
};

}  // namespace lapwing::scheduler

// What the operations work on.
#pragma once

#include "aws/call.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "hosting/ports.hpp"
#include "services/pipes/works.hpp"
#include "store/store.hpp"

namespace lapwing::pipes {

struct Core {
  const Clock& clock;
  Random& random;
  const hosting::Ports& ports;
  store::Store& store;
  Works& works;

  std::int64_t now_ms() const { return unix_ms(clock.wall()); }
};

}  // namespace lapwing::pipes

// What the operations use.
#pragma once

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "hosting/ports.hpp"
#include "ports/roles.hpp"

namespace lapwing::sts {

struct Core {
  const hosting::Ports& ports;  // sessions and roles: there from the start on
  // Clients compare the end of a session with their own clock, as authentication does: this is the
  // real one, though the services' may stand still.
  const Clock& real_clock;

  const aws::SessionMint& sessions() const { return *ports.sessions; }
  ports::Roles& roles() const { return *ports.roles; }
};

}  // namespace lapwing::sts

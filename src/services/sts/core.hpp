// What the operations use.
#pragma once

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "ports/roles.hpp"

namespace lapwing::sts {

struct Options {
  const aws::SessionMint& mint;
  ports::Roles& roles;
  bool known_roles_only = false;  // refuse to assume others, as AWS does
};

struct Core {
  Options options;
  // Clients compare the end of a session with their own clock, as authentication does: this is the
  // real one, though the services' may stand still.
  const Clock& real_clock;
};

}  // namespace lapwing::sts

// The descriptors between the server and one runtime process: its output, its framed log
// records, its Runtime API connection, and, for one started ahead, what tells it what to be.
//
// Thread-safety: plain values.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "os/unique_fd.hpp"
#include "runtime/language/catalogue.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing::runtime {

struct LaunchEnds {
  // Ours.
  os::UniqueFd output;
  os::UniqueFd telemetry;   // invalid for provided.*
  os::UniqueFd runtime;     // likewise; a socket, or what answers come out of ...
  os::UniqueFd to_runtime;  // ... and the pipe that events go into
  os::UniqueFd configure;   // only for a process started ahead
  // The process's.
  std::vector<sandbox::InheritedFd> inherited;
};

Result<LaunchEnds> make_launch_ends(const RuntimeChoice& runtime, bool ahead);

}  // namespace lapwing::runtime

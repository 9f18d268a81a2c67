// The first process of a sandbox: applies the plan to itself, starts the program, waits.
#pragma once

#include <optional>
#include <vector>

#include "os/privileges.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/network/network.hpp"
#include "sandbox/wire.hpp"

namespace lapwing::sandbox {

// What the helper leaves its clone. Descriptors stay those of the helper; the clone closes
// whatever is not named here.
struct Inside {
  const LaunchHead* head = nullptr;
  int plan_file = -1;
  int report = -1;
  int lifeline = -1;  // one byte: go on; end of file: the helper has gone
  std::vector<int> cgroup_tasks;
  std::vector<int> binds;      // mounts for head->plan.binds, in order
  int tmp_mount = -1;          // or a tmpfs is made
  std::vector<int> inherited;  // for head->targets, in order
  const std::vector<os::FilterProgram>* filters = nullptr;
  std::optional<NetworkEnd> network;  // its eth0 is there once the lifeline says go on
  bool single_id = false;             // unprivileged: only one user id is mapped
};

// Runs in the clone; ends with it.
[[noreturn]] void run_inside(const Inside& inside);

}  // namespace lapwing::sandbox

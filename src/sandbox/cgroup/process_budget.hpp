// ProcessBudget: processes and threads of all sandboxes together, so that a few that fork without
// end take neither the machine's nor the other sandboxes' share.
//
// The sandboxes' common control group has a limit. Most of the budget is anybody's
// (kProcessesForAny). When that is in use, every sandbox keeps what it has and may grow to
// kProcessesWhenCrowded only, and the rest of the budget is opened for those: sandboxes still
// start and answer, while fork() fails with EAGAIN in those that hold many. When half of it is
// free again, each gets back the limit it had.
//
// Does nothing where processes are not counted by control group.
//
// Thread-safety: one thread (the helper's).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "os/cgroup_layout.hpp"
#include "sandbox/cgroup/cgroup.hpp"

namespace lapwing::sandbox {

// What all sandboxes may have where nobody says: a part of what the machine can have and what our
// own control groups allow.
std::uint64_t default_processes_budget(const os::CgroupLayout& layout);

class ProcessBudget {
 public:
  // The budget is cgroups.processes_budget().
  explicit ProcessBudget(const CgroupTree& cgroups);

  // Before each launch, and now and then.
  void look();
  // A sandbox that was just made: when it is crowded, it starts with little.
  void admit(const std::string& id);
  bool crowded() const { return crowded_; }

 private:
  void hold_all();
  void hold(const std::string& id);
  void let_go();

  const CgroupTree& cgroups_;
  const std::uint64_t most_;
  const std::uint64_t for_any_;
  bool crowded_ = false;
  struct Held {
    std::uint64_t before = 0;  // its own limit
    std::uint64_t now = 0;
  };
  std::map<std::string, Held> held_;
};

}  // namespace lapwing::sandbox

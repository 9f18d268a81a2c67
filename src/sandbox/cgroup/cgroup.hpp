// Control groups of sandboxes: limits, counters, freezing, killing. Version 1, version 2 or
// both side by side: each control uses whichever hierarchy has it.
//
// Everything lives in one subtree, "lapwing-<tag>", below our own position in each
// hierarchy; nothing outside it is touched. One group a sandbox below that, by its id.
//
// Thread-safety: any thread; the kernel serialises.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/cgroup_layout.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/report.hpp"

namespace lapwing::sandbox {

// How a new process gets into its groups.
struct CgroupEntry {
  // v1 "tasks" files; the process writes "0" to each itself, which, unlike moving another
  // process, needs no machine-wide lock.
  std::vector<os::UniqueFd> tasks;
  os::UniqueFd v2;  // for CLONE_INTO_CGROUP, when there is a v2 hierarchy
};

// Without page cache that could be dropped; 0 where nothing is counted.
struct CgroupMemory {
  std::uint64_t current_bytes = 0;
  std::uint64_t peak_bytes = 0;
  // What the current use holds of these.
  std::uint64_t anonymous_bytes = 0;
  std::uint64_t shared_bytes = 0;  // shared memory and tmpfs
};

class CgroupTree {
 public:
  // Decides what can be used and creates the (empty) subtree, removing leftovers of the
  // same tag: kills what is inside, removes the directories.
  static CgroupTree prepare(const os::CgroupLayout& layout, std::string tag);

  Result<CgroupEntry> create(const std::string& id, const Limits& limits) const;
  // Other limits of memory and processors for a sandbox that exists. That of processes stays:
  // ProcessBudget may have changed it.
  Status set_limits(const std::string& id, const Limits& limits) const;
  // For a process that joins later: files of every group to write "0" to.
  Result<std::vector<os::UniqueFd>> entrances(const std::string& id) const;
  // Processes and threads over all sandboxes: the budget, for the report; the limit in force (both
  // kept by ProcessBudget), and what is in use. 0 and nothing where processes are not counted.
  void set_processes_budget(std::uint64_t most) { processes_budget_ = most; }
  std::uint64_t processes_budget() const { return processes_budget_; }
  bool counts_processes() const { return pids_.version != 0; }
  Status limit_processes_over_all(std::uint64_t most) const;
  std::uint64_t processes_over_all() const;
  // And of one.
  Status limit_processes(const std::string& id, std::uint64_t most) const;
  std::optional<std::uint64_t> process_limit(const std::string& id) const;
  std::uint64_t processes(const std::string& id) const;
  std::vector<std::string> ids() const;

  // Removes one sandbox's groups; kUnavailable while processes are still leaving.
  Status remove(const std::string& id) const;
  // Kills everything in the subtree and removes it. Waits for at most a few seconds.
  void remove_all() const;

  void kill(const std::string& id) const;
  // The files of one sandbox that are used again and again, kept open: the way to them is longer
  // than what is done there. Empty ones could not be opened.
  struct Files {
    os::UniqueFd freezer;
    os::UniqueFd memory_peak;
  };
  Files open_files(const std::string& id) const;

  Status set_frozen(const std::string& id, bool frozen) const;
  Status set_frozen(const Files& files, bool frozen) const;
  bool can_freeze() const { return freezer_version_ != 0; }

  CgroupMemory memory(const std::string& id) const;
  // Processes of the group, as we number them; kMemoryProcessesMax at most.
  std::vector<int> members(const std::string& id) const;
  // The highest there ever was, page cache included: one file, where memory() reads three.
  std::uint64_t raw_memory_peak(const std::string& id) const;
  std::uint64_t raw_memory_peak(const Files& files) const;
  std::uint64_t oom_kills(const std::string& id) const;
  Duration cpu_time(const std::string& id) const;

  void report(IsolationReport& report) const;

 private:
  struct Control {
    int version = 0;  // 0: not available
    std::string directory;
  };
  std::string path(const Control& control, const std::string& id, const char* file) const;
  const char* freezer_file() const;
  const char* memory_peak_file() const;
  const char* freezer_word(bool frozen) const;
  std::optional<std::uint64_t> number(const Control& control, const std::string& id,
                                      const char* file, const char* key) const;
  Control choose(const os::CgroupLayout& layout, const std::string& controller,
                 const std::string& v2_directory);
  void adopt(Control& control);
  void set_own_weight() const;
  void prepare_socket_memory();
  Status limit_memory(const std::string& id, std::uint64_t bytes) const;
  void report_socket_memory(IsolationReport& report) const;

  std::string tag_;
  Control memory_;
  Control pids_;
  Control cpu_;
  Control cpuacct_;  // usage counter
  Control freezer_;
  Control core_;  // v2 itself: freeze, kill, CLONE_INTO_CGROUP
  int freezer_version_ = 0;
  bool socket_memory_ = false;  // is limited, apart from the rest or with it
  std::uint64_t processes_budget_ = 0;
  std::vector<std::string> directories_;  // one subtree a hierarchy in use, no repeats
  std::vector<std::string> notes_;        // why something is missing
};

}  // namespace lapwing::sandbox

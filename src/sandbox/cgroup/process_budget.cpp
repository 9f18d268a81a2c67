#include "sandbox/cgroup/process_budget.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <unistd.h>

#include "os/file.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

// One more for each sandbox's own first process.
constexpr std::uint64_t kLittle = kProcessesWhenCrowded + 1;

std::uint64_t part_of(std::uint64_t whole, double part) {
  return static_cast<std::uint64_t>(static_cast<double>(whole) * part);
}

// What the file says, if it is less. "max" is no number.
void lower_to(std::uint64_t& value, const std::string& path) {
  const auto text = os::read_file(path);
  std::uint64_t found = 0;
  if (!text) return;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), found);
  if (parsed.ec == std::errc() && found > 0) value = std::min(value, found);
}

// Of the group and those it is in, as far as they are seen from here.
void lower_to_groups(std::uint64_t& value, std::string directory) {
  while (directory.size() > 1 && os::exists(directory + "/cgroup.procs")) {
    lower_to(value, directory + "/pids.max");
    directory.resize(directory.rfind('/'));
  }
}

}  // namespace

std::uint64_t default_processes_budget(const os::CgroupLayout& layout) {
  std::uint64_t most = UINT32_MAX;
  lower_to(most, "/proc/sys/kernel/pid_max");
  lower_to(most, "/proc/sys/kernel/threads-max");
  const auto v1 = layout.v1.find("pids");
  // Where CgroupTree puts them.
  const std::string& v2 = ::geteuid() == 0 ? layout.v2_top : layout.v2;
  lower_to_groups(most, v1 != layout.v1.end() ? v1->second : v2);
  return std::max<std::uint64_t>(kProcessesMaxMin, part_of(most, kProcessesPart));
}

ProcessBudget::ProcessBudget(const CgroupTree& cgroups)
    : cgroups_(cgroups),
      most_(cgroups.processes_budget()),
      for_any_(part_of(most_, kProcessesForAny)) {
  (void)cgroups_.limit_processes_over_all(for_any_);
}

void ProcessBudget::look() {
  if (!cgroups_.counts_processes()) return;
  const std::uint64_t used = cgroups_.processes_over_all();
  // Somewhat before the limit: a launch needs a few at once.
  if (used >= for_any_ - for_any_ / 16) {
    hold_all();
  } else if (crowded_ && used < most_ / 2) {
    let_go();
  }
}

// Again at every look: what has ended in one sandbox is not its own any more.
void ProcessBudget::hold_all() {
  std::set<std::string> there;
  for (std::string& id : cgroups_.ids()) {
    hold(id);
    there.insert(std::move(id));
  }
  std::erase_if(held_, [&](const auto& entry) { return !there.contains(entry.first); });
  if (crowded_) return;
  crowded_ = true;
  (void)cgroups_.limit_processes_over_all(most_);
}

void ProcessBudget::hold(const std::string& id) {
  const auto limit = cgroups_.process_limit(id);
  if (!limit) return;
  Held& held = held_[id];
  if (*limit != held.now) held.before = *limit;
  held.now = std::min(held.before, std::max(kLittle, cgroups_.processes(id)));
  if (held.now != *limit) (void)cgroups_.limit_processes(id, held.now);
}

void ProcessBudget::admit(const std::string& id) {
  if (crowded_) hold(id);
}

void ProcessBudget::let_go() {
  crowded_ = false;
  (void)cgroups_.limit_processes_over_all(for_any_);
  for (const auto& [id, held] : held_) {
    if (cgroups_.process_limit(id) == held.now) (void)cgroups_.limit_processes(id, held.before);
  }
  held_.clear();
}

}  // namespace lapwing::sandbox

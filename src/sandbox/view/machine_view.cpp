#include "sandbox/view/machine_view.hpp"

#include <algorithm>
#include <string_view>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

// Raise when the files change: another version is another directory.
constexpr int kViewVersion = 1;
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

// The memory from which a function has that many processors.
constexpr std::uint64_t kThreeFrom = 3'009 * kMiB;
constexpr std::uint64_t kFourFrom = 5'308 * kMiB;
constexpr std::uint64_t kFiveFrom = 7'077 * kMiB;
constexpr std::uint64_t kSixFrom = 8'846 * kMiB;

constexpr std::uint64_t kRuntimeBytes = 32 * kMiB;
constexpr int kPeriodUs = 100'000;

std::string meminfo(std::uint64_t memory_bytes) {
  const std::uint64_t total = memory_bytes / kKiB;
  const std::uint64_t free = memory_free_at_start(memory_bytes) / kKiB;
  std::string out;
  const auto line = [&out](std::string_view name, std::uint64_t kib) {
    out += fmt::format("{:<15} {:>8} kB\n", std::string(name) + ":", kib);
  };
  line("MemTotal", total);
  line("MemFree", free);
  line("MemAvailable", free);
  for (const char* none : {"Buffers", "Cached", "SwapCached"}) line(none, 0);
  line("Active", total - free);
  line("Inactive", 0);
  line("Active(anon)", total - free);
  for (const char* none : {"Inactive(anon)", "Active(file)", "Inactive(file)", "Unevictable",
                           "Mlocked", "SwapTotal", "SwapFree", "Dirty", "Writeback"}) {
    line(none, 0);
  }
  line("AnonPages", total - free);
  for (const char* none : {"Mapped", "Shmem", "KReclaimable", "Slab", "SReclaimable", "SUnreclaim",
                           "KernelStack", "PageTables", "AnonHugePages"}) {
    line(none, 0);
  }
  line("CommitLimit", total);
  line("Committed_AS", total - free);
  out += "HugePages_Total:       0\nHugePages_Free:        0\n";
  line("Hugepagesize", 2'048);
  return out;
}

std::string range(std::uint32_t processors) {
  return processors == 1 ? "0\n" : fmt::format("0-{}\n", processors - 1);
}

// Those lines of /proc/stat that tell of processors beyond are left out.
std::string first_of_stat(std::string_view text, std::uint32_t processors) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    const bool one = line.starts_with("cpu") && line.size() > 3 && line[3] >= '0' && line[3] <= '9';
    if (one && std::stoul(std::string(line.substr(3, line.find(' ') - 3))) >= processors) continue;
    out += line;
  }
  return out;
}

// A processor a paragraph.
std::string first_of_cpuinfo(std::string_view text, std::uint32_t processors) {
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < processors; ++i) {
    const std::size_t end = text.find("\n\n", at);
    if (end == std::string_view::npos) return std::string(text);
    at = end + 2;
  }
  return std::string(text.substr(0, at));
}

Status write(const std::string& root, std::string_view name, std::string_view content) {
  const std::string path = fmt::format("{}/{}", root, name);
  LAPWING_CHECK(os::make_directories(path.substr(0, path.rfind('/'))));
  return os::write_atomically(path, content);
}

// /sys: processors, and what the control groups of both versions say.
Status make_sys(const std::string& root, std::uint64_t memory_bytes, std::uint32_t shown,
                std::uint32_t machine) {
  const std::string memory = fmt::format("{}\n", memory_bytes);
  const int quota = static_cast<int>(shown) * kPeriodUs;
  const std::pair<const char*, std::string> files[] = {
      {"devices/system/cpu/online", range(shown)},
      // A thread may find itself on any of these: tables by processor need a place for each.
      {"devices/system/cpu/possible", range(machine)},
      {"devices/system/cpu/present", range(machine)},
      {"fs/cgroup/cgroup.controllers", "cpuset cpu memory pids\n"},
      {"fs/cgroup/memory.max", memory},
      {"fs/cgroup/memory.high", "max\n"},
      {"fs/cgroup/memory.swap.max", "0\n"},
      {"fs/cgroup/cpu.max", fmt::format("{} {}\n", quota, kPeriodUs)},
      {"fs/cgroup/cpuset.cpus.effective", range(shown)},
      {"fs/cgroup/memory/memory.limit_in_bytes", memory},
      {"fs/cgroup/memory/memory.soft_limit_in_bytes", memory},
      {"fs/cgroup/memory/memory.memsw.limit_in_bytes", memory},
      {"fs/cgroup/cpu/cpu.cfs_quota_us", fmt::format("{}\n", quota)},
      {"fs/cgroup/cpu/cpu.cfs_period_us", fmt::format("{}\n", kPeriodUs)},
      {"fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", fmt::format("{}\n", quota)},
      {"fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", fmt::format("{}\n", kPeriodUs)},
      {"fs/cgroup/cpuset/cpuset.cpus", range(shown)},
      {"fs/cgroup/cpuset/cpuset.effective_cpus", range(shown)}};
  for (const auto& [name, content] : files) LAPWING_CHECK(write(root, name, content));
  for (std::uint32_t i = 0; i < shown; ++i) {
    LAPWING_CHECK(os::make_directories(fmt::format("{}/devices/system/cpu/cpu{}", root, i)));
  }
  return {};
}

}  // namespace

std::uint32_t processors_of_machine() {
  return static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::uint32_t processors_of(std::uint64_t memory_bytes, std::uint32_t machine) {
  std::uint32_t processors = 2;
  for (const std::uint64_t from : {kThreeFrom, kFourFrom, kFiveFrom, kSixFrom}) {
    if (memory_bytes >= from) ++processors;
  }
  return std::min(processors, machine);
}

std::uint64_t memory_free_at_start(std::uint64_t memory_bytes) {
  return memory_bytes - std::min(memory_bytes / 4, kRuntimeBytes);
}

MachineViews::MachineViews(const std::string& data_dir, std::uint32_t machine,
                           const std::string& proc)
    : machine_(machine), proc_(proc) {
  // Of this run of the machine: files are not synced, and its processors may change.
  const std::string boot = os::read_file(kBootId).value_or("");
  const std::string name =
      fmt::format("v{}-{}-{}", kViewVersion, machine, boot.substr(0, boot.find('-')));
  const std::string all = data_dir + "/views";
  directory_ = fmt::format("{}/{}", all, name);
  const auto known = os::list_directory(all);
  if (!known) return;
  for (const std::string& other : *known) {
    if (other != name) (void)os::remove_tree(fmt::format("{}/{}", all, other));
  }
}

Status MachineViews::make(const std::string& directory, std::uint64_t memory_bytes) const {
  LAPWING_CHECK(os::make_directories(directory_));
  const std::uint32_t shown = processors_of(memory_bytes, machine_);
  std::string fresh = directory_ + "/.new-XXXXXX";
  if (::mkdtemp(fresh.data()) == nullptr) return fail(errno_error("make view directory"));
  Status done = write(fresh, "meminfo", meminfo(memory_bytes));
  if (done) done = make_sys(fresh + "/sys", memory_bytes, shown, machine_);
  if (done && shown < machine_) {
    LAPWING_TRY(const std::string cpuinfo, os::read_file(proc_ + "/cpuinfo"));
    LAPWING_TRY(const std::string stat, os::read_file(proc_ + "/stat"));
    done = write(fresh, "cpuinfo", first_of_cpuinfo(cpuinfo, shown));
    if (done) done = write(fresh, "stat", first_of_stat(stat, shown));
  }
  if (done && ::rename(fresh.c_str(), directory.c_str()) != 0 && !os::is_directory(directory)) {
    done = fail(errno_error("rename view directory"));
  }
  // Somebody else may have been faster; theirs is as good.
  if (!done || os::is_directory(fresh)) (void)os::remove_tree(fresh);
  return done;
}

Result<std::vector<Bind>> MachineViews::of(std::uint64_t memory_bytes) {
  const std::string directory = fmt::format("{}/{}m", directory_, memory_bytes / kMiB);
  {
    const std::lock_guard lock(mutex_);
    if (!made_.contains(memory_bytes)) {
      if (!os::is_directory(directory)) LAPWING_CHECK(make(directory, memory_bytes));
      made_.insert(memory_bytes);
    }
  }
  std::vector<Bind> binds = {{directory + "/sys", "/sys"},
                             {directory + "/meminfo", "/proc/meminfo"}};
  if (processors_of(memory_bytes, machine_) < machine_) {
    binds.push_back({directory + "/cpuinfo", "/proc/cpuinfo"});
    binds.push_back({directory + "/stat", "/proc/stat"});
  }
  return binds;
}

}  // namespace lapwing::sandbox

#include "sandbox/cgroup/cgroup.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kMemoryPerCpu = 1769 * kMiB;  // AWS: one processor at 1,769 MB
constexpr std::uint64_t kCpuPeriodUs = 100'000;
constexpr auto kRemoveAllWait = std::chrono::seconds(4);

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

// The number behind `key` in lines of a key and a number each.
std::optional<std::uint64_t> find_number(std::string_view rest, std::string_view key) {
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      return parse_number(line.substr(key.size() + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

// The whole file is a number, or (key given) the line "key number".
std::optional<std::uint64_t> read_number(const std::string& path, std::string_view key) {
  const auto text = os::read_file(path);
  if (!text) return std::nullopt;
  return key.empty() ? parse_number(*text) : find_number(*text, key);
}

template <class Visit>
void for_members(const std::string& directory, Visit visit) {
  const auto text = os::read_file(directory + "/cgroup.procs");
  if (!text) return;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    // 0 stands for a process outside our pid namespace.
    if (const auto pid = parse_number(rest.substr(0, end)); pid && *pid > 1) {
      visit(static_cast<pid_t>(*pid));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void kill_members(const std::string& directory) {
  for_members(directory, [](pid_t pid) { ::kill(pid, SIGKILL); });
}

constexpr const char* kSocketMemoryFile = "memory.kmem.tcp.limit_in_bytes";

// cgroup.memory=nosocket takes sockets out of a group's memory.
bool kernel_counts_sockets() {
  const auto line = os::read_file("/proc/cmdline");
  return !line || line->find("nosocket") == std::string::npos;
}

void pause_ms(int ms) { ::poll(nullptr, 0, ms); }

// Kills what is in the group and below; true once the directories are gone.
bool sweep(const std::string& directory) {
  if (!os::exists(directory)) return true;
  // Whichever of these the hierarchy has: let frozen processes die, then kill.
  (void)os::write_existing(directory + "/freezer.state", "THAWED");
  (void)os::write_existing(directory + "/cgroup.kill", "1");
  bool empty = true;
  if (const auto names = os::list_directory(directory)) {
    for (const std::string& name : *names) {
      const std::string child = directory + "/" + name;
      struct stat info{};
      if (::lstat(child.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) empty &= sweep(child);
    }
  }
  kill_members(directory);
  return empty && (::rmdir(directory.c_str()) == 0 || errno == ENOENT);
}

bool sweep_until_gone(const std::string& directory) {
  const auto deadline = std::chrono::steady_clock::now() + kRemoveAllWait;
  while (!sweep(directory)) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    pause_ms(5);
  }
  return true;
}

}  // namespace

CgroupTree::Control CgroupTree::choose(const os::CgroupLayout& layout,
                                       const std::string& controller,
                                       const std::string& v2_directory) {
  if (const auto it = layout.v1.find(controller); it != layout.v1.end()) {
    return {1, it->second + "/" + tag_};
  }
  if (v2_directory.empty()) return {};
  const auto available = os::read_file(v2_directory + "/cgroup.controllers");
  if (!available || (" " + *available).find(" " + controller) == std::string::npos) return {};
  (void)os::write_existing(v2_directory + "/cgroup.subtree_control", "+" + controller);
  const auto enabled = os::read_file(v2_directory + "/cgroup.subtree_control");
  if (!enabled || (" " + *enabled).find(" " + controller) == std::string::npos) {
    notes_.push_back(fmt::format("{} cannot be delegated below {}", controller, v2_directory));
    return {};
  }
  return {2, v2_directory + "/" + tag_};
}

void CgroupTree::adopt(Control& control) {
  if (control.version == 0) return;
  const bool known =
      std::find(directories_.begin(), directories_.end(), control.directory) != directories_.end();
  if (known) return;
  sweep_until_gone(control.directory);
  if (::mkdir(control.directory.c_str(), 0755) != 0 && errno != EEXIST) {
    notes_.push_back(errno_error("create " + control.directory).detail());
    control = {};
    return;
  }
  directories_.push_back(control.directory);
}

// All sandboxes together weigh like one busy task a processor, not like a single task.
void CgroupTree::set_own_weight() const {
  const auto processors = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  if (cpu_.version == 1) {
    (void)os::write_existing(cpu_.directory + "/cpu.shares", std::to_string(1024 * processors));
  } else if (cpu_.version == 2) {
    (void)os::write_existing(cpu_.directory + "/cpu.weight",
                             std::to_string(std::min<std::uint64_t>(10'000, 100 * processors)));
  }
}

// Version 2 counts what sockets hold as memory like any other. Version 1 counts it apart, and only
// in groups that have a limit: a limit nobody reaches here keeps the counting from being switched
// on and off as sandboxes come and go, which patches the kernel's code each time.
void CgroupTree::prepare_socket_memory() {
  if (memory_.version == 0 || !kernel_counts_sockets()) return;
  socket_memory_ =
      memory_.version == 2 ||
      os::write_existing(memory_.directory + "/" + kSocketMemoryFile, std::to_string(INT64_MAX / 2))
          .has_value();
}

CgroupTree CgroupTree::prepare(const os::CgroupLayout& layout, std::string tag) {
  CgroupTree tree;
  tree.tag_ = std::move(tag);
  // A v2 group that holds processes cannot hand controllers to children, so root uses the
  // top of the hierarchy; others need a delegated group of their own.
  const std::string v2 = ::geteuid() == 0 ? layout.v2_top : layout.v2;
  if (v2.empty()) {
    // First: what is frozen has to thaw before anything can be killed.
    tree.freezer_ = tree.choose(layout, "freezer", "");
    tree.adopt(tree.freezer_);
  }
  tree.memory_ = tree.choose(layout, "memory", v2);
  tree.pids_ = tree.choose(layout, "pids", v2);
  tree.cpu_ = tree.choose(layout, "cpu", v2);
  if (!v2.empty()) tree.core_ = {2, v2 + "/" + tree.tag_};
  for (Control* control : {&tree.memory_, &tree.pids_, &tree.cpu_, &tree.core_}) {
    tree.adopt(*control);
  }
  // v2 controllers are handed down once more, to the sandboxes' own groups.
  for (const auto& [name, control] :
       {std::pair<const char*, const Control*>{"memory", &tree.memory_},
        {"pids", &tree.pids_},
        {"cpu", &tree.cpu_}}) {
    if (control->version != 2) continue;
    (void)os::write_existing(control->directory + "/cgroup.subtree_control",
                             std::string("+") + name);
  }
  tree.set_own_weight();
  tree.prepare_socket_memory();
  if (tree.core_.version == 2) {
    tree.freezer_version_ = 2;
    tree.cpuacct_ = tree.core_;
    tree.freezer_ = tree.core_;
    return tree;
  }
  tree.freezer_version_ = tree.freezer_.version;
  tree.cpuacct_ = tree.choose(layout, "cpuacct", "");
  tree.adopt(tree.cpuacct_);
  return tree;
}

std::string CgroupTree::path(const Control& control, const std::string& id,
                             const char* file) const {
  return control.directory + "/" + id + "/" + file;
}

std::optional<std::uint64_t> CgroupTree::number(const Control& control, const std::string& id,
                                                const char* file, const char* key) const {
  if (control.version == 0) return std::nullopt;
  return read_number(path(control, id, file), key);
}

Result<CgroupEntry> CgroupTree::create(const std::string& id, const Limits& limits) const {
  CgroupEntry entry;
  for (const std::string& directory : directories_) {
    const std::string group = directory + "/" + id;
    if (::mkdir(group.c_str(), 0755) != 0) return fail(errno_error("mkdir " + group));
  }
  LAPWING_CHECK(set_limits(id, limits));
  // One more for the sandbox's own first process.
  LAPWING_CHECK(limit_processes(id, limits.processes + 1));
  for (const std::string& directory : directories_) {
    const std::string group = directory + "/" + id;
    if (directory == core_.directory) {
      LAPWING_TRY(entry.v2, os::open_at(os::kCwd, group, O_RDONLY | O_DIRECTORY));
      continue;
    }
    LAPWING_TRY(os::UniqueFd tasks, os::open_at(os::kCwd, group + "/tasks", O_WRONLY));
    entry.tasks.push_back(std::move(tasks));
  }
  return entry;
}

Status CgroupTree::limit_memory(const std::string& id, std::uint64_t bytes) const {
  const auto set = [&](const char* file, const std::string& value) -> Status {
    return os::write_existing(path(memory_, id, file), value);
  };
  const std::string most = std::to_string(bytes);
  if (memory_.version == 2) {
    LAPWING_CHECK(set("memory.max", most));
    (void)set("memory.swap.max", "0");
  }
  if (memory_.version != 1) return {};
  // Memory may never exceed memory and swap, so growing starts with the latter. It is
  // absent where the kernel does not account swap; then there is none to limit.
  (void)set("memory.memsw.limit_in_bytes", most);
  LAPWING_CHECK(set("memory.limit_in_bytes", most));
  (void)set("memory.memsw.limit_in_bytes", most);
  (void)set("memory.swappiness", "0");
  if (!socket_memory_) return {};
  return set(kSocketMemoryFile,
             std::to_string(std::max(kSocketMemoryMin, bytes / kSocketMemoryPart)));
}

Status CgroupTree::limit_processes(const std::string& id, std::uint64_t most) const {
  if (pids_.version == 0) return {};
  return os::write_existing(path(pids_, id, "pids.max"), std::to_string(most));
}

std::optional<std::uint64_t> CgroupTree::process_limit(const std::string& id) const {
  return number(pids_, id, "pids.max", "");
}

std::uint64_t CgroupTree::processes(const std::string& id) const {
  return number(pids_, id, "pids.current", "").value_or(0);
}

Status CgroupTree::limit_processes_over_all(std::uint64_t most) const {
  if (pids_.version == 0) return {};
  return os::write_existing(pids_.directory + "/pids.max", std::to_string(most));
}

std::uint64_t CgroupTree::processes_over_all() const {
  if (pids_.version == 0) return 0;
  return read_number(pids_.directory + "/pids.current", "").value_or(0);
}

std::vector<std::string> CgroupTree::ids() const {
  std::vector<std::string> found;
  const auto names = os::list_directory(pids_.directory);
  if (!names) return found;
  for (const std::string& name : *names) {
    // Files of the hierarchy have a dot, but for v1's "tasks" and what nobody limits.
    if (os::exists(path(pids_, name, "pids.max"))) found.push_back(name);
  }
  return found;
}

Status CgroupTree::set_limits(const std::string& id, const Limits& limits) const {
  const auto set = [&](const Control& control, const char* file,
                       const std::string& value) -> Status {
    return os::write_existing(path(control, id, file), value);
  };
  LAPWING_CHECK(limit_memory(id, limits.memory_bytes));
  const std::uint64_t quota =
      std::max<std::uint64_t>(1000, kCpuPeriodUs * limits.memory_bytes / kMemoryPerCpu);
  const std::uint64_t weight = limits.memory_bytes * 1024 / kMemoryPerCpu;
  const bool by_quota = limits.cpu == CpuModel::kQuota;
  if (cpu_.version == 1) {
    LAPWING_CHECK(
        by_quota ? set(cpu_, "cpu.cfs_quota_us", std::to_string(quota))
                 : set(cpu_, "cpu.shares", std::to_string(std::max<std::uint64_t>(2, weight))));
  } else if (cpu_.version == 2) {
    LAPWING_CHECK(by_quota
                      ? set(cpu_, "cpu.max", fmt::format("{} {}", quota, kCpuPeriodUs))
                      : set(cpu_, "cpu.weight",
                            std::to_string(std::clamp<std::uint64_t>(weight / 10, 1, 10'000))));
  }
  return {};
}

Result<std::vector<os::UniqueFd>> CgroupTree::entrances(const std::string& id) const {
  std::vector<os::UniqueFd> files;
  for (const std::string& directory : directories_) {
    const char* name = directory == core_.directory ? "/cgroup.procs" : "/tasks";
    LAPWING_TRY(os::UniqueFd file, os::open_at(os::kCwd, directory + "/" + id + name, O_WRONLY));
    files.push_back(std::move(file));
  }
  return files;
}

Status CgroupTree::remove(const std::string& id) const {
  Status result;
  for (const std::string& directory : directories_) {
    const std::string group = directory + "/" + id;
    if (::rmdir(group.c_str()) == 0 || errno == ENOENT) continue;
    result = fail(errno == EBUSY ? make_error(ErrorKind::kUnavailable, group + " is busy")
                                 : errno_error("rmdir " + group));
  }
  return result;
}

void CgroupTree::remove_all() const {
  for (const std::string& directory : directories_) sweep_until_gone(directory);
}

void CgroupTree::kill(const std::string& id) const {
  if (core_.version == 2 && os::write_existing(path(core_, id, "cgroup.kill"), "1")) return;
  if (freezer_version_ == 1) (void)set_frozen(id, false);
  for (const std::string& directory : directories_) kill_members(directory + "/" + id);
}

const char* CgroupTree::freezer_file() const {
  return freezer_version_ == 2 ? "cgroup.freeze" : "freezer.state";
}

const char* CgroupTree::freezer_word(bool frozen) const {
  if (freezer_version_ == 2) return frozen ? "1" : "0";
  return frozen ? "FROZEN" : "THAWED";
}

const char* CgroupTree::memory_peak_file() const {
  return memory_.version == 2 ? "memory.peak" : "memory.max_usage_in_bytes";
}

CgroupTree::Files CgroupTree::open_files(const std::string& id) const {
  Files files;
  if (freezer_version_ != 0) {
    files.freezer = os::open_at(os::kCwd, path(freezer_, id, freezer_file()), O_WRONLY)
                        .value_or(os::UniqueFd());
  }
  if (memory_.version != 0) {
    files.memory_peak = os::open_at(os::kCwd, path(memory_, id, memory_peak_file()), O_RDONLY)
                            .value_or(os::UniqueFd());
  }
  return files;
}

Status CgroupTree::set_frozen(const std::string& id, bool frozen) const {
  if (freezer_version_ == 0) {
    return fail(make_error(ErrorKind::kUnsupported, "no cgroup freezer on this machine"));
  }
  return os::write_existing(path(freezer_, id, freezer_file()), freezer_word(frozen));
}

Status CgroupTree::set_frozen(const Files& files, bool frozen) const {
  const std::string_view word = freezer_word(frozen);
  if (::pwrite(files.freezer.get(), word.data(), word.size(), 0) < 0) {
    return fail(errno_error("write the freezer's file"));
  }
  return {};
}

std::uint64_t CgroupTree::raw_memory_peak(const std::string& id) const {
  if (memory_.version == 0) return 0;
  return number(memory_, id, memory_peak_file(), "").value_or(0);
}

std::uint64_t CgroupTree::raw_memory_peak(const Files& files) const {
  std::array<char, 32> text;
  const ssize_t got = ::pread(files.memory_peak.get(), text.data(), text.size(), 0);
  if (got <= 0) return 0;
  return parse_number({text.data(), static_cast<std::size_t>(got)}).value_or(0);
}

// Looked at for every environment in use, so each file is read once: memory.stat is costly.
CgroupMemory CgroupTree::memory(const std::string& id) const {
  if (memory_.version == 0) return {};
  const bool v1 = memory_.version == 1;
  const auto usage =
      number(memory_, id, v1 ? "memory.usage_in_bytes" : "memory.current", "").value_or(0);
  const std::uint64_t peak = raw_memory_peak(id);
  const std::string stat = os::read_file(path(memory_, id, "memory.stat")).value_or(std::string());
  const auto inactive = find_number(stat, v1 ? "total_inactive_file" : "inactive_file").value_or(0);
  const auto active = find_number(stat, v1 ? "total_active_file" : "active_file").value_or(0);
  const auto less = [](std::uint64_t from, std::uint64_t what) {
    return from > what ? from - what : 0;
  };
  CgroupMemory memory;
  memory.current_bytes = less(usage, inactive);
  memory.peak_bytes = std::max(less(peak, inactive + active), less(memory.current_bytes, active));
  memory.anonymous_bytes = find_number(stat, v1 ? "total_rss" : "anon").value_or(0);
  memory.shared_bytes = find_number(stat, v1 ? "total_shmem" : "shmem").value_or(0);
  return memory;
}

std::vector<int> CgroupTree::members(const std::string& id) const {
  std::vector<int> pids;
  if (memory_.version == 0) return pids;
  for_members(memory_.directory + "/" + id, [&](int pid) {
    if (pids.size() < kMemoryProcessesMax) pids.push_back(pid);
  });
  return pids;
}

std::uint64_t CgroupTree::oom_kills(const std::string& id) const {
  const bool v1 = memory_.version == 1;
  return number(memory_, id, v1 ? "memory.oom_control" : "memory.events", "oom_kill").value_or(0);
}

Duration CgroupTree::cpu_time(const std::string& id) const {
  if (cpuacct_.version == 2) {
    return std::chrono::microseconds(number(cpuacct_, id, "cpu.stat", "usage_usec").value_or(0));
  }
  return std::chrono::nanoseconds(number(cpuacct_, id, "cpuacct.usage", "").value_or(0));
}

void CgroupTree::report(IsolationReport& report) const {
  // The first stands for all: what denies one hierarchy denies the others, too.
  const std::string why = notes_.empty() ? "no usable cgroup hierarchy" : notes_.front();
  const std::string remedy =
      why + ". Run as root, or as a systemd service or user unit with Delegate=yes";
  const auto add = [&](const char* name, const Control& control, const char* v1, const char* v2) {
    const bool on = control.version != 0;
    report.features.push_back(
        {name, on,
         on ? fmt::format("cgroup v{}: {}", control.version, control.version == 1 ? v1 : v2) : "",
         on ? "" : remedy});
  };
  add("memory limit", memory_, "memory.limit_in_bytes, no swap", "memory.max, no swap");
  report_socket_memory(report);
  const std::string processes =
      fmt::format("pids.max; {} over all sandboxes (sandbox.processes_max)", processes_budget_);
  add("process limit", pids_, processes.c_str(), processes.c_str());
  if (pids_.version == 0) {
    // The kernel counts processes by user within a user namespace, and each has its own.
    report.features.back() = {"process limit", true, "RLIMIT_NPROC", ""};
  }
  add("processor share", cpu_, "cpu.shares or cpu.cfs_quota_us", "cpu.weight or cpu.max");
  add("freezing idle environments", freezer_, "freezer.state", "cgroup.freeze");
}

void CgroupTree::report_socket_memory(IsolationReport& report) const {
  const bool together = memory_.version == 2;
  report.features.push_back(
      {"socket memory", socket_memory_,
       fmt::format("cgroup v{}: {}", memory_.version,
                   together ? "counted as memory" : kSocketMemoryFile),
       memory_.version == 0
           ? "needs the memory limit"
           : "this kernel does not count what sockets hold (cgroup.memory=nosocket, "
             "or built without)"});
}

}  // namespace lapwing::sandbox

#include "sandbox/inside/inside.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <sched.h>
#include <set>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/network.hpp"
#include "sandbox/fork_server/protocol.hpp"
#include "sandbox/inside/supervise.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kOwnMount = os::kMountNoSuid | os::kMountNoDev;
constexpr int kListenBacklog = 128;

// Covered with /dev/null or an empty directory; what is not there is left out. The last
// tell of the machine's memory, where a function is shown its own (machine_view.hpp).
constexpr const char* kMaskedFiles[] = {
    "/proc/kcore",      "/proc/keys",       "/proc/key-users",   "/proc/kallsyms",
    "/proc/interrupts", "/proc/timer_list", "/proc/sched_debug", "/proc/sysrq-trigger",
    "/proc/config.gz",  "/proc/iomem",      "/proc/modules",     "/proc/zoneinfo",
    "/proc/buddyinfo",  "/proc/swaps"};
constexpr const char* kMaskedDirectories[] = {"/proc/acpi",   "/proc/asound",  "/proc/bus",
                                              "/proc/fs",     "/proc/irq",     "/proc/scsi",
                                              "/proc/driver", "/proc/pressure"};

struct Progress {
  std::vector<StepTime> steps;
  std::vector<os::UniqueFd> listeners;
  std::vector<os::UniqueFd> sinks;  // kept open, never read
};

Status close_others(const Inside& inside, Progress&) {
  std::set<int> keep = {
      0, 1, 2, inside.plan_file, inside.report, inside.lifeline, inside.tmp_mount};
  keep.insert(inside.cgroup_tasks.begin(), inside.cgroup_tasks.end());
  keep.insert(inside.binds.begin(), inside.binds.end());
  keep.insert(inside.inherited.begin(), inside.inherited.end());
  keep.erase(-1);
  unsigned next = 0;
  for (const int fd : keep) {
    const auto end = static_cast<unsigned>(fd);
    // Raw: the wrapper came with glibc 2.34 only.
    if (end > next) ::syscall(SYS_close_range, next, end - 1, 0);
    next = end + 1;
  }
  ::syscall(SYS_close_range, next, ~0u, 0);
  return {};
}

Status wait_for_ids(const Inside& inside, Progress&) {
  char byte = 0;
  while (::read(inside.lifeline, &byte, 1) != 1) {
    if (errno != EINTR) return fail(internal_error("the helper has gone"));
  }
  return {};
}

Status take_identity(const Inside& inside, Progress&) {
  const uid_t uid = inside.single_id ? kInnerUid : 0;
  const gid_t gid = inside.single_id ? kInnerGid : 0;
  LAPWING_CHECK(os::become(uid, gid));
  LAPWING_CHECK(os::set_undumpable());
  // After the change of identity, which clears it; the lifeline covers the time before.
  return os::set_parent_death_signal(SIGKILL);
}

Status enter_cgroups(const Inside& inside, Progress&) {
  for (const int tasks : inside.cgroup_tasks) {
    if (::write(tasks, "0", 1) != 1) return fail(errno_error("join cgroup"));
  }
  if (inside.head->plan.weakness == Weakness::kHostCgroupNamespace) return {};
  if (::unshare(CLONE_NEWCGROUP) != 0) return fail(errno_error("unshare cgroup namespace"));
  return {};
}

Status mask(const char* path, const char* with) {
  if (!os::exists(path)) return {};
  LAPWING_TRY(const os::UniqueFd cover, os::clone_mount(os::kCwd, with, false));
  return os::attach_mount(cover.get(), os::kCwd, path);
}

// One empty file system covers them all.
Status mask_directories() {
  const char* covered = nullptr;
  for (const char* path : kMaskedDirectories) {
    if (!os::exists(path)) continue;
    if (covered != nullptr) {
      LAPWING_CHECK(mask(path, covered));
      continue;
    }
    LAPWING_TRY(const os::UniqueFd nothing,
                os::make_filesystem("tmpfs", {{"mode", "0555"}, {"nr_inodes", "1"}},
                                    kOwnMount | os::kMountReadOnly | os::kMountNoExec));
    LAPWING_CHECK(os::attach_mount(nothing.get(), os::kCwd, path));
    covered = path;
  }
  return {};
}

// What the kernel counts for the user who made the sandbox, on top of the sandbox's own: without
// a bound of its own one sandbox could take all that the machine grants that user.
struct Share {
  const char* name;
  const char* most;
};
constexpr Share kShares[] = {{"max_inotify_instances", "32"},
                             {"max_inotify_watches", "8192"},
                             {"max_fanotify_groups", "0"},
                             {"max_fanotify_marks", "0"},
                             {"max_user_namespaces", "0"}};

Status bound_shares() {
  for (const Share& share : kShares) {
    // What this kernel does not count has no file.
    const Status done =
        os::write_existing_at(os::kCwd, std::string("/proc/sys/user/") + share.name, share.most);
    if (!done && done.error().kind() != ErrorKind::kNotFound) return done;
  }
  return {};
}

Status mount_proc(const Inside& inside, Progress&) {
  // With the host's pid namespace (a weakness for tests) the prepared /proc is the right one.
  if (inside.head->plan.weakness == Weakness::kHostPidNamespace) return {};
  LAPWING_TRY(const os::UniqueFd proc,
              os::make_filesystem("proc", {{"hidepid", "2"}}, kOwnMount | os::kMountNoExec));
  LAPWING_CHECK(os::attach_mount(proc.get(), os::kCwd, "/proc"));
  LAPWING_CHECK(bound_shares());
  if (inside.head->plan.weakness == Weakness::kNoMasks) return {};
  for (const char* path : kMaskedFiles) LAPWING_CHECK(mask(path, "/dev/null"));
  LAPWING_CHECK(mask_directories());
  LAPWING_TRY(const os::UniqueFd sys, os::clone_mount(os::kCwd, "/proc/sys", false));
  LAPWING_CHECK(os::set_mount_flags(sys.get(), os::kMountReadOnly | os::kMountNoExec, false));
  return os::attach_mount(sys.get(), os::kCwd, "/proc/sys");
}

Status mount_binds(const Inside& inside, Progress&) {
  for (std::size_t i = 0; i < inside.binds.size(); ++i) {
    const Bind& bind = inside.head->plan.binds[i];
    LAPWING_CHECK(os::attach_mount(inside.binds[i], os::kCwd, bind.destination));
  }
  return {};
}

Status mount_scratch(const Inside& inside, Progress&) {
  const Limits& limits = inside.head->plan.limits;
  os::UniqueFd made;
  int tmp = inside.tmp_mount;
  if (tmp < 0) {
    LAPWING_TRY(made, os::make_filesystem("tmpfs", {{"size", std::to_string(limits.tmp_bytes)}},
                                          kOwnMount));
    tmp = made.get();
  }
  LAPWING_CHECK(os::attach_mount(tmp, os::kCwd, "/tmp"));
  return give_tmp_away();
}

Status set_hostname(const Inside& inside, Progress&) {
  const std::string& name = inside.head->plan.hostname;
  if (::sethostname(name.data(), name.size()) != 0) return fail(errno_error("sethostname"));
  return {};
}

Status bring_up_network(const Inside& inside, Progress& progress) {
  const Plan& plan = inside.head->plan;
  if (plan.weakness == Weakness::kHostNetwork) return {};
  LAPWING_CHECK(os::loopback_up());
  if (inside.network) LAPWING_CHECK(join_network(*inside.network));
  std::set<std::string> known;
  for (const ListenerPlan& listener : plan.listeners) {
    if (!listener.address.starts_with("127.") && known.insert(listener.address).second) {
      LAPWING_CHECK(os::add_loopback_address(listener.address));
    }
    LAPWING_TRY(os::UniqueFd fd, os::listen_tcp(listener.address, listener.port, kListenBacklog));
    progress.listeners.push_back(std::move(fd));
  }
  for (const SinkPlan& sink : plan.sinks) {
    LAPWING_TRY(os::UniqueFd fd, os::drop_udp(sink.address, sink.port));
    progress.sinks.push_back(std::move(fd));
  }
  return {};
}

Status limit_resources(const Inside& inside, Progress&) {
  if (inside.head->plan.weakness == Weakness::kNoLimits) return {};
  const Limits& limits = inside.head->plan.limits;
  LAPWING_CHECK(os::give_up_priority());
  return os::set_limits({{RLIMIT_NOFILE, limits.open_files},
                         {RLIMIT_NPROC, limits.processes},
                         {RLIMIT_CORE, kCoreLimit},
                         {RLIMIT_SIGPENDING, kPendingSignals},
                         {RLIMIT_MEMLOCK, 64 * kKiB},
                         {RLIMIT_RTPRIO, 0},
                         {RLIMIT_MSGQUEUE, 819'200}});
}

Status give_up_power(const Inside& inside, Progress&) {
  const Weakness weakness = inside.head->plan.weakness;
  if (weakness == Weakness::kKeepCapabilities) return {};
  LAPWING_CHECK(os::drop_bounding_set());
  return os::set_no_new_privs();
}

struct Step {
  const char* name;
  Status (*run)(const Inside&, Progress&);
};

// The whole isolation, in order. Identity comes before the mounts, so that what is made
// belongs to the sandbox; power goes last.
constexpr Step kSteps[] = {
    {"descriptors", close_others}, {"id maps", wait_for_ids},
    {"identity", take_identity},   {"control groups", enter_cgroups},
    {"proc", mount_proc},          {"code", mount_binds},
    {"tmp", mount_scratch},        {"hostname", set_hostname},
    {"network", bring_up_network}, {"limits", limit_resources},
    {"power", give_up_power},
};

Status apply(const Inside& inside, Progress& progress) {
  auto before = std::chrono::steady_clock::now();
  for (const Step& step : kSteps) {
    if (Status done = step.run(inside, progress); !done) {
      return fail(std::move(done).error().context(step.name));
    }
    const auto now = std::chrono::steady_clock::now();
    progress.steps.push_back({step.name, now - before});
    before = now;
  }
  return {};
}

// The main program, where the plan has one.
Status start(const Inside& inside, Supervisor& supervisor, Progress& progress) {
  if (!inside.head->has_program) return {};
  const auto before = std::chrono::steady_clock::now();
  LAPWING_TRY(const std::string file, read_memory_file(inside.plan_file));
  LAPWING_TRY(const ProgramPlan plan, decode_launch_program(file));
  LAPWING_CHECK(supervisor.start_main(plan));
  supervisor.seal();
  progress.steps.push_back({"program", std::chrono::steady_clock::now() - before});
  return {};
}

}  // namespace

void run_inside(const Inside& inside) {
  Progress progress;
  Report report;
  Supervisor supervisor(inside);
  Status applied = apply(inside, progress);
  if (applied) applied = supervisor.listen_to_children();
  if (applied) {
    if (Status started = start(inside, supervisor, progress); !started) {
      applied = fail(std::move(started).error().context("program"));
    }
  }
  if (!applied) {
    report.kind = ReportKind::kFailed;
    report.number = static_cast<std::int64_t>(applied.error().kind());
    report.text = applied.error().detail();
    send_report(inside.report, report, {});
    ::_exit(1);
  }
  report.kind = ReportKind::kReady;
  report.steps = std::move(progress.steps);
  std::vector<int> listeners;
  for (const os::UniqueFd& fd : progress.listeners) listeners.push_back(fd.get());
  send_report(inside.report, report, listeners);
  progress.listeners.clear();
  supervisor.serve();
  ::_exit(0);
}

}  // namespace lapwing::sandbox

#include "sandbox/inside.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <set>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/network.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/program.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kOwnMount = os::kMountNoSuid | os::kMountNoDev;
constexpr int kListenBacklog = 128;

// Covered with /dev/null or an empty directory; what is not there is left out.
constexpr const char* kMaskedFiles[] = {
    "/proc/kcore",      "/proc/keys",       "/proc/key-users",   "/proc/kallsyms",
    "/proc/interrupts", "/proc/timer_list", "/proc/sched_debug", "/proc/sysrq-trigger",
    "/proc/config.gz",  "/proc/iomem",      "/proc/modules"};
constexpr const char* kMaskedDirectories[] = {"/proc/acpi",   "/proc/asound",  "/proc/bus",
                                              "/proc/fs",     "/proc/irq",     "/proc/scsi",
                                              "/proc/driver", "/proc/pressure"};
constexpr const char* kEmptyDirectory = "/mnt";

struct Progress {
  std::vector<StepTime> steps;
  std::vector<os::UniqueFd> listeners;
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
  if (::unshare(CLONE_NEWCGROUP) != 0) return fail(errno_error("unshare cgroup namespace"));
  return {};
}

Status mask(const char* path, const char* with) {
  if (!os::exists(path)) return {};
  LAPWING_TRY(const os::UniqueFd cover, os::clone_mount(os::kCwd, with, false));
  return os::attach_mount(cover.get(), os::kCwd, path);
}

Status mount_proc(const Inside& inside, Progress&) {
  // With the host's pid namespace (a weakness for tests) the prepared /proc is the right one.
  if (inside.head->plan.weakness == Weakness::kHostPidNamespace) return {};
  LAPWING_TRY(const os::UniqueFd proc,
              os::make_filesystem("proc", {{"hidepid", "2"}}, kOwnMount | os::kMountNoExec));
  LAPWING_CHECK(os::attach_mount(proc.get(), os::kCwd, "/proc"));
  for (const char* path : kMaskedFiles) LAPWING_CHECK(mask(path, "/dev/null"));
  for (const char* path : kMaskedDirectories) LAPWING_CHECK(mask(path, kEmptyDirectory));
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
    LAPWING_TRY(made, os::make_filesystem(
                          "tmpfs", {{"mode", "1777"}, {"size", std::to_string(limits.tmp_bytes)}},
                          kOwnMount));
    tmp = made.get();
  }
  LAPWING_CHECK(os::attach_mount(tmp, os::kCwd, "/tmp"));
  LAPWING_TRY(
      const os::UniqueFd shm,
      os::make_filesystem("tmpfs", {{"mode", "1777"}, {"size", std::to_string(limits.shm_bytes)}},
                          kOwnMount | os::kMountNoExec));
  return os::attach_mount(shm.get(), os::kCwd, "/dev/shm");
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
  return {};
}

Status limit_resources(const Inside& inside, Progress&) {
  const Limits& limits = inside.head->plan.limits;
  return os::set_limits({{RLIMIT_NOFILE, limits.open_files},
                         {RLIMIT_NPROC, limits.processes},
                         {RLIMIT_CORE, 0},
                         {RLIMIT_MEMLOCK, 64 * kKiB},
                         {RLIMIT_RTPRIO, 0},
                         {RLIMIT_MSGQUEUE, 819'200}});
}

Status give_up_power(const Inside& inside, Progress&) {
  const Weakness weakness = inside.head->plan.weakness;
  if (weakness == Weakness::kKeepCapabilities) return {};
  LAPWING_CHECK(os::drop_bounding_set());
  LAPWING_CHECK(os::set_no_new_privs());
  if (weakness == Weakness::kNoSeccomp) return {};
  for (const os::FilterProgram& filter : *inside.filters) {
    LAPWING_CHECK(os::install_filter(filter));
  }
  return {};
}

struct Step {
  const char* name;
  Status (*run)(const Inside&, Progress&);
};

// The whole isolation, in order. Identity comes before the mounts, so that what is made
// belongs to the sandbox; power goes last.
constexpr Step kSteps[] = {
    {"descriptors", close_others},     {"id maps", wait_for_ids},  {"identity", take_identity},
    {"control groups", enter_cgroups}, {"proc", mount_proc},       {"code", mount_binds},
    {"tmp and shm", mount_scratch},    {"hostname", set_hostname}, {"network", bring_up_network},
    {"limits", limit_resources},       {"power", give_up_power},
};

void send_report(int socket, const Report& report, const std::vector<int>& fds) {
  // Nobody to tell when this fails: the server has gone, and we follow.
  (void)os::send_message(socket, encode_report(report), fds);
}

Result<LaunchBody> read_body(int plan_file) {
  struct stat info{};
  if (::fstat(plan_file, &info) != 0) return fail(errno_error("stat plan"));
  const auto size = static_cast<std::size_t>(info.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, plan_file, 0);
  if (memory == MAP_FAILED) return fail(errno_error("map plan"));
  auto body = decode_body({static_cast<const char*>(memory), size});
  ::munmap(memory, size);
  return body;
}

std::int64_t microseconds(const timeval& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

// Collects what ended; true once the program itself has.
bool reap(pid_t program, Report& exited) {
  for (;;) {
    const os::Reaped reaped = os::reap_any();
    if (reaped.pid == 0) return false;
    if (reaped.pid != program) continue;
    exited.kind = ReportKind::kExited;
    exited.number = reaped.status;
    exited.user_us = microseconds(reaped.usage.ru_utime);
    exited.system_us = microseconds(reaped.usage.ru_stime);
    return true;
  }
}

// Waits for the program, passes signals on, and ends when server or helper go: then every
// process of the pid namespace dies with us.
void supervise(const Inside& inside, pid_t program, int child_signals) {
  pollfd waits[] = {
      {inside.lifeline, POLLIN, 0}, {inside.report, POLLIN, 0}, {child_signals, POLLIN, 0}};
  Report exited;
  for (;;) {
    if (::poll(waits, 3, -1) < 0 && errno != EINTR) return;
    if (waits[0].revents != 0) return;
    if (waits[1].revents != 0) {
      const auto message = os::receive_message(inside.report, kReportBytesMax);
      if (!message) continue;
      if (message->end) return;
      const auto order = decode_report(message->bytes);
      if (order && order->kind == ReportKind::kSignal) {
        ::kill(program, static_cast<int>(order->number));
      }
    }
    if (waits[2].revents != 0) {
      signalfd_siginfo info;
      while (::read(child_signals, &info, sizeof info) < 0 && errno == EINTR) {
      }
      if (!reap(program, exited)) continue;
      send_report(inside.report, exited, {});
      return;
    }
  }
}

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

Result<pid_t> start(const Inside& inside, Progress& progress) {
  const auto before = std::chrono::steady_clock::now();
  LAPWING_TRY(const LaunchBody body, read_body(inside.plan_file));
  ProgramStart program;
  program.body = &body;
  program.working_directory = inside.head->plan.working_directory;
  program.targets = inside.head->targets;
  program.sources = inside.inherited;
  program.keep_capabilities = inside.head->plan.weakness == Weakness::kKeepCapabilities;
  LAPWING_TRY(const pid_t pid, start_program(program));
  progress.steps.push_back({"program", std::chrono::steady_clock::now() - before});
  return pid;
}

}  // namespace

void run_inside(const Inside& inside) {
  Progress progress;
  Report report;
  Status applied = apply(inside, progress);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const os::UniqueFd signals(::signalfd(-1, &child, SFD_CLOEXEC));
  Result<pid_t> program = fail(internal_error("not started"));
  if (applied) program = start(inside, progress);
  if (applied && !program) applied = fail(std::move(program).error().context("program"));
  if (!applied) {
    report.kind = ReportKind::kFailed;
    report.number = static_cast<std::int64_t>(applied.error().kind());
    report.text = applied.error().detail();
    send_report(inside.report, report, {});
    ::_exit(1);
  }
  for (const int fd : inside.inherited) ::close(fd);
  // To pass signals on to the program, which is another user; good for this sandbox only.
  (void)os::drop_capabilities(1u << CAP_KILL);
  report.kind = ReportKind::kReady;
  report.steps = std::move(progress.steps);
  std::vector<int> listeners;
  for (const os::UniqueFd& fd : progress.listeners) listeners.push_back(fd.get());
  send_report(inside.report, report, listeners);
  progress.listeners.clear();
  supervise(inside, *program, signals.get());
  ::_exit(0);
}

}  // namespace lapwing::sandbox

// Doors of the kernel that are easily forgotten: other calling conventions, rarely used calls,
// what grants rights or exhausts what the whole machine shares.
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.hpp"

namespace escape {
namespace {

// The raw calls below have no wrappers, or wrappers that would hide the kernel's answer.

struct Call {
  long number;
  const char* name;
};

// Anything but a refusal (EPERM, ENOSYS) means that the kernel looked at the arguments.
template <std::size_t N>
std::string answers(const Call (&calls)[N]) {
  for (const Call& call : calls) {
    errno = 0;
    const long result = ::syscall(call.number, -1L, 0L, 0L, 0L, 0L, 0L);
    if (result >= 0 || (errno != EPERM && errno != ENOSYS)) {
      return std::string(call.name) + " is open: " + error_text();
    }
  }
  return {};
}

// What `call` did in a process of its own: it may be killed for it.
std::string survives(long (*call)()) {
  const pid_t child = ::fork();
  if (child < 0) return "no child";
  if (child == 0) ::_exit(call() > 0 ? 1 : 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "the call was served" : "";
}

#if defined(__x86_64__)
std::string calls_32_bit() {
  return survives([] {
    long result = 20;  // getpid
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result;
  });
}

std::string calls_x32() {
  return survives([] { return ::syscall(0x4000'0000L | SYS_getpid); });
}
#else
std::string calls_32_bit() { return {}; }
std::string calls_x32() { return {}; }
#endif

std::string uses_mount_interface() {
  constexpr Call kCalls[] = {{SYS_open_tree, "open_tree"}, {SYS_move_mount, "move_mount"},
                             {SYS_fsopen, "fsopen"},       {SYS_fsconfig, "fsconfig"},
                             {SYS_fsmount, "fsmount"},     {SYS_fspick, "fspick"},
                             {442, "mount_setattr"},       {457, "statmount"},
                             {458, "listmount"},           {467, "open_tree_attr"}};
  return answers(kCalls);
}

std::string watches_file_systems() {
  constexpr Call kCalls[] = {{SYS_fanotify_init, "fanotify_init"},
                             {SYS_fanotify_mark, "fanotify_mark"}};
  return answers(kCalls);
}

std::string changes_quotas() {
  constexpr Call kCalls[] = {{SYS_quotactl, "quotactl"}, {443, "quotactl_fd"}};
  return answers(kCalls);
}

std::string makes_secret_memory() {
  constexpr Call kCalls[] = {{447, "memfd_secret"}};
  return answers(kCalls);
}

std::string moves_pages() {
  constexpr Call kCalls[] = {{SYS_move_pages, "move_pages"},
                             {SYS_migrate_pages, "migrate_pages"},
                             {448, "process_mrelease"},
                             {450, "set_mempolicy_home_node"}};
  return answers(kCalls);
}

std::string compares_processes() {
  constexpr Call kCalls[] = {{SYS_kcmp, "kcmp"}, {SYS_process_vm_writev, "process_vm_writev"}};
  return answers(kCalls);
}

std::string reboots() {
  constexpr Call kCalls[] = {{SYS_reboot, "reboot"}, {SYS_kexec_file_load, "kexec_file_load"}};
  return answers(kCalls);
}

std::string calls_forgotten() {
  constexpr Call kCalls[] = {{SYS_vhangup, "vhangup"},
                             {SYS_name_to_handle_at, "name_to_handle_at"},
                             {SYS_delete_module, "delete_module"},
                             {SYS_setdomainname, "setdomainname"},
#if defined(__x86_64__)
                             {SYS_modify_ldt, "modify_ldt"},
                             {SYS_ustat, "ustat"},
                             {SYS_sysfs, "sysfs"},
                             {SYS_uselib, "uselib"},
                             {SYS__sysctl, "_sysctl"},
#endif
                             {460, "lsm_set_self_attr"}};
  return answers(kCalls);
}

std::string adjusts_clock() {
  timex change{};
  change.modes = ADJ_STATUS;
  if (::syscall(SYS_adjtimex, &change) >= 0) return "adjtimex";
  if (::syscall(SYS_clock_adjtime, CLOCK_REALTIME, &change) >= 0) return "clock_adjtime";
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return ::syscall(SYS_clock_settime, CLOCK_REALTIME, &now) >= 0 ? "clock_settime" : "";
}

std::string wakes_machine() {
  timer_t timer{};
  return ::timer_create(CLOCK_REALTIME_ALARM, nullptr, &timer) == 0 ? "made a waking timer" : "";
}

// A filter of its own is allowed, and only ever takes rights away.
std::string loosens_filter() {
  const pid_t child = ::fork();
  if (child == 0) {
    sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    sock_fprog program{1, allow};
    (void)::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "a filter of its own freed it";
}

std::string loosens_by_landlock() {
  const pid_t child = ::fork();
  if (child == 0) {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE;
    const long rules =
        ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE;
    beneath.parent_fd = ::open("/", O_PATH | O_CLOEXEC);
    (void)::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    (void)::syscall(SYS_landlock_restrict_self, rules, 0);
    ::_exit(::open("/etc/passwd", O_WRONLY | O_CLOEXEC) >= 0 ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "a rule set of its own freed it";
}

std::string asks_for_parent_namespaces() {
  for (const char* name : {"user", "pid"}) {
    const int fd = ::open((std::string("/proc/self/ns/") + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const int parent = ::ioctl(fd, NS_GET_PARENT);
    ::close(fd);
    if (parent >= 0) return std::string("got the parent of the namespace ") + name;
  }
  return {};
}

std::string raises_capabilities() {
  for (int capability = 0; capability < 41; ++capability) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0) return "ambient";
  }
  struct {
    unsigned version = 0x20080522;
    int pid = 0;
  } header;
  const unsigned all[6] = {~0u, ~0u, ~0u, ~0u, ~0u, ~0u};
  if (::syscall(SYS_capset, &header, all) == 0) return "capset";
  return ::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == 0 ? "secure bits" : "";
}

std::string fakes_memory_map() {
  return ::prctl(PR_SET_MM, PR_SET_MM_START_BRK, 0x10000, 0, 0) == 0 ? "PR_SET_MM" : "";
}

std::string gets_ahead() {
  if (::setpriority(PRIO_PROCESS, 0, -5) == 0) return "nice -5";
  sched_param parameters{};
  parameters.sched_priority = 1;
  if (::sched_setscheduler(0, SCHED_FIFO, &parameters) == 0) return "real-time";
  return ::syscall(SYS_ioprio_set, 1, 0, 1 << 13) == 0 ? "real-time I/O" : "";
}

std::string raises_limits() {
  for (const int resource : {RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_CORE, RLIMIT_MEMLOCK,
                             RLIMIT_RTPRIO, RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING}) {
    rlimit limit{};
    // The calls take an enumeration in C++; the kernel takes the number.
    const auto which = static_cast<__rlimit_resource>(resource);
    ::getrlimit(which, &limit);
    const rlimit more{limit.rlim_cur, limit.rlim_max + 1};
    if (limit.rlim_max == RLIM_INFINITY) return "no limit " + std::to_string(resource);
    if (::setrlimit(which, &more) == 0) return "raised limit " + std::to_string(resource);
  }
  return {};
}

// Of the sandbox's first process, which would then hear no orders.
std::string limits_first() {
  const rlimit none{0, 0};
  return ::prlimit(1, RLIMIT_NOFILE, &none, nullptr) == 0 ? "limited process 1" : "";
}

std::string locks_memory() {
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  void* block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // The call itself: sanitizers make the wrapper do nothing.
  return ::syscall(SYS_mlock, block, kBytes) == 0 ? "locked 1 MiB" : "";
}

// Zero would still feed a core to a machine's handler (core_pattern with a pipe); one does not.
std::string dumps_core() {
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  return limit.rlim_cur == 1 && limit.rlim_max == 1 ? "" : "its core would reach the machine";
}

std::string hides_from_memory_killer() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const bool done = ::write(fd, "-100", 4) == 4;
  ::close(fd);
  return done ? "will not be killed first" : "";
}

// What the kernel counts for the whole machine or for the user who made the sandboxes: one
// sandbox gets a small share.
std::string takes_inotify() {
  constexpr int kShare = 32;
  int taken[kShare + 1];
  int count = 0;
  while (count <= kShare && (taken[count] = ::inotify_init1(IN_CLOEXEC)) >= 0) ++count;
  for (int i = 0; i < count; ++i) ::close(taken[i]);
  return count > kShare ? "more than " + std::to_string(kShare) + " inotify instances" : "";
}

std::string takes_timers() {
  constexpr int kShare = 1024;
  const pid_t child = ::fork();  // its timers go with it
  if (child == 0) {
    sigevent how{};
    how.sigev_notify = SIGEV_NONE;
    for (int count = 0; count <= kShare; ++count) {
      timer_t timer{};
      if (::timer_create(CLOCK_MONOTONIC, &how, &timer) != 0) ::_exit(0);
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "more than 1024 timers" : "";
}

std::string takes_asynchronous_io() {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 1, &context) != 0) return {};
  ::syscall(SYS_io_destroy, context);
  return "io_setup takes from a count of the whole machine";
}

}  // namespace

std::vector<Attempt> gap_attempts() {
  return {{"call the 32-bit way", calls_32_bit},
          {"call the x32 way", calls_x32},
          {"use the new mount interface", uses_mount_interface},
          {"watch file systems", watches_file_systems},
          {"change quotas", changes_quotas},
          {"make secret memory", makes_secret_memory},
          {"move pages", moves_pages},
          {"compare processes", compares_processes},
          {"reboot", reboots},
          {"call the forgotten", calls_forgotten},
          {"adjust the clock", adjusts_clock},
          {"wake the machine", wakes_machine},
          {"loosen the filter", loosens_filter},
          {"loosen by landlock", loosens_by_landlock},
          {"ask for parent namespaces", asks_for_parent_namespaces},
          {"raise capabilities", raises_capabilities},
          {"fake the memory map", fakes_memory_map},
          {"get ahead of others", gets_ahead},
          {"raise limits", raises_limits},
          {"limit the first process", limits_first},
          {"lock memory", locks_memory},
          {"dump core", dumps_core},
          {"hide from the memory killer", hides_from_memory_killer},
          {"take inotify instances", takes_inotify},
          {"take timers", takes_timers},
          {"take asynchronous I/O", takes_asynchronous_io}};
}

}  // namespace escape

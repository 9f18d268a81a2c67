#include "sandbox/inside/syscall_filter.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <memory>
#include <netinet/in.h>
#include <seccomp.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/file.hpp"
#include "os/socket.hpp"

namespace lapwing::sandbox {
namespace {

constexpr const char* kAllowed[] = {
    // files
    "read",
    "write",
    "open",
    "openat",
    "openat2",
    "close",
    "close_range",
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "statx",
    "poll",
    "ppoll",
    "lseek",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "access",
    "faccessat",
    "faccessat2",
    "pipe",
    "pipe2",
    "select",
    "pselect6",
    "dup",
    "dup2",
    "dup3",
    "sendfile",
    "ioctl",
    "mknod",
    "mknodat",
    "fcntl",
    "flock",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "syncfs",
    "sync",
    "truncate",
    "ftruncate",
    "getdents",
    "getdents64",
    "getcwd",
    "chdir",
    "fchdir",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "rmdir",
    "creat",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "symlink",
    "symlinkat",
    "readlink",
    "readlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "umask",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
    "statfs",
    "fstatfs",
    "fallocate",
    "fadvise64",
    "readahead",
    "splice",
    "tee",
    "vmsplice",
    "copy_file_range",
    "inotify_init",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "getxattr",
    "lgetxattr",
    "fgetxattr",
    "listxattr",
    "llistxattr",
    "flistxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "memfd_create",
    "cachestat",
    // memory
    "mmap",
    "mprotect",
    "munmap",
    "brk",
    "mremap",
    "msync",
    "mincore",
    "madvise",
    "mlock",
    "mlock2",
    "munlock",
    "mlockall",
    "munlockall",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    "membarrier",
    "rseq",
    "map_shadow_stack",
    "mseal",
    // processes, threads, signals
    "fork",
    "vfork",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "wait4",
    "waitid",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_open",
    "pidfd_send_signal",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "rt_sigsuspend",
    "sigaltstack",
    "signalfd",
    "signalfd4",
    "restart_syscall",
    "pause",
    "set_tid_address",
    "set_robust_list",
    "get_robust_list",
    "futex",
    "futex_waitv",
    "futex_wake",
    "futex_wait",
    "futex_requeue",
    "gettid",
    "getpid",
    "getppid",
    "getpgrp",
    "getpgid",
    "setpgid",
    "getsid",
    "setsid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "getgroups",
    "setgroups",
    "capget",
    "capset",
    "prctl",
    "arch_prctl",
    "getrlimit",
    "setrlimit",
    "getrusage",
    "getpriority",
    "setpriority",
    "ioprio_get",
    "ioprio_set",
    "sched_yield",
    "sched_getparam",
    "sched_setparam",
    "sched_getscheduler",
    "sched_setscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_getaffinity",
    "sched_getattr",
    "sched_setattr",
    "getcpu",
    "get_mempolicy",
    "set_mempolicy",
    "mbind",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "seccomp",
    // time
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "times",
    "getitimer",
    "setitimer",
    "alarm",
    "timer_create",
    "timer_settime",
    "timer_gettime",
    "timer_getoverrun",
    "timer_delete",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    // waiting
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd",
    "eventfd2",
    // network (socket and socketpair below)
    "connect",
    "accept",
    "accept4",
    "bind",
    "listen",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "sendto",
    "recvfrom",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "recvmmsg",
    "shutdown",
    // System V and POSIX interprocess communication, inside the own namespace
    "shmget",
    "shmat",
    "shmdt",
    "shmctl",
    "semget",
    "semop",
    "semtimedop",
    "semctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "mq_unlink",
    "mq_timedsend",
    "mq_timedreceive",
    "mq_notify",
    "mq_getsetattr",
    // the rest
    "uname",
    "sysinfo",
    "getrandom",
};

// Not here, and so unknown to programs, which do without: io_setup, as the kernel counts its
// requests for the whole machine; process_madvise, which is for managers of others' memory.

// Refused in words a program understands.
constexpr const char* kRefused[] = {
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "open_by_handle_at",
    "name_to_handle_at",
    "reboot",
    "swapon",
    "swapoff",
    "quotactl",
    "quotactl_fd",
    "acct",
    "syslog",
    "iopl",
    "ioperm",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "vhangup",
    "lookup_dcookie",
    "fanotify_init",
    "fanotify_mark",
    "pidfd_getfd",
    "move_pages",
    "migrate_pages",
    "nfsservctl",
    "modify_ldt",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
};

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// Others would have to be loaded into the kernel first. MPTCP is what Go listens with.
constexpr std::uint64_t kInternetProtocols[] = {
    0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, 262 /* MPTCP */};

// Newer than the headers of some machines.
constexpr std::uint64_t kAdviseCollapse = 25;  // MADV_COLLAPSE
constexpr std::uint64_t kSetMemoryMerge = 67;  // PR_SET_MEMORY_MERGE

constexpr unsigned long kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                          CLONE_NEWNET;

class Rules {
 public:
  explicit Rules(void* context) : context_(context) {}

  // Names this libseccomp or architecture does not know are left to the default action.
  void add(std::uint32_t action, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR && number >= 0) {
      note(seccomp_rule_add_array(context_, action, number, 0, nullptr), name);
    }
  }
  template <class... Conditions>
  void add(std::uint32_t action, const char* name, const Conditions&... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    const scmp_arg_cmp all[] = {conditions...};
    if (number != __NR_SCMP_ERROR && number >= 0) {
      note(seccomp_rule_add_array(context_, action, number, sizeof...(conditions), all), name);
    }
  }
  Status result() const {
    if (failed_.empty()) return {};
    return fail(internal_error("system-call filter: " + failed_));
  }

 private:
  void note(int error, const char* name) {
    if (error != 0) failed_ = std::string(name) + ": " + errno_error("", -error).detail();
  }
  void* context_;
  std::string failed_;
};

scmp_arg_cmp argument(unsigned index, scmp_compare how, std::uint64_t a, std::uint64_t b = 0) {
  return {index, how, a, b};
}

void add_conditional(Rules& rules) {
  // Threads and processes, but no namespaces; clone3 is left to the default answer.
  rules.add(SCMP_ACT_ALLOW, "clone", argument(0, SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0));
  for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
    const auto own = static_cast<std::uint64_t>(family);
    rules.add(SCMP_ACT_ALLOW, "socketpair", argument(0, SCMP_CMP_EQ, own));
  }
  rules.add(SCMP_ACT_ALLOW, "socket", argument(0, SCMP_CMP_EQ, AF_UNIX));
  // Interface lists (getifaddrs) come over netlink's routing protocol.
  rules.add(SCMP_ACT_ALLOW, "socket", argument(0, SCMP_CMP_EQ, AF_NETLINK),
            argument(2, SCMP_CMP_EQ, NETLINK_ROUTE));
  for (const std::uint64_t protocol : kInternetProtocols) {
    for (const int family : {AF_INET, AF_INET6}) {
      rules.add(SCMP_ACT_ALLOW, "socket",
                argument(0, SCMP_CMP_EQ, static_cast<std::uint64_t>(family)),
                argument(2, SCMP_CMP_EQ, protocol));
    }
  }
  // A process's own limits, and anybody's to read. Where only one user id is mapped, the sandbox's
  // first process would be among those that can be limited.
  rules.add(SCMP_ACT_ALLOW, "prlimit64", argument(0, SCMP_CMP_EQ, 0));
  rules.add(SCMP_ACT_ALLOW, "prlimit64", argument(2, SCMP_CMP_EQ, 0));
  // Only the personalities that change nothing dangerous.
  for (const std::uint64_t persona : {std::uint64_t{PER_LINUX}, std::uint64_t{0xffff'ffff},
                                      std::uint64_t{UNAME26}, std::uint64_t{ADDR_NO_RANDOMIZE}}) {
    rules.add(SCMP_ACT_ALLOW, "personality", argument(0, SCMP_CMP_MASKED_EQ, 0xffff'ffff, persona));
  }
}

Result<os::FilterProgram> export_program(void* context) {
  LAPWING_TRY(const os::UniqueFd file, os::make_memory_file("filter", ""));
  if (const int error = seccomp_export_bpf(context, file.get()); error != 0) {
    return fail(errno_error("export system-call filter", -error));
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  os::FilterProgram program(static_cast<std::size_t>(size), '\0');
  if (::pread(file.get(), program.data(), program.size(), 0) != size) {
    return fail(errno_error("read system-call filter"));
  }
  return program;
}

Result<os::FilterProgram> compile_allow_list() {
  const Context context(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!context) return fail(internal_error("seccomp_init"));
  // A binary tree instead of a list: a call costs a few comparisons, not three hundred.
  (void)seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  (void)seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  Rules rules(context.get());
  for (const char* name : kAllowed) rules.add(SCMP_ACT_ALLOW, name);
  for (const char* name : kRefused) rules.add(SCMP_ACT_ERRNO(EPERM), name);
  add_conditional(rules);
  LAPWING_CHECK(rules.result());
  return export_program(context.get());
}

// Huge pages are the machine's, set aside by its owner for others. Merging equal pages tells by
// its timing what other sandboxes hold. Collapsing moves memory of the whole machine about; the
// advice to use large pages (MADV_HUGEPAGE) is only that, and counts as the function's memory.
// The answers are those of a kernel without.
void refuse_machine_memory(Rules& rules) {
  constexpr std::uint64_t kLow = 0xffff'ffff;
  rules.add(SCMP_ACT_ERRNO(ENOMEM), "mmap",
            argument(3, SCMP_CMP_MASKED_EQ, MAP_HUGETLB, MAP_HUGETLB));
  rules.add(SCMP_ACT_ERRNO(EINVAL), "memfd_create",
            argument(1, SCMP_CMP_MASKED_EQ, MFD_HUGETLB, MFD_HUGETLB));
  rules.add(SCMP_ACT_ERRNO(EINVAL), "shmget",
            argument(2, SCMP_CMP_MASKED_EQ, SHM_HUGETLB, SHM_HUGETLB));
  for (const std::uint64_t advice : {std::uint64_t{MADV_MERGEABLE}, kAdviseCollapse}) {
    rules.add(SCMP_ACT_ERRNO(EINVAL), "madvise", argument(2, SCMP_CMP_MASKED_EQ, kLow, advice));
  }
  rules.add(SCMP_ACT_ERRNO(EINVAL), "prctl",
            argument(0, SCMP_CMP_MASKED_EQ, kLow, kSetMemoryMerge));
}

// A program of its own: an allow-list cannot say "every request but these" safely, because
// the kernel looks at the low half of the argument only.
Result<os::FilterProgram> compile_refusals(bool hide_processors) {
  const Context context(seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return fail(internal_error("seccomp_init"));
  Rules rules(context.get());
  // Typing into a terminal's input, and pasting a console's selection.
  for (const std::uint64_t request : {std::uint64_t{TIOCSTI}, std::uint64_t{TIOCLINUX}}) {
    rules.add(SCMP_ACT_ERRNO(EPERM), "ioctl",
              argument(1, SCMP_CMP_MASKED_EQ, 0xffff'ffff, request));
  }
  refuse_machine_memory(rules);
  // What the sandbox's first process answers; of two verdicts this one goes before "allowed".
  rules.add(SCMP_ACT_NOTIFY, "sysinfo");
  if (hide_processors) rules.add(SCMP_ACT_NOTIFY, "sched_getaffinity");
  LAPWING_CHECK(rules.result());
  return export_program(context.get());
}

}  // namespace

Result<std::vector<os::FilterProgram>> compile_syscall_filters(bool hide_processors) {
  std::vector<os::FilterProgram> programs(2);
  LAPWING_TRY(programs[0], compile_refusals(hide_processors));
  LAPWING_TRY(programs[1], compile_allow_list());
  return programs;
}

}  // namespace lapwing::sandbox

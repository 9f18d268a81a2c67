#include "os/process.hpp"

#include <cstring>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "os/file.hpp"

namespace lapwing::os {

Result<CloneResult> clone_process(std::uint64_t namespaces, int cgroup_fd) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = namespaces | CLONE_PIDFD;
  arguments.exit_signal = SIGCHLD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  if (cgroup_fd >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
  }
  // glibc has no wrapper; without CLONE_VM this is fork with more flags, so no stack is
  // shared and returning from here in the child is safe.
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return fail(errno_error("clone3"));
  CloneResult result;
  result.pid = static_cast<pid_t>(pid);
  if (pid > 0) result.pidfd.reset(pidfd);
  return result;
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  // Raw: the wrapper came with glibc 2.36 only.
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return fail(errno_error("pidfd_open"));
  return UniqueFd(static_cast<int>(fd));
}

Status signal_pidfd(int pidfd, int signal_number) {
  // Raw: as above.
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal_number, nullptr, 0) != 0) {
    return fail(errno_error("pidfd_send_signal"));
  }
  return {};
}

void wait_pidfd(int pidfd) {
  siginfo_t info{};
  // P_PIDFD: the enumerator is missing from older headers.
  while (::waitid(static_cast<idtype_t>(3), static_cast<id_t>(pidfd), &info, WEXITED) != 0 &&
         errno == EINTR) {
  }
}

Reaped reap_any() {
  Reaped reaped;
  const pid_t pid = ::wait4(-1, &reaped.status, WNOHANG, &reaped.usage);
  reaped.pid = pid > 0 ? pid : 0;
  return reaped;
}

Result<std::size_t> own_threads() {
  LAPWING_TRY(const auto names, list_directory("/proc/self/task"));
  return names.size();
}

}  // namespace lapwing::os

// Processes: clone3, pidfds, waiting.
#pragma once

#include <cstdint>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

struct CloneResult {
  pid_t pid = 0;   // 0 in the child
  UniqueFd pidfd;  // in the parent
};

// fork with namespaces (CLONE_NEW*). `cgroup_fd` >= 0 puts the child into that cgroup (v2)
// from its first instruction. Only for processes of a single thread: in the child, locks
// held by other threads would stay held forever.
Result<CloneResult> clone_process(std::uint64_t namespaces, int cgroup_fd = -1);

Result<UniqueFd> open_pidfd(pid_t pid);
Status signal_pidfd(int pidfd, int signal_number);

// Waits until a child has ended and collects it.
void wait_pidfd(int pidfd);

struct Reaped {
  pid_t pid = 0;  // 0: nothing has ended
  int status = 0;
  rusage usage{};
};
// One ended child, without waiting.
Reaped reap_any();

// Number of threads of this process (from /proc/self/task).
Result<std::size_t> own_threads();

}  // namespace lapwing::os

// System calls that tell of the machine's size, answered by a sandbox's first process with the
// function's: sysinfo(2), by which C libraries know how much memory there is
// (sysconf(_SC_PHYS_PAGES)), and, where the machine has more processors than any function,
// sched_getaffinity(2). Both are rare; each costs two switches between processes.
//
// The system-call filter hands them over (SECCOMP_RET_USER_NOTIF): each program's filter has a
// listener, which the program sends to the first process before it runs anything of a function's.
// What cannot be answered here is answered by the kernel, truthfully.
//
// Thread-safety: the first process, which has one thread.
#pragma once

#include <cstdint>
#include <poll.h>
#include <vector>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::sandbox {

class SystemAnswers {
 public:
  void set(std::uint64_t memory_bytes, std::uint32_t processors) {
    memory_bytes_ = memory_bytes;
    processors_ = processors;
  }
  // Of a program that was started here.
  void add(os::UniqueFd listener) { listeners_.push_back(std::move(listener)); }
  // Where a program that is forked elsewhere will send its own; the answer is that program's end.
  Result<os::UniqueFd> expect();

  // Appends what is to be waited for.
  void wait_for(std::vector<pollfd>& waits) const;
  // Answers what came; `waits` as appended, after the wait.
  void serve(const pollfd* waits);

 private:
  void answer(int listener) const;

  std::uint64_t memory_bytes_ = 0;
  std::uint32_t processors_ = 0;
  std::vector<os::UniqueFd> listeners_;
  std::vector<os::UniqueFd> expected_;
};

}  // namespace lapwing::sandbox

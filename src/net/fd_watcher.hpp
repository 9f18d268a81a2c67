// FdWatcher: waits for any pollable descriptor: pipes, pidfds, eventfds, sockets.
//
// One reader and one writer may wait at a time; waits may be destroyed. Reads and writes set
// O_NONBLOCK on the descriptor the first time, which a pipe shares with every process that
// holds the same end. Writing to a pipe nobody reads raises SIGPIPE unless the process
// ignores it (main does).
//
// Thread-safety: the loop's thread.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/task.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::net {

class IoWatch;
class Loop;

class FdWatcher {
 public:
  // Owns the descriptor from here on.
  FdWatcher(Loop& loop, os::UniqueFd fd);
  ~FdWatcher();
  FdWatcher(FdWatcher&&) noexcept;
  FdWatcher& operator=(FdWatcher&&) = delete;

  int fd() const { return fd_.get(); }
  // False: what is there to read, if anything, came after the last look at what is ready. Needs no
  // system call.
  bool seems_readable() const;
  // Resumes while the descriptor is readable (a pidfd: when the process has ended); at once
  // if it is already. kTimeout after the deadline.
  Task<Status> readable();
  Task<Status> writable();
  // 0 means end of file.
  Task<Result<std::size_t>> read_some(MutableBytes into);
  Task<Result<std::size_t>> write_some(ByteView from);
  // For waits of both kinds; kNoDeadline (MonoTime::max()) lifts it.
  void set_deadline(MonoTime when);

  static void make_non_blocking(int fd);

  // Stops watching and gives the descriptor away.
  os::UniqueFd release();

 private:
  os::UniqueFd fd_;
  std::unique_ptr<IoWatch> watch_;  // before fd_ is closed
  bool non_blocking_ = false;
};

}  // namespace lapwing::net

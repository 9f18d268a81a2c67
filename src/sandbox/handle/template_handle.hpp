// The server's side of a template, and of the children it forks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/fd_watcher.hpp"
#include "net/task.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/fork_server/protocol.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/template.hpp"

namespace lapwing::sandbox {

// Reads one report; kUnavailable when the other side has gone.
net::Task<Result<ForkReport>> next_fork_report(net::FdWatcher& from);

class TemplateHandle final : public Template {
 public:
  TemplateHandle(net::Loop& loop, os::UniqueFd control)
      : loop_(loop), control_(loop, std::move(control)) {}

  int pid() const override { return pid_; }
  bool alive() const override;
  // What each child shares with it at first.
  std::uint64_t resident_bytes() const { return resident_bytes_; }

  // Until the interpreter has called fork(), or ended, or `limit` is over.
  net::Task<Status> wait_until_ready();
  // Asks for a child; reports come on the other end of `report`.
  net::Task<Status> request(const ForkRequest& head, std::vector<int> fds);

 private:
  net::Loop& loop_;
  int pid_ = 0;
  std::uint64_t resident_bytes_ = 0;
  net::FdWatcher control_;
};

}  // namespace lapwing::sandbox

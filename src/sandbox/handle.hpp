// The server's side of one sandbox: reads its report socket, keeps what it said.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "net/fd_watcher.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "sandbox/cgroup.hpp"
#include "sandbox/housekeeper.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/wire.hpp"

namespace lapwing::sandbox {

class Handle final : public Sandbox {
 public:
  Handle(net::Loop& loop, std::string id, os::UniqueFd report, TmpMount tmp,
         Housekeeper& housekeeper);
  ~Handle() override;

  // Reads reports until the program runs or something failed.
  net::Task<Status> started(const std::vector<ListenerPlan>& listeners);

  // Puts the server's own share around the steps of the inside.
  void add_steps(Duration tmp, Duration total);

  const std::string& id() const override { return id_; }
  int pid() const override { return pid_; }
  std::vector<NamedListener> take_listeners() override { return std::move(listeners_); }
  const std::vector<StepTime>& launch_steps() const override { return steps_; }
  net::Task<ExitStatus> exited() override;
  void kill() override;
  Status signal(int signal_number) override;
  Status freeze() override;
  Status thaw() override;
  MemoryUse memory() const override;
  Duration cpu_time() const override;
  std::uint64_t oom_kills() const override;
  net::Task<void> destroy() override;

 private:
  net::Task<Result<Report>> next_report();
  net::Task<void> follow();
  void note_exit(const Report& report);

  net::Loop& loop_;
  const std::string id_;
  Housekeeper& housekeeper_;
  int pid_ = 0;
  bool killed_ = false;
  bool program_reported_ = false;
  bool released_ = false;
  os::UniqueFd pidfd_;
  TmpMount tmp_;
  std::vector<NamedListener> listeners_;
  std::vector<os::UniqueFd> received_;
  std::vector<StepTime> steps_;
  ExitStatus status_;
  net::FdWatcher report_;
  net::Event gone_;
  net::TaskGroup tasks_;  // last: its task uses everything above
};

}  // namespace lapwing::sandbox

// The server's side of one sandbox: reads its report socket, keeps what it said.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/fd_watcher.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "sandbox/cgroup/cgroup.hpp"
#include "sandbox/handle/housekeeper.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/wire.hpp"

namespace lapwing::sandbox {

// What is done from outside for a sandbox that is running already.
class Outside {
 public:
  virtual ~Outside() = default;
  // Mounts: read-only copies of host directories.
  virtual net::Task<Result<std::vector<os::UniqueFd>>> clone(net::Loop& loop,
                                                             std::vector<Bind> binds) = 0;
  virtual net::Task<Status> limit_egress(net::Loop& loop, EgressChange change) = 0;
};

class Handle final : public Sandbox {
 public:
  Handle(net::Loop& loop, std::string id, os::UniqueFd report, TmpMount tmp, const Plan& plan,
         Housekeeper& housekeeper, Outside& outside);
  ~Handle() override;

  // Reads reports until the program runs or something failed.
  net::Task<Status> started(const std::vector<ListenerPlan>& listeners);

  // From here on its programs are a function's, and how fast they use /tmp is looked at.
  void begin_pace();
  // Puts the server's own share around the steps of the inside.
  void add_steps(Duration tmp, Duration total);

  const std::string& id() const override { return id_; }
  int pid() const override { return pid_; }
  std::vector<NamedListener> take_listeners() override { return std::move(listeners_); }
  const std::vector<StepTime>& launch_steps() const override { return steps_; }
  net::Task<Status> assign(const Assignment& assignment) override;
  net::Task<Result<ProgramId>> start(const ProgramPlan& program,
                                     std::vector<InheritedFd> fds) override;
  net::Task<Result<ProgramId>> fork_from(Template& from, std::vector<InheritedFd> fds) override;
  bool alive() const override { return !gone_.is_set(); }
  bool running(ProgramId program) const override;
  net::Task<ExitStatus> program_exited(ProgramId program) override;
  net::Task<Result<os::UniqueFd>> socket(int family, int type) override;
  net::Task<ExitStatus> exited() override;
  void kill() override;
  Status signal(int signal_number, ProgramId program) override;
  net::Task<Status> clear() override;
  Status freeze() override;
  Status thaw() override;
  MemoryUse memory() override;
  Duration cpu_time() const override;
  std::uint64_t oom_kills() const override;
  net::Task<void> destroy() override;

 private:
  // How a program ended, or that it has not.
  struct Program {
    explicit Program(net::Loop& loop) : ended(loop) {}
    net::Event ended;
    ExitStatus status;
    // Of a template's child: itself, and where the template tells of it.
    os::UniqueFd pidfd;
    std::unique_ptr<net::FdWatcher> reports;
  };
  using Answer = std::vector<os::UniqueFd>;

  const CgroupTree::Files& files();
  bool ran_out_of_memory() const;
  std::uint64_t uncounted_memory(const CgroupMemory& counted) const;
  Status set_frozen(bool frozen);
  void end_pace();
  net::Task<Result<Report>> next_report();
  net::Task<void> follow();
  void note_exit(ProgramId id, int status, std::int64_t user_us, std::int64_t system_us);
  net::Task<void> follow_child(ProgramId id, net::FdWatcher& reports);
  void note_end();
  void answer_order(const Report& report);
  // Sends an order and waits for what the first process answers.
  net::Task<Result<Answer>> command(Order order, std::vector<int> fds);
  Program& program(ProgramId id);

  net::Loop& loop_;
  const std::string id_;
  Housekeeper& housekeeper_;
  int pid_ = 0;
  bool killed_ = false;
  bool released_ = false;
  os::UniqueFd pidfd_;
  TmpMount tmp_;
  std::shared_ptr<TmpPace::Member> pace_;  // while programs run; leaves before tmp_ goes
  Limits limits_;
  const Weakness weakness_;
  Outside& outside_;
  std::uint64_t next_order_ = kMainProgram + 1;  // orders and programs are numbered together
  std::map<std::uint64_t, net::OneShotSender<Result<Answer>>> orders_;
  std::map<ProgramId, std::unique_ptr<Program>> programs_;
  std::vector<NamedListener> listeners_;
  std::vector<os::UniqueFd> received_;
  std::vector<StepTime> steps_;
  std::optional<CgroupTree::Files> files_;  // opened when first used
  MemoryUse memory_;
  std::uint64_t raw_memory_peak_ = 0;
  std::uint64_t uncounted_bytes_ = 0;  // as last seen, or as it began with
  MonoTime memory_seen_{};
  std::uint64_t oom_kills_before_ = 0;  // of programs that clear() ended
  net::FdWatcher report_;
  net::Event gone_;
  net::TaskGroup tasks_;  // last: its task uses everything above
};

}  // namespace lapwing::sandbox

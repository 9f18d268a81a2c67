// Launcher: makes sandboxes. Two processes stand behind it: the server, which holds this
// object, and a small single-threaded helper forked from it before any thread existed. The
// helper clones sandboxes out of prepared root file systems (mount namespaces made once per
// RootPlan), so that a launch costs a clone and a handful of mounts; the setting up itself
// happens in the new process, so launches overlap.
//
// Life and death: the helper ends when the server does, however that comes; every sandbox
// ends when the helper does. The helper removes the cgroups on its way out. Mounts live in
// the helper's mount namespace and /tmp images have no names, so nothing else can be left.
// What a killed helper leaves (empty cgroups) the next start() with the same data directory
// removes; other live instances are never touched.
//
//   int main() {
//     auto launcher = Launcher::start(options);   // first thing in main, before any thread
//     ...
//     auto box = co_await (*launcher)->launch(loop, plan, std::move(fds));
//     for (auto& l : (*box)->take_listeners()) serve(std::move(l.fd));
//     ExitStatus how = co_await (*box)->exited();
//     co_await (*box)->destroy();
//
// A sandbox can also be prepared ahead: a plan without argv is set up and waits. assign()
// then makes it one function's, and start() runs programs in it, several if need be.
//
// Thread-safety: start() before any thread; launch() from any loop's thread, result and
// Sandbox belong to that loop; the Launcher outlives its Sandboxes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/network/network.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/report.hpp"
#include "sandbox/template.hpp"
#include "sandbox/tmp/tmp_debt.hpp"

namespace lapwing {
class Logger;
}
namespace lapwing::os {
class DiskSpace;
}
namespace lapwing::net {
class Loop;
template <class T>
class Task;
}  // namespace lapwing::net

namespace lapwing::sandbox {

struct LauncherOptions {
  std::string data_dir;  // roots/ below it; also says which leftovers are ours
  // The data directory of a server for which this instance only looks at the machine: nothing is
  // written there, and names are those that its server has or would have. "": none.
  std::string stands_in_for;
  // How many /tmp images of the sizes in use are kept ready.
  std::uint32_t tmp_ready = 4;
  // false: /tmp is a tmpfs even where loop devices work (it then counts as memory).
  bool tmp_images = true;
  // What those may take of the disk; null: whatever there is.
  std::shared_ptr<os::DiskSpace> space;
  // How fast those are used.
  TmpRates tmp_rates;
  NetworkOptions network;
  // sched_getaffinity(2) tells of Limits::processors_shown at most; for machines with more than
  // functions are shown, as it makes the call slower.
  bool hide_processors = false;
  std::uint64_t processes_max = 0;  // of all sandboxes; 0: a part of what the machine can have
  // How long to wait for another instance with this data directory to end: the helper of a
  // killed server is gone after a moment.
  std::chrono::milliseconds lock_wait{6000};
};

// Whether another instance, or what is left of one that was killed, has this data directory now:
// start() waits for it (lock_wait).
bool is_held(const std::string& data_dir);

// A descriptor the program inside gets at the given number (0, 1, 2, 3...). Numbers not
// named are closed; 0..2 not named are /dev/null.
struct InheritedFd {
  int target = 0;
  os::UniqueFd fd;
};

struct NamedListener {
  std::string name;  // ListenerPlan::name
  os::UniqueFd fd;   // listening, non-blocking
};

struct StepTime {
  std::string step;
  Duration took{};
};

// How the program ended.
struct ExitStatus {
  bool signalled = false;  // ended by a signal
  int code = 0;            // exit status, or the signal's number
  bool out_of_memory = false;
  Duration cpu_user{};
  Duration cpu_system{};
  std::string detail{};  // of a template's child that never ran: why
};

struct MemoryUse {
  // All that the sandbox's programs hold, also what they share with a template or by mapping the
  // same libraries, but no page cache that could be dropped; up to ten seconds old while no new
  // height is reached.
  std::uint64_t current_bytes = 0;
  std::uint64_t peak_bytes = 0;  // highest since the launch or the last reset_peak()
};

// One running sandbox. Destroying the handle kills it and lets the launcher's housekeeper
// release the rest; destroy() does the same and waits.
class Sandbox {
 public:
  virtual ~Sandbox() = default;

  virtual const std::string& id() const = 0;
  virtual int pid() const = 0;  // of the sandbox's first process, on the host
  virtual std::vector<NamedListener> take_listeners() = 0;
  virtual const std::vector<StepTime>& launch_steps() const = 0;

  // Mounts code and layers and sets the limits of a waiting sandbox. Once, before start().
  virtual net::Task<Status> assign(const Assignment& assignment) = 0;
  // Starts a program, as the sandbox's user and under its filter. Completes when it has been
  // executed, or with what failed (kNotFound: argv[0] is not there).
  virtual net::Task<Result<ProgramId>> start(const ProgramPlan& program,
                                             std::vector<InheritedFd> fds) = 0;
  // The same with a child of a template, which is that template's interpreter, ready. The
  // child starts in /var/task.
  virtual net::Task<Result<ProgramId>> fork_from(Template& from, std::vector<InheritedFd> fds) = 0;
  // False once it is known that every process of it is gone.
  virtual bool alive() const = 0;
  // False once that program's end is known.
  virtual bool running(ProgramId program) const = 0;
  // Completes when that program has ended, at once if it has already; also when the sandbox
  // ends.
  virtual net::Task<ExitStatus> program_exited(ProgramId program) = 0;
  // A socket (non-blocking, unconnected) of the sandbox's network namespace, for connecting
  // from the server to what listens inside. `family` and `type` as for socket(2).
  virtual net::Task<Result<os::UniqueFd>> socket(int family, int type) = 0;

  // Completes when every process of the sandbox is gone, with how the main program ended. May
  // be awaited by several tasks; after the end it completes at once.
  virtual net::Task<ExitStatus> exited() = 0;
  // SIGKILL to everything inside, frozen or not. exited() follows.
  virtual void kill() = 0;
  // SIGTERM (or another) to one program alone.
  virtual Status signal(int signal_number, ProgramId program = kMainProgram) = 0;

  // Ends every program and waits until none is left. The sandbox then waits for start() and
  // fork_from() again, its /tmp as it was. Only of one that was launched waiting, and not frozen.
  // When it fails, the sandbox is of no more use.
  virtual net::Task<Status> clear() = 0;

  // Stops and continues everything inside (cgroup freezer).
  virtual Status freeze() = 0;
  virtual Status thaw() = 0;

  virtual MemoryUse memory() = 0;
  virtual Duration cpu_time() const = 0;
  virtual std::uint64_t oom_kills() const = 0;

  // Kills if needed, then releases cgroup and /tmp. Completes when nothing is left.
  virtual net::Task<void> destroy() = 0;
};

// Whether kNat (and kHost, where wanted) may be planned, and how, or why not.
struct NetworkStatus {
  bool available = false;
  std::string text;
  NameServerSockets name_server;  // for a DnsForwarder, when available
};

class Launcher {
 public:
  virtual ~Launcher() = default;

  // Forks the helper, detects what the machine offers, removes leftovers. Fails when no
  // sandbox could be made at all; the error says the remedy.
  static Result<std::unique_ptr<Launcher>> start(LauncherOptions options);

  // Once threads may exist: starts the housekeeper (ready /tmp images, clean-up).
  virtual Status begin_housekeeping(Logger& logger) = 0;

  // Completes when the program has been executed (execve succeeded) or with the step that
  // failed: "launch python: mount /proc: Operation not permitted".
  virtual net::Task<Result<std::unique_ptr<Sandbox>>> launch(net::Loop& loop, const Plan& plan,
                                                             std::vector<InheritedFd> fds) = 0;

  // Completes when the interpreter has called fork(). The template belongs to `loop`.
  virtual net::Task<Result<std::unique_ptr<Template>>> start_template(net::Loop& loop,
                                                                      const TemplatePlan& plan) = 0;

  // The way out of the sandboxes.
  virtual NetworkStatus& network() = 0;
  // What is enforced on this machine and what is not.
  virtual const IsolationReport& report() const = 0;
  // Of sandboxes that were beyond LauncherOptions::tmp_rates.
  virtual const TmpPauses& tmp_pauses() const = 0;
};

}  // namespace lapwing::sandbox

// Starter: from a plan to a running runtime process, as fast as this machine can.
//
// What does not depend on the function is done ahead, once a runtime is in use:
//   waiting sandboxes     namespaces, groups, /tmp, network: everything but code and program
//   standby environments  a waiting sandbox with the interpreter already started in it; apart for
//                         each command line (Java: for each memory size), and for each account
//                         where the interpreter is forked
//   templates             an interpreter that forks such processes in a millisecond (Python)
// A start then mounts code and layers, sets the limits and hands over the environment. Where
// nothing is ready, or the function's variables change how its interpreter starts, the process
// is started there and then; the answer is the same, only later.
//
// Nothing made ahead knows a function, an account or a secret, and what has served one
// function never serves another.
//
// Making ahead is bounded in number and memory, happens one at a time, and not while anything
// is being started. What no start has asked for in a while goes away again, and gives way before
// that where there is no memory for what is asked for now.
//
// Thread-safety: one loop, but for the counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/loop_group.hpp"
#include "net/task_group.hpp"
#include "net/timer.hpp"
#include "runtime/start/launch_ends.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing {
class Logger;
}

namespace lapwing::runtime {

// Reads a snapshot back and becomes it (sandbox/checkpoint).
inline constexpr char kRestoreProgram[] = "/var/runtime/restore";

// Whose interpreters are forked from the same template. What children of one have in common tells
// a function something of the others': the seed of hashes, addresses, canaries.
enum class Templates {
  kOff,      // standby environments boot their interpreter themselves
  kAccount,  // those of one account; costs a server with one account nothing
  kShared    // all
};

struct StarterOptions {
  bool standby = true;  // false: everything is started when it is needed
  Templates templates = Templates::kAccount;
  std::uint32_t ready = 4;       // made ahead for a runtime in use, fewer where they are large ...
  std::uint32_t ready_max = 16;  // ... and at most, when starts come in bursts
  // Made ahead at most for functions that were created and have not been called yet: one who
  // deploys many is about to call them.
  std::uint32_t expected_max = 256;
  std::uint64_t memory_mb = 1024;
  Duration expiry = std::chrono::minutes(10);
};

struct StarterStats {
  std::atomic<std::uint64_t> from_standby{0};   // started in what was ready
  std::atomic<std::uint64_t> from_template{0};  // forked when it was needed
  std::atomic<std::uint64_t> booted{0};         // interpreter or executable started then
  std::atomic<std::uint64_t> ready{0};          // standing by now
};

// A sandbox, and what is known of the runtime process in it.
struct StartedRuntime {
  std::unique_ptr<sandbox::Sandbox> sandbox;
  bool booted = false;  // the interpreter runs, and waits for configuration
  sandbox::ProgramId program = 0;
  LaunchEnds ends;
  std::vector<sandbox::Bind> view;  // what it was made with
};

class Starter {
 public:
  Starter(net::Loop& loop, sandbox::Launcher& launcher, Logger& logger, StarterOptions options,
          StarterStats& stats);
  ~Starter();

  // A sandbox with code, layers and limits of the function, whose runtime does not run its code
  // yet: here extensions are started. `plan` is the whole function's, `arn` its own (unqualified).
  net::Task<Result<StartedRuntime>> prepare(const std::string& arn, const sandbox::Plan& plan,
                                            const RuntimeChoice& runtime);
  // The same in a sandbox that has been that function's already and was cleared: it is assigned.
  // When it fails, the sandbox is gone.
  net::Task<Status> prepare_again(StartedRuntime& cleared, const sandbox::Plan& plan,
                                  const RuntimeChoice& runtime);
  // Lets the runtime go. `more`: further descriptors of its process (for a snapshot of it).
  net::Task<Status> launch(StartedRuntime& prepared, const sandbox::Plan& plan,
                           const RuntimeChoice& runtime,
                           std::vector<sandbox::InheritedFd> more = {});
  // The same for a plan whose program is kRestoreProgram: it becomes what `more` holds. No variable
  // differs from environment to environment.
  net::Task<Status> launch_restored(StartedRuntime& prepared, const sandbox::Plan& plan,
                                    const RuntimeChoice& runtime,
                                    std::vector<sandbox::InheritedFd> more);
  // A first start of this function is to be expected soon ...
  void expect(const std::string& arn, const sandbox::Plan& plan, const RuntimeChoice& runtime);
  // ... or no longer is: it is gone, or another from now on.
  void forget(const std::string& arn);
  // Ends everything made ahead. start() fails from here on.
  net::Task<void> stop();

 private:
  using Ready = StartedRuntime;  // made ahead, of no function yet
  struct Shelf;
  enum class TemplateState { kNone, kStarting, kReady, kFailed };

  bool apart(const RuntimeChoice& runtime) const;
  Shelf& shelf_for(const sandbox::Plan& plan, const RuntimeChoice& runtime);
  // Whether what is ready there is as good for this function as what is started for it.
  static bool serves(const Shelf& shelf, const sandbox::Plan& plan, const RuntimeChoice& runtime);
  std::optional<Ready> take(Shelf& shelf);
  net::Task<Result<Ready>> find(const std::string& arn, const sandbox::Plan& plan,
                                const RuntimeChoice& runtime);
  net::Task<Result<Ready>> make(Shelf& shelf, bool boot);
  net::Task<Status> boot(Shelf& shelf, Ready& ready);
  template <class Entries>
  net::Task<Status> configure(Ready& ready, const Entries& entries);
  void want_template(Shelf& shelf);
  bool place_for_template();
  net::Task<void> start_template(Shelf& shelf);
  void refill_soon();
  net::Task<void> refill();
  std::uint32_t wanted(const Shelf& shelf) const;
  bool may_be_filled(const Shelf& shelf) const;
  Shelf* make_way();
  Shelf* lacking();
  std::uint64_t memory_mb() const;
  void count_ready();
  void drop_gone();
  void sweep();

  net::Loop* loop_;
  sandbox::Launcher* launcher_;
  Logger* logger_;
  StarterOptions options_;
  StarterStats* stats_;
  std::map<std::string, std::unique_ptr<Shelf>> shelves_;
  std::uint64_t counted_ready_ = 0;
  std::uint32_t starting_ = 0;
  bool refilling_ = false;
  bool stopping_ = false;
  net::Timer refill_timer_;
  net::Timer sweep_timer_;
  net::TaskGroup tasks_;
};

// One starter a loop.
class StarterGroup {
 public:
  StarterGroup(net::LoopGroup& loops, sandbox::Launcher& launcher, Logger& logger,
               StarterOptions options);
  ~StarterGroup();

  // On that loop's thread.
  Starter& of(net::Loop& loop);
  const StarterStats& stats() const { return stats_; }
  // Ends everything made ahead; blocks until it is gone. Not on a loop's thread.
  void stop();

 private:
  net::LoopGroup* loops_;
  StarterStats stats_;
  std::vector<std::unique_ptr<Starter>> starters_;  // in the loops' order
};

}  // namespace lapwing::runtime

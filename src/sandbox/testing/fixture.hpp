// The world of real-sandbox tests: one launcher for the whole test binary, forked before
// any thread, with a data directory of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/view/rootfs.hpp"

namespace lapwing::sandbox::testing {

struct Outcome {
  bool launched = false;
  std::string error;   // when not launched
  std::string output;  // stdout and stderr together
  ExitStatus status;
  std::vector<StepTime> steps;
  MemoryUse memory;
  std::uint64_t oom_kills = 0;
};

class World {
 public:
  // Made by the test binary's main environment, before any test.
  static World& get();

  bool usable() const { return launcher_ != nullptr; }
  const std::string& why_not() const { return why_not_; }
  // Whether the isolation report says so of the feature.
  bool enforced(const std::string& feature) const;
  Launcher& launcher() { return *launcher_; }
  const std::string& data_dir() const { return data_dir_; }

  // Runs `body(loop)`, a coroutine, on a loop of its own until it is done.
  template <class Body>
  static void drive(Body body) {
    SystemClock clock;
    net::Loop loop(clock, null_logger());
    loop.spawn(finish(loop, body));
    loop.run();
  }

  Plan plan(std::vector<std::string> argv) const;
  // Runs to the end (killed after a minute), collecting output, and destroys the sandbox.
  Outcome run_program(std::vector<std::string> argv);
  Outcome run(const Plan& plan, std::vector<InheritedFd> extra = {});
  // Kills the sandbox as soon as its output holds `mark`.
  Outcome run_until(const Plan& plan, const std::string& mark);

  // A world of its own with another data directory, for tests that end it.
  static std::unique_ptr<World> separate(const std::string& data_dir, NetworkOptions network = {},
                                         bool hide_processors = false);

  void set_up();
  void tear_down();

 private:
  template <class Body>
  static net::Task<void> finish(net::Loop& loop, Body& body) {
    co_await body(loop);
    loop.stop();
  }
  void start();

  std::string data_dir_;
  std::string why_not_;
  NetworkOptions network_;
  bool hide_processors_ = false;
  RootPlan root_;
  std::unique_ptr<Launcher> launcher_;
};

}  // namespace lapwing::sandbox::testing

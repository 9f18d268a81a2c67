// Sandboxes whose programs are played by the test: nothing is forked, and what is asked of the
// launcher, of sandboxes and of templates is written down in order.
//
//   ScriptedLauncher launcher(loop);
//   ... something launches, starts ...
//   EXPECT_EQ(launcher.take_said(), (Said{"launch standby", "start /bin/x"}));
//   launcher.boxes[0]->programs[0]->exit(sandbox_exit(1));
//
// Thread-safety: one loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/sync.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing::runtime::testing {

using Said = std::vector<std::string>;

// A program by itself ended so.
sandbox::ExitStatus exit_with(int code);
sandbox::ExitStatus killed_by(int signal_number, bool out_of_memory = false);

struct ScriptedProgram {
  explicit ScriptedProgram(net::Loop& loop) : ended(loop) {}
  // Its descriptors close with it. The first end counts.
  void exit(const sandbox::ExitStatus& how);
  bool runs() const { return !ended.is_set(); }
  std::string variable(std::string_view name) const;  // "" without

  std::vector<std::string> argv;  // of a template's child: the template's
  std::vector<std::pair<std::string, std::string>> environment;
  std::map<int, os::UniqueFd> ends;  // by their numbers inside
  bool obeys = true;                 // ends on SIGTERM
  net::Event ended;
  sandbox::ExitStatus status;
};

// One sandbox, which outlives its handle.
struct ScriptedBox {
  ScriptedProgram& program(std::size_t number = 0) { return *programs.at(number); }
  void end_all();

  sandbox::Plan plan;
  std::optional<sandbox::Assignment> assigned;
  std::vector<std::unique_ptr<ScriptedProgram>> programs;
  std::vector<sandbox::NamedListener> listeners;
  std::map<std::string, std::string> addresses;  // of the listeners, by name: Unix sockets
  bool alive = true;
  bool frozen = false;
  std::uint64_t memory_peak = 20 * kMiB;
};

// What fails from now on, and how.
struct ScriptedFailures {
  std::optional<Error> launch;
  std::optional<Error> assign;
  std::optional<Error> start;
  std::optional<Error> fork;
  std::optional<Error> clear;
  std::optional<Error> start_template;
};

class ScriptedLauncher final : public sandbox::Launcher {
 public:
  explicit ScriptedLauncher(net::Loop& loop) : loop_(loop), open_(loop, true) {}

  // Launches, starts and templates wait from here on; until go().
  void hold() { open_.reset(); }
  void go() { open_.set(); }
  // Since the last time.
  Said take_said() { return std::exchange(said_, {}); }
  void say(std::string what) { said_.push_back(std::move(what)); }
  net::Event& open() { return open_; }
  net::Loop& loop() { return loop_; }
  std::size_t alive() const;

  // ---- sandbox::Launcher
  Status begin_housekeeping(Logger&) override { return {}; }
  net::Task<Result<std::unique_ptr<sandbox::Sandbox>>> launch(
      net::Loop& loop, const sandbox::Plan& plan, std::vector<sandbox::InheritedFd> fds) override;
  net::Task<Result<std::unique_ptr<sandbox::Template>>> start_template(
      net::Loop& loop, const sandbox::TemplatePlan& plan) override;
  sandbox::NetworkStatus& network() override { return network_; }
  const sandbox::IsolationReport& report() const override { return report_; }
  const sandbox::TmpPauses& tmp_pauses() const override { return pauses_; }

  ScriptedFailures fails;
  std::vector<std::shared_ptr<ScriptedBox>> boxes;  // all there ever were
  std::vector<std::shared_ptr<bool>> templates;     // whether each still lives

 private:
  net::Loop& loop_;
  net::Event open_;
  Said said_;
  sandbox::NetworkStatus network_;
  sandbox::IsolationReport report_;
  sandbox::TmpPauses pauses_;
};

}  // namespace lapwing::runtime::testing

// One real Environment in a scripted sandbox, on a manual clock. The test is the runtime and the
// extensions: it speaks to the APIs inside over their sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "http/connection_budget.hpp"
#include "net/loop_group.hpp"
#include "net/task_group.hpp"
#include "os/unique_fd.hpp"
#include "ports/log_sink.hpp"
#include "runtime/environment/environment.hpp"
#include "runtime/environment/environment_host.hpp"
#include "runtime/start/sandbox_planner.hpp"
#include "runtime/testing/scripted_launcher.hpp"
#include "sandbox/view/machine_view.hpp"
#include "sandbox/view/rootfs.hpp"

namespace lapwing::runtime::testing {

// One connection of a program inside.
class Client {
 public:
  Client() = default;
  // To a listener of a ScriptedBox, by its address.
  explicit Client(const std::string& address);
  void send(std::string_view method, std::string_view path, std::string_view body = {},
            std::string_view headers = {});
  // What has come since the last time.
  std::string received();

 private:
  os::UniqueFd fd_;
};

class EnvironmentTest : public ::testing::Test,
                        protected RoleCredentialSource,
                        protected ports::LogSink {
 protected:
  EnvironmentTest();
  ~EnvironmentTest() override;
  // The root of sandboxes takes a moment to compose.
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  // ---- the environment and who uses it
  // A file in the extensions' directory of the layers; before make().
  void add_extension(const std::string& name);
  void make(FunctionVersion changes = {}, InitializationType type = InitializationType::kOnDemand);
  void initialise();
  void make_warm();  // and what it said and asked for is forgotten
  void run(const std::string& request_id, bool want_tail = false);
  void begin_shut_down();
  void shut_down();  // which must not take any time

  // ---- the programs inside
  ScriptedBox& box() { return *launcher_.boxes.back(); }
  ScriptedProgram& runtime_program() { return *box().programs.back(); }
  Client connect(const std::string& listener = kRuntimeApiListener);
  void runtime_asks();
  // What its `next` was answered.
  std::string runtime_got() { return runtime_.received(); }
  void runtime_answers(std::string_view request_id, std::string_view body);
  void runtime_posts_init_error(std::string_view type, std::string_view body);
  void print(std::string_view text);  // by the runtime
  Client register_extension(std::string_view name, std::string_view events);
  void extension_asks(Client& extension);

  // ---- time
  void settle();
  void pass(Duration time) {
    clock_.advance(time);
    settle();
  }

  // ---- what is in the log stream
  Said take_lines() { return std::exchange(lines_, {}); }

  Result<RoleCredentials> mint(const FunctionVersion&) override {
    if (role_refused_) return fail(make_error(ErrorKind::kDenied, "no such role"));
    return RoleCredentials{"AKIA", "secret", "token", {}};
  }
  std::unique_ptr<ports::LogStream> open(ports::LogStreamRef) override;
  std::size_t backlog_bytes() const override { return 0; }
  std::size_t backlog_limit_bytes() const override { return 1; }

  ManualClock clock_;
  net::LoopGroup loops_;
  net::Loop& loop_;
  ScriptedLauncher launcher_;
  SeededRandom random_{1};
  http::ConnectionBudget connections_{100};
  std::unique_ptr<StarterGroup> starters_;
  std::unique_ptr<SnapshotStore> snapshots_;
  EnvironmentHost host_;
  std::string layers_;  // "" without extensions
  FunctionVersionPtr function_;
  std::unique_ptr<Environment> environment_;

  std::optional<bool> warm_;  // what initialise() answered
  std::optional<Outcome> outcome_;
  bool done_ = false;  // run() has
  bool shut_ = false;
  bool role_refused_ = false;
  Said lines_;
  Client runtime_;
  const ScriptedProgram* connected_ = nullptr;  // whose that is
  std::string extension_id_;
  net::TaskGroup tasks_;

 private:
  struct World;
  static World* world_;
  net::Task<void> do_initialise();
  net::Task<void> do_run(Invocation invocation);
  net::Task<void> receive(net::OneShotReceiver<Outcome> receiver);
  net::Task<void> do_shut_down();
  net::Task<void> stop_starters();
  void turns(int left);
};

}  // namespace lapwing::runtime::testing

// Environment: one execution environment, that is one sandbox running one function version,
// one invocation at a time.
//
// Life: made cold; initialise() launches the sandbox and waits until the runtime asks for
// work; run() takes one invocation through to the runtime's next request. After a crash, a
// timeout or a failed initialisation the sandbox is gone but the environment remains, and
// the next run() initialises again inside the invocation's own time limit, as AWS does
// ("suppressed init"). shutdown() ends it for good; interrupt() before it makes a pending
// initialise() or run() end without waiting for the function.
//
// The answer of an invocation goes out as soon as the runtime has posted it; END and REPORT
// are written, and the environment is idle, when the runtime has asked for the next one.
//
// Thread-safety: one loop. initialise(), run() and shutdown() are called one after another,
// never from a task of the environment itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/server.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/timer.hpp"
#include "ports/log_sink.hpp"
#include "runtime/catalogue.hpp"
#include "runtime/environment_variables.hpp"
#include "runtime/execution_environment.hpp"
#include "runtime/extension_registry.hpp"
#include "runtime/function_log.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"
#include "runtime/output_pipe.hpp"
#include "runtime/response_stream.hpp"
#include "runtime/runtime_session.hpp"
#include "runtime/sandbox_api.hpp"
#include "runtime/starter.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing {
class Logger;
class Random;
}  // namespace lapwing

namespace lapwing::runtime {

class SandboxPlanner;

// Mints credentials of a function's execution role. Any thread.
class RoleCredentialSource {
 public:
  virtual ~RoleCredentialSource() = default;
  virtual RoleCredentials mint(const FunctionVersion& function) = 0;
};

// Serves connections that functions make to Lapwing's own API. The loop's thread.
class EndpointServer {
 public:
  virtual ~EndpointServer() = default;
  virtual void serve(net::Loop& loop, os::UniqueFd connection) = 0;
};

// What environments need from the rest of the process; everything outlives them.
struct EnvironmentHost {
  StarterGroup* starters = nullptr;
  const SandboxPlanner* planner = nullptr;
  const Catalogue* catalogue = nullptr;
  ports::LogSink* logs = nullptr;
  RoleCredentialSource* credentials = nullptr;
  EndpointServer* endpoint = nullptr;
  Random* random = nullptr;
  Logger* logger = nullptr;
  Duration init_timeout = std::chrono::seconds(10);
  StreamLimits stream;
};

class Environment final : public ExecutionEnvironment {
 public:
  Environment(net::Loop& loop, const EnvironmentHost& host, FunctionVersionPtr function,
              InitializationType type = InitializationType::kOnDemand);
  // shutdown() first, unless nothing was ever launched.
  ~Environment() override;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  const FunctionVersionPtr& function() const override { return function_; }
  bool warm() const override { return ready_ && !exit_.has_value(); }
  std::optional<MonoTime> answered_since() const override { return answered_since_; }
  net::Task<bool> initialise() override;
  net::Task<void> run(Invocation invocation, net::OneShotSender<Outcome> answer) override;
  void interrupt() override;
  net::Task<void> shutdown() override;

 private:
  // Why an initialisation failed: an answer the runtime posted, an end of the programs, time,
  // or the platform.
  struct InitFailure {
    enum class Kind { kPosted, kFailed, kTimedOut, kPlatform } kind = Kind::kFailed;
    PhaseStatus status;
    std::string text;  // kFailed: what the caller reads; kPlatform: for our log
    Reply posted;
  };

  Duration init_timeout() const;
  net::Task<bool> run_init(std::string_view phase, MonoTime deadline);
  net::Task<Status> launch();
  Status serve_sandbox(LaunchEnds ends);
  net::Task<void> accept_loop(os::UniqueFd listener, bool is_runtime_api);
  net::Task<void> watch_exit();
  net::Task<void> teardown();

  // Runtime and extensions wait for work.
  bool init_complete() const;
  // The runtime and whoever was sent the invocation wait for the next.
  bool invoke_complete() const;
  // The phase cannot come to its end any more.
  bool stopped() const;
  PhaseStatus stop_status() const;
  Outcome stop_outcome(const Invocation& invocation) const;
  InitFailure init_failure(const Status& launched);
  void log_init_end(const InitReport& report);

  void add_pipe(os::UniqueFd read_end, OutputPipe::Format format);
  void drain_output();

  net::Task<void> expect_exit();
  Outcome init_failure_outcome(const Invocation& invocation) const;
  Outcome exit_outcome(const Invocation& invocation) const;
  Outcome timeout_outcome(const Invocation& invocation) const;
  std::string exit_error_type() const;
  std::uint32_t memory_used_mb();
  void finish_log(InvokeReport report, MonoTime begun, Outcome* outcome, bool want_tail);
  void wake();

  net::Loop* loop_;
  const EnvironmentHost* host_;
  FunctionVersionPtr function_;
  InitializationType type_;
  FunctionLog log_;

  net::Event changed_;
  net::Timer deadline_timer_;
  net::Timer freeze_timer_;
  bool timed_out_ = false;
  bool frozen_ = false;
  bool ready_ = false;
  std::optional<MonoTime> answered_since_;
  bool interrupted_ = false;
  std::optional<double> init_ms_;  // of a successful init phase not yet reported
  std::optional<InitFailure> init_failure_;

  std::unique_ptr<sandbox::Sandbox> sandbox_;
  sandbox::ProgramId program_ = 0;  // the runtime
  std::optional<sandbox::ExitStatus> exit_;
  std::unique_ptr<RuntimeSession> session_;
  std::unique_ptr<ExtensionRegistry> extensions_;
  std::unique_ptr<SandboxApi> api_;
  std::unique_ptr<http::ServiceShared> service_;
  std::vector<std::unique_ptr<OutputPipe>> pipes_;
  std::uint32_t memory_peak_mb_ = 0;
  MonoTime memory_looked_{};
  std::unique_ptr<net::TaskGroup> tasks_;  // last: uses everything above
};

}  // namespace lapwing::runtime

// Environment: one execution environment, that is one sandbox running one function version,
// one invocation at a time.
//
// Life: made cold; initialise() launches the sandbox and waits until the runtime asks for
// work; run() takes one invocation through to the runtime's next request. After a crash, a
// timeout or a failed initialisation everything inside is dead but the environment remains with
// its sandbox and /tmp, and the next run() initialises again inside the invocation's own time
// limit, as AWS does ("suppressed init"). shutdown() ends it for good; interrupt() before it makes
// a pending initialise() or run() end without waiting for the function, and nothing is logged of
// what ends so.
//
// The initialisation ends when the runtime and every extension wait for work, an invocation
// when the runtime and every extension that was sent it do. Its answer goes out as soon as the
// runtime has posted it; END and REPORT are written, and the environment is idle, at the end.
//
// A version with SnapStart comes from its snapshot where there is one, and from an ordinary
// initialisation where there is none, or where the snapshot cannot be read back. take_snapshot()
// is the life of the environment that becomes one.
//
// Whatever ends the sandbox, extensions are given their Shutdown phase (shutdown.hpp) first.
//
// Thread-safety: one loop. initialise(), run() and shutdown() are called one after another,
// never from a task of the environment itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/sync.hpp"
#include "net/timer.hpp"
#include "runtime/api/runtime_session.hpp"
#include "runtime/environment/environment_host.hpp"
#include "runtime/environment/freeze_policy.hpp"
#include "runtime/environment/sandbox_session.hpp"
#include "runtime/execution_environment.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"
#include "runtime/log/function_log.hpp"
#include "runtime/log/platform_event.hpp"
#include "runtime/snapshot/snapshot.hpp"

namespace lapwing::runtime {

// Tells the loop's starter that an environment of this function is likely to be wanted.
void expect_environment(net::Loop& loop, const EnvironmentHost& host,
                        const FunctionVersion& function);

class Environment final : public ExecutionEnvironment {
 public:
  Environment(net::Loop& loop, const EnvironmentHost& host, FunctionVersionPtr function,
              InitializationType type = InitializationType::kOnDemand);
  // shutdown() first, unless nothing was ever launched.
  ~Environment() override;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  const FunctionVersionPtr& function() const override { return function_; }
  bool warm() const override { return ready_ && !inside_->exit() && !failed_extension(); }
  bool resumable() const override { return cleared_.has_value(); }
  std::optional<MonoTime> answered_since() const override { return answered_since_; }
  net::Task<bool> initialise() override;
  net::Task<void> run(Invocation invocation, net::OneShotSender<Outcome> answer) override;
  void interrupt() override;
  net::Task<void> shutdown() override;
  // Initialises the function and takes a snapshot of it, once, instead of everything above;
  // interrupt() ends it early. The environment must be of type kSnapStart.
  net::Task<SnapshotResult> take_snapshot();

 private:
  // Why an initialisation failed: an answer the runtime posted, an end of the programs, time,
  // or the platform.
  struct InitFailure {
    enum class Kind { kPosted, kFailed, kTimedOut, kPlatform } kind = Kind::kFailed;
    PhaseStatus status;
    std::string text;  // kFailed: what the caller reads; kPlatform: for our log
    Reply posted;
    Outcome::Restore restore = Outcome::Restore::kNone;
  };
  // What is known of an invocation while it runs.
  struct Course {
    MonoTime begun{};
    MonoTime given{};  // to the runtime
    bool healthy = false;
    bool answered = false;
    bool function_error = false;
    std::uint64_t answer_bytes = 0;  // without limit when streamed
    std::string error_type;          // as the runtime posted it
    std::string fault;               // why it did not come to its end, as the caller reads it
    InvokeReport report;
    Outcome outcome;  // until it is sent
  };

  Duration init_timeout() const;
  net::Task<bool> run_init(std::string_view phase, MonoTime deadline);
  // Up to where runtime and extensions wait for work, or something is in the way. The error is
  // of starting the runtime.
  net::Task<Status> bring_up(std::string_view phase, MonoTime deadline);
  InitFailure init_failure(const Status& launched);
  void begin_session();
  // environment_snapshot.cpp
  bool captured() const { return capture_->taken() || capture_->refused(); }
  SnapshotResult snapshot_failure() const;
  // True when warm, false when the function's own code failed; nothing when the snapshot is of
  // no use.
  net::Task<std::optional<bool>> restore(SnapshotPtr snapshot, MonoTime deadline);
  bool unreadable_snapshot(const Status& launched) const;
  net::Task<void> fail_restore(double took_ms, const Status& launched);
  void log_init_end(const InitReport& report);
  Outcome init_failure_outcome(const Invocation& invocation) const;

  net::Task<void> serve(const Invocation& invocation, MonoTime deadline, Course& course,
                        net::OneShotSender<Outcome>& answer);
  net::Task<void> expect_exit();
  void log_runtime_done(Course& course);
  void log_end(Course& course, bool want_tail);

  // Runtime and extensions wait for work.
  bool init_complete() const;
  // The phase cannot come to its end any more.
  bool stopped() const;
  bool failed_extension() const { return inside_->extensions().failure().has_value(); }
  PhaseStatus stop_status() const;
  std::string stop_text() const;
  std::string exit_error_type() const;
  std::string timeout_text() const;

  void fall_idle();
  void freeze_when_quiet();
  void thaw();
  net::Task<void> teardown(ShutdownReason reason);
  net::Task<void> teardown_after(PhaseStatus status);
  // Whether a sandbox that has failed is used again. What comes from a snapshot has the /tmp of
  // that snapshot, each time.
  bool may_resume(ShutdownReason reason) const;
  std::uint32_t memory_used_mb();
  void look_at_memory();

  net::Loop* loop_;
  const EnvironmentHost* host_;
  FunctionVersionPtr function_;
  InitializationType type_;
  FunctionLog log_;

  net::Event changed_;
  net::Timer deadline_timer_;
  net::Timer freeze_timer_;
  MonoTime idle_since_{};
  bool timed_out_ = false;
  FreezePolicy freeze_policy_;
  bool frozen_ = false;
  bool ready_ = false;
  std::optional<MonoTime> answered_since_;
  bool interrupted_ = false;
  std::optional<double> init_ms_;  // of a successful init phase not yet reported
  struct Restored {
    double all_ms = 0;
    double runtime_ms = 0;
  };
  std::optional<Restored> restored_;  // of a successful restore not yet reported
  std::optional<InitFailure> init_failure_;
  MonoTime runtime_begun_{};
  std::uint32_t memory_peak_mb_ = 0;
  MonoTime memory_looked_{};
  std::unique_ptr<SnapshotCapture> capture_;  // while a snapshot is taken
  std::unique_ptr<SandboxSession> inside_;    // null while nothing runs
  std::optional<ClearedSandbox> cleared_;     // what is left of the one before
};

}  // namespace lapwing::runtime

#include "runtime/environment/environment.hpp"

#include <algorithm>
#include <cstdint>
#include <signal.h>
#include <utility>

#include <fmt/core.h>

#include "net/loop.hpp"
#include "runtime/environment/shutdown.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "runtime/start/sandbox_planner.hpp"

namespace lapwing::runtime {
namespace {

double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// A phase that did not come to its end, as the caller gets it.
Outcome stop_outcome(const PhaseStatus& status, std::string_view request_id,
                     std::string_view text) {
  if (status.kind == PhaseStatus::Kind::kTimeout) {
    return platform_outcome(kTimedOut, request_id, text);
  }
  return platform_outcome(status.error_type, request_id, text);
}

}  // namespace

Environment::Environment(net::Loop& loop, const EnvironmentHost& host, FunctionVersionPtr function,
                         InitializationType type)
    : loop_(&loop),
      host_(&host),
      function_(std::move(function)),
      type_(type),
      log_(loop, function_, *host.logs, *host.random),
      changed_(loop),
      deadline_timer_(loop,
                      [this] {
                        timed_out_ = true;
                        changed_.set();
                      }),
      freeze_timer_(loop, [this] { freeze_when_quiet(); }) {}

void expect_environment(net::Loop& loop, const EnvironmentHost& host,
                        const FunctionVersion& function) {
  const Result<RuntimeChoice> choice = choose_runtime(*host.catalogue, function);
  if (!choice) return;  // the first invocation says so
  EnvironmentInputs inputs;
  inputs.function = &function;
  inputs.runtime = &*choice;
  const bool restored = function.snap_start && host.snapshots->find(function);
  if (restored) inputs.credentials_token = "later";
  auto plan = host.planner->plan(function, *choice, inputs);
  if (plan && restored) plan->argv = {kRestoreProgram};
  if (plan) host.starters->of(loop).expect(function.arn, *plan, *choice);
}

Environment::~Environment() = default;

net::Task<bool> Environment::initialise() {
  const bool warm = co_await run_init("init", MonoTime::max());
  if (warm) fall_idle();
  co_return warm;
}

// Nobody waits for a provisioned environment, which may take its time.
Duration Environment::init_timeout() const {
  if (type_ == InitializationType::kOnDemand) return host_->init_timeout;
  return std::max<Duration>(
      {host_->init_timeout, kProvisionedInitMin, std::chrono::seconds(function_->timeout_s)});
}

void Environment::begin_session() {
  init_failure_.reset();
  init_ms_.reset();
  restored_.reset();
  timed_out_ = false;
  inside_ = std::make_unique<SandboxSession>(*loop_, *host_, function_, type_, log_, changed_);
  if (cleared_) inside_->continue_in(*std::exchange(cleared_, std::nullopt));
}

net::Task<bool> Environment::run_init(std::string_view phase, MonoTime deadline) {
  if (type_ == InitializationType::kOnDemand && function_->snap_start) {
    if (SnapshotPtr snapshot = host_->snapshots->find_or_ask(function_)) {
      const std::optional<bool> done = co_await restore(std::move(snapshot), deadline);
      if (done) co_return *done;
    }
  }
  const MonoTime begun = loop_->now();
  begin_session();
  // Done again within an invocation, it may take what that has left, as in AWS.
  const bool alone = deadline == MonoTime::max();
  const Status launched = co_await bring_up(phase, alone ? begun + init_timeout() : deadline);
  deadline_timer_.disarm();
  const double took_ms = to_ms(loop_->now() - begun);
  inside_->drain_output();
  if (launched && init_complete()) {
    ready_ = true;
    // Billed with the first invocation, unless it was paid for as provisioned concurrency.
    if (phase == "init" && type_ == InitializationType::kOnDemand) init_ms_ = took_ms;
    log_init_end({took_ms, phase, {}, type_});
    inside_->telemetry().close();
    co_return true;
  }
  init_failure_ = init_failure(launched);
  look_at_memory();
  log_init_end({took_ms, phase, init_failure_->status, type_});
  co_await teardown(timed_out_ ? ShutdownReason::kTimeout : ShutdownReason::kFailure);
  co_return false;
}

net::Task<Status> Environment::bring_up(std::string_view phase, MonoTime deadline) {
  LAPWING_CO_CHECK(co_await inside_->prepare(phase));
  if (interrupted_) inside_->kill();  // asked while it was being made
  deadline_timer_.arm_at(deadline);
  RuntimeSession& runtime = inside_->runtime();
  ExtensionRegistry& extensions = inside_->extensions();
  inside_->start_extensions();
  while (!extensions.all_registered() && !stopped()) {
    changed_.reset();
    co_await changed_.wait();
  }
  if (stopped()) co_return Status();
  LAPWING_CO_CHECK(co_await inside_->start_runtime());
  runtime_begun_ = loop_->now();
  if (interrupted_) inside_->kill();
  while (!init_complete() && !runtime.has_reply() && !stopped()) {
    changed_.reset();
    co_await changed_.wait();
    // Extensions register until the runtime is up.
    if (runtime.ready()) extensions.close_registration();
  }
  co_return Status();
}

Environment::InitFailure Environment::init_failure(const Status& launched) {
  InitFailure failure;
  failure.status.kind = PhaseStatus::Kind::kError;
  std::string& type = failure.status.error_type;
  if (!launched) {
    const std::string& code = launched.error().code();
    const bool theirs = code == kInvalidEntrypoint || code == kInvalidWorkingDir;
    type = theirs ? code : "Sandbox.Failure";
    failure.kind = theirs ? InitFailure::Kind::kFailed : InitFailure::Kind::kPlatform;
    failure.text = theirs ? launched.error().message() : launched.error().to_log();
    if (theirs) log_.launch_error(failure.text);
    if (code == kUnservedRuntime) log_.unserved_runtime(launched.error().message());
  } else if (!failed_extension() && inside_->runtime().has_reply()) {
    failure.kind = InitFailure::Kind::kPosted;
    failure.posted = inside_->runtime().take_reply();
    type = public_error_type(failure.posted.error_type);
  } else {
    failure.status = stop_status();
    failure.text = stop_text();
    if (failure.status.kind == PhaseStatus::Kind::kTimeout) {
      failure.kind = InitFailure::Kind::kTimedOut;
    }
  }
  return failure;
}

void Environment::log_init_end(const InitReport& report) {
  if (interrupted_) return;  // ended by us
  log_.init_runtime_done(report);
  for (const ExtensionRegistry::Extension* one : inside_->extensions().extensions()) {
    log_.extension(*one);
  }
  log_.init_report(report);
}

Outcome Environment::init_failure_outcome(const Invocation& invocation) const {
  Outcome outcome;
  if (init_failure_->restore != Outcome::Restore::kNone) {
    outcome.kind = Outcome::Kind::kPlatformError;
    outcome.restore = init_failure_->restore;
    outcome.error_type = init_failure_->status.error_type;
    outcome.detail = "restore: " + init_failure_->status.error_type;
    return outcome;
  }
  switch (init_failure_->kind) {
    case InitFailure::Kind::kPosted:
      outcome = reply_outcome(init_failure_->posted);
      outcome.kind = Outcome::Kind::kFunctionError;
      break;
    case InitFailure::Kind::kFailed:
    case InitFailure::Kind::kTimedOut:
      outcome = stop_outcome(init_failure_->status, invocation.request_id, init_failure_->text);
      break;
    case InitFailure::Kind::kPlatform:
      outcome.kind = Outcome::Kind::kPlatformError;
      outcome.error_type = init_failure_->status.error_type;
      outcome.detail = init_failure_->text;
      break;
  }
  return outcome;
}

void Environment::interrupt() {
  interrupted_ = true;
  if (inside_) inside_->kill();  // whose exit wakes those who wait
}

net::Task<void> Environment::shutdown() {
  co_await teardown(ShutdownReason::kSpindown);
  if (cleared_) co_await std::exchange(cleared_, std::nullopt)->started.sandbox->destroy();
}

bool Environment::may_resume(ShutdownReason reason) const {
  return reason != ShutdownReason::kSpindown && !interrupted_ && !capture_ &&
         !function_->snap_start;
}

net::Task<void> Environment::teardown(ShutdownReason reason) {
  deadline_timer_.disarm();
  freeze_timer_.disarm();
  ready_ = false;
  if (!inside_) co_return;
  if (!interrupted_ && inside_->has_sandbox()) {
    thaw();
    co_await shut_down(*loop_, changed_, *inside_, inside_->extensions(), reason);
  }
  frozen_ = false;
  if (may_resume(reason)) cleared_ = co_await inside_->clear();
  if (!cleared_) co_await inside_->end();
  inside_.reset();
}

void Environment::thaw() {
  if (!std::exchange(frozen_, false)) return;
  freeze_policy_.thawed(loop_->now());
  inside_->thaw();
}

void Environment::fall_idle() {
  idle_since_ = loop_->now();
  freeze_timer_.arm_after(freeze_policy_.wait());
}

// An environment is frozen when nothing happens in it for its function's sake: telemetry on
// its way is taken in first, if that does not last.
void Environment::freeze_when_quiet() {
  if (!ready_) return;
  if (!inside_->telemetry().idle() && loop_->now() < idle_since_ + kTelemetryFreezeGrace) {
    freeze_timer_.arm_after(kFreezeAfter);
    return;
  }
  frozen_ = inside_->freeze();
  freeze_policy_.frozen(loop_->now());
}

net::Task<void> Environment::run(Invocation invocation, net::OneShotSender<Outcome> answer) {
  freeze_timer_.disarm();
  thaw();
  if (invocation.want_tail) log_.start_tail();
  Course course;
  course.begun = loop_->now();
  const MonoTime deadline = course.begun + std::chrono::seconds(function_->timeout_s);
  course.report.request_id = invocation.request_id;
  course.report.tenant_id = invocation.tenant_id;
  course.report.trace_id = invocation.trace_id;
  course.report.memory_size_mb = function_->memory_mb;

  course.healthy = ready_;
  if (!course.healthy) course.healthy = co_await run_init("invoke", deadline);
  course.report.init_duration_ms = std::exchange(init_ms_, std::nullopt);
  if (const auto restored = std::exchange(restored_, std::nullopt)) {
    course.report.restore_duration_ms = restored->all_ms;
    course.report.restore_runtime_ms = restored->runtime_ms;
  }
  log_.start(invocation.request_id, invocation.trace_id, invocation.tenant_id);
  if (course.healthy) {
    co_await serve(invocation, deadline, course, answer);
  } else {
    course.outcome = init_failure_outcome(invocation);
    course.report.status = init_failure_->status;
    course.fault = init_failure_->text;
  }
  log_end(course, invocation.want_tail);
  if (invocation.sink) invocation.sink->close();
  // A call that comes at once finds this environment, and what it has in /tmp. A Shutdown phase
  // is not waited for.
  const bool shuts_down = inside_ && !inside_->extensions().empty();
  if (!course.healthy && !shuts_down) co_await teardown_after(course.report.status);
  answer.send(std::move(course.outcome));  // nobody's, when it went out before
  if (course.healthy) {
    fall_idle();
  } else if (shuts_down) {
    co_await teardown_after(course.report.status);
  }
}

net::Task<void> Environment::teardown_after(PhaseStatus status) {
  answered_since_ = loop_->now();  // or as good as
  const bool timeout = status.kind == PhaseStatus::Kind::kTimeout;
  co_await teardown(timeout ? ShutdownReason::kTimeout : ShutdownReason::kFailure);
  answered_since_.reset();
}

net::Task<void> Environment::serve(const Invocation& invocation, MonoTime deadline, Course& course,
                                   net::OneShotSender<Outcome>& answer) {
  RuntimeSession& runtime = inside_->runtime();
  ExtensionRegistry& extensions = inside_->extensions();
  course.given = loop_->now();
  const std::int64_t deadline_ms = unix_ms(loop_->clock().wall() + (deadline - course.given));
  timed_out_ = false;
  extensions.give_invoke(
      {invocation.request_id, invocation.invoked_arn, invocation.trace_id, deadline_ms});
  runtime.give(invocation, deadline_ms);
  deadline_timer_.arm_at(deadline);
  while (!runtime.has_reply() && !stopped()) {
    changed_.reset();
    co_await changed_.wait();
  }
  if (runtime.has_reply()) {
    Reply reply = runtime.take_reply();
    if (reply.broke_off) co_await expect_exit();
    course.answer_bytes = invocation.sink ? UINT64_MAX : reply.bytes;
    course.outcome = reply.broke_off && inside_->exit()
                         ? stop_outcome(stop_status(), invocation.request_id, stop_text())
                         : reply_outcome(std::move(reply));
    course.answered = true;
    course.function_error = course.outcome.kind == Outcome::Kind::kFunctionError;
    course.error_type = course.outcome.error_type;
    // The caller need not wait for what is done afterwards.
    if (!invocation.want_tail) {
      if (invocation.sink) invocation.sink->close();
      answer.send(std::move(course.outcome));
      answered_since_ = loop_->now();
    }
  }
  while (course.answered && !runtime.ready() && !stopped()) {
    changed_.reset();
    co_await changed_.wait();
  }
  if (runtime.ready()) log_runtime_done(course);
  while (runtime.ready() && !extensions.invoke_done() && !stopped()) {
    changed_.reset();
    co_await changed_.wait();
  }
  deadline_timer_.disarm();
  answered_since_.reset();
  course.healthy =
      runtime.ready() && extensions.invoke_done() && !inside_->exit() && !failed_extension();
  if (course.healthy) co_return;
  course.report.status = stop_status();
  course.fault = stop_text();
  if (!course.answered) {
    course.outcome = stop_outcome(course.report.status, invocation.request_id, course.fault);
  }
  if (!runtime.ready()) log_runtime_done(course);
  // With extensions there is a Shutdown phase to come.
  if (extensions.empty()) inside_->signal_runtime(SIGKILL);
}

// A crash in the middle of a streamed response is seen as a connection that ends early, a
// moment before the process is seen to be gone.
net::Task<void> Environment::expect_exit() {
  bool waited = false;
  net::Timer timer(*loop_, [this, &waited] {
    waited = true;
    changed_.set();
  });
  timer.arm_after(kExitExpected);
  while (!inside_->exit() && !timed_out_ && !waited) {
    changed_.reset();
    co_await changed_.wait();
  }
}

// The runtime's own errors show as an error in structured logs; in text only failures of the
// environment have a Status.
void Environment::log_runtime_done(Course& course) {
  if (!log_.structured() || (interrupted_ && !course.healthy)) return;
  const MonoTime now = loop_->now();
  RuntimeDone done;
  done.request_id = course.report.request_id;
  done.tenant_id = course.report.tenant_id;
  done.trace_id = course.report.trace_id;
  done.duration_ms = to_ms(now - course.given);
  done.response = inside_->runtime().response_times();
  done.status = course.report.status;
  if (course.function_error && done.status.kind == PhaseStatus::Kind::kSuccess) {
    done.status = {PhaseStatus::Kind::kError, public_error_type(course.error_type)};
  }
  inside_->drain_output();
  log_.runtime_done(done);
  if (!inside_->extensions().empty()) {
    course.report.spans = {{"extensionOverhead", log_.now(), 0}};
  }
}

void Environment::log_end(Course& course, bool want_tail) {
  InvokeReport& report = course.report;
  report.duration_ms = to_ms(loop_->now() - course.begun);
  report.max_memory_used_mb = memory_used_mb();
  if (inside_ && course.healthy && course.answered) {
    inside_->drain_after_answer(course.answer_bytes);
  } else if (inside_) {
    inside_->drain_output();
  }
  if (log_.structured()) {
    if (course.function_error && report.status.kind == PhaseStatus::Kind::kSuccess) {
      report.told_status = {PhaseStatus::Kind::kError, public_error_type(course.error_type)};
    }
    for (Span& span : report.spans) span.duration_ms = to_ms(loop_->clock().wall() - span.start);
  }
  // What we ended was no failure of the function's.
  if (!interrupted_ || course.healthy) log_.finish(report, course.fault);
  if (want_tail) course.outcome.log_tail = log_.take_tail();
}

std::uint32_t Environment::memory_used_mb() {
  const bool due = memory_peak_mb_ == 0 || loop_->now() - memory_looked_ > kMemoryLookEvery;
  if (due || (inside_ && inside_->exit())) look_at_memory();
  return memory_peak_mb_;
}

// Never above the function's memory, which is what an environment that ran out of it has used.
void Environment::look_at_memory() {
  if (!inside_ || !inside_->has_sandbox()) return;
  memory_looked_ = loop_->now();
  const bool all = inside_->exit() && inside_->exit()->out_of_memory;
  const std::uint64_t peak_mb =
      all ? function_->memory_mb : (inside_->memory().peak_bytes + kMiB - 1) / kMiB;
  memory_peak_mb_ =
      std::max(memory_peak_mb_,
               static_cast<std::uint32_t>(std::min<std::uint64_t>(peak_mb, function_->memory_mb)));
}

bool Environment::init_complete() const {
  if (capture_) return capture_->finished() && captured() && inside_->extensions().all_ready();
  return inside_->runtime().ready() && inside_->extensions().all_ready();
}

bool Environment::stopped() const {
  if (timed_out_ || failed_extension()) return true;
  if (!inside_->exit()) return false;
  // The process that becomes a snapshot ends with it; what it wrote may still be in the pipes.
  return !capture_ || (capture_->finished() && !captured());
}

// Why a phase did not come to its end, as INIT_REPORT and REPORT show it.
PhaseStatus Environment::stop_status() const {
  if (const auto& failure = inside_->extensions().failure()) {
    return {PhaseStatus::Kind::kError, failure->error_type};
  }
  if (inside_->exit()) return {PhaseStatus::Kind::kError, exit_error_type()};
  return {PhaseStatus::Kind::kTimeout, ""};
}

// The same in words.
std::string Environment::stop_text() const {
  if (const auto& failure = inside_->extensions().failure()) return failure->text;
  return inside_->exit() ? exit_text(*inside_->exit()) : timeout_text();
}

std::string Environment::exit_error_type() const {
  // An internal extension that gave up takes the runtime's process with it.
  const std::string& posted = inside_->extensions().posted_failure();
  if (!posted.empty()) return posted;
  return inside_->exit()->out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
}

std::string Environment::timeout_text() const {
  return fmt::format("Task timed out after {:.2f} seconds",
                     static_cast<double>(function_->timeout_s));
}

}  // namespace lapwing::runtime

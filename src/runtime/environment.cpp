#include "runtime/environment.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "net/listener.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "runtime/sandbox_planner.hpp"

namespace lapwing::runtime {
namespace {

double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
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
                        wake();
                      }),
      freeze_timer_(loop, [this] {
        if (sandbox_ && ready_) frozen_ = sandbox_->freeze().has_value();
      }) {}

Environment::~Environment() = default;

void Environment::wake() { changed_.set(); }

net::Task<bool> Environment::initialise() {
  const bool warm = co_await run_init("init", MonoTime::max());
  if (warm) freeze_timer_.arm_after(kFreezeAfter);
  co_return warm;
}

// Nobody waits for a provisioned environment, which may take its time.
Duration Environment::init_timeout() const {
  if (type_ == InitializationType::kOnDemand) return host_->init_timeout;
  return std::max<Duration>(
      {host_->init_timeout, kProvisionedInitMin, std::chrono::seconds(function_->timeout_s)});
}

net::Task<bool> Environment::run_init(std::string_view phase, MonoTime deadline) {
  const MonoTime begun = loop_->now();
  init_failure_.reset();
  init_ms_.reset();
  timed_out_ = false;
  const Status launched = co_await launch();
  bool answered = false;
  if (launched) {
    if (interrupted_) sandbox_->kill();  // asked while it was being launched
    deadline_timer_.arm_at(std::min(begun + init_timeout(), deadline));
    while (!init_complete() && !session_->has_reply() && !stopped()) {
      changed_.reset();
      co_await changed_.wait();
      // Extensions register until the runtime is up.
      if (session_->ready()) extensions_->close_registration();
    }
    deadline_timer_.disarm();
    answered = init_complete();
  }
  const double took_ms = to_ms(loop_->now() - begun);
  if (answered) {
    ready_ = true;
    // Billed with the first invocation, unless it was paid for as provisioned concurrency.
    if (phase == "init" && type_ == InitializationType::kOnDemand) init_ms_ = took_ms;
    drain_output();
    log_init_end({took_ms, phase, {}, type_});
    co_return true;
  }
  init_failure_ = init_failure(launched);
  if (sandbox_) sandbox_->kill();
  drain_output();
  log_init_end({took_ms, phase, init_failure_->status, type_});
  co_await teardown();
  co_return false;
}

Environment::InitFailure Environment::init_failure(const Status& launched) {
  InitFailure failure;
  failure.status.kind = PhaseStatus::Kind::kError;
  std::string& type = failure.status.error_type;
  if (!launched) {
    const bool theirs = launched.error().code() == kInvalidEntrypoint;
    type = theirs ? kInvalidEntrypoint : "Sandbox.Failure";
    failure.kind = theirs ? InitFailure::Kind::kFailed : InitFailure::Kind::kPlatform;
    failure.text = theirs ? launched.error().message() : launched.error().to_log();
  } else if (const auto& extension = extensions_->failure()) {
    type = extension->error_type;
    failure.text = extension->text;
  } else if (session_->has_reply()) {
    failure.kind = InitFailure::Kind::kPosted;
    failure.posted = session_->take_reply();
    type = public_error_type(failure.posted.error_type);
  } else if (exit_) {
    type = exit_error_type();
    failure.text = exit_text(*exit_);
  } else {
    failure.kind = InitFailure::Kind::kTimedOut;
    failure.status.kind = PhaseStatus::Kind::kTimeout;
  }
  return failure;
}

bool Environment::init_complete() const { return session_->ready() && extensions_->all_ready(); }

bool Environment::stopped() const { return exit_ || timed_out_ || extensions_->failure(); }

void Environment::log_init_end(const InitReport& report) {
  log_.init_runtime_done(report.phase, report.status, report.type);
  if (extensions_) {
    for (const ExtensionRegistry::Extension* one : extensions_->extensions()) log_.extension(*one);
  }
  log_.init_report(report);
}

net::Task<Status> Environment::launch() {
  LAPWING_CO_TRY(const RuntimeChoice choice, host_->catalogue->choose(function_->runtime));
  log_.init_start(
      {runtime_version(choice), runtime_version_arn(*function_, choice), choice.note, type_});
  EnvironmentInputs inputs;
  inputs.function = function_.get();
  inputs.runtime = &choice;
  inputs.credentials = host_->credentials->mint(*function_);
  inputs.log_stream = log_.stream();
  inputs.initialization_type = to_string(type_);
  LAPWING_CO_TRY(const sandbox::Plan plan, host_->planner->plan(*function_, choice, inputs));
  Starter& starter = host_->starters->of(*loop_);
  LAPWING_CO_TRY(StartedRuntime started, co_await starter.prepare(plan, choice));
  if (Status launched = co_await starter.launch(started, plan, choice); !launched) {
    co_await started.sandbox->destroy();
    co_return fail(entrypoint_error(std::move(launched).error(), plan.argv[0]));
  }
  sandbox_ = std::move(started.sandbox);
  program_ = started.program;
  exit_.reset();
  co_return serve_sandbox(std::move(started.ends));
}

Status Environment::serve_sandbox(LaunchEnds ends) {
  session_ = std::make_unique<RuntimeSession>(*loop_, changed_);
  extensions_ = std::make_unique<ExtensionRegistry>(*loop_, changed_, *host_->random);
  api_ = std::make_unique<SandboxApi>(*session_, *extensions_, function_, host_->stream);
  service_ = std::make_unique<http::ServiceShared>();
  // The invocation's own time limit is the only one: a runtime may be silent as long as it
  // likes between requests, and between the pieces of a response.
  service_->options.timeouts.keep_alive = kNoHttpTimeout;
  service_->options.timeouts.body_idle = kNoHttpTimeout;
  service_->options.limits.trailer_bytes = kErrorTrailerBytesMax;
  service_->handler = [api = api_.get()](http::RequestContext& context) {
    return api->handle(context);
  };
  tasks_ = std::make_unique<net::TaskGroup>(*loop_);
  add_pipe(std::move(ends.output), OutputPipe::Format::kLines);
  if (ends.telemetry) add_pipe(std::move(ends.telemetry), OutputPipe::Format::kFrames);
  if (ends.runtime) {
    LAPWING_TRY(net::Stream stream, net::Stream::adopt(*loop_, std::move(ends.runtime)));
    tasks_->spawn(http::serve_connection(std::move(stream), *service_));
  }
  for (sandbox::NamedListener& listener : sandbox_->take_listeners()) {
    tasks_->spawn(accept_loop(std::move(listener.fd), listener.name == kRuntimeApiListener));
  }
  tasks_->spawn(watch_exit());
  return {};
}

net::Task<void> Environment::accept_loop(os::UniqueFd listening, bool is_runtime_api) {
  Result<net::Listener> listener = net::Listener::adopt(*loop_, std::move(listening));
  if (!listener) {
    host_->logger->error("runtime", "adopt a sandbox's listener",
                         {{"error", listener.error().to_log()}});
    co_return;
  }
  while (true) {
    Result<os::UniqueFd> connection = co_await listener->accept();
    if (!connection) co_return;
    if (!is_runtime_api) {
      host_->endpoint->serve(*loop_, *std::move(connection));
      continue;
    }
    if (tasks_->size() >= kRuntimeConnectionsMax) continue;  // closes it
    Result<net::Stream> stream = net::Stream::adopt(*loop_, *std::move(connection));
    if (stream) tasks_->spawn(http::serve_connection(*std::move(stream), *service_));
  }
}

net::Task<void> Environment::watch_exit() {
  const sandbox::ExitStatus status = co_await sandbox_->program_exited(program_);
  if (!status.detail.empty()) {
    host_->logger->error("runtime", "forked child", {{"error", status.detail}});
  }
  exit_ = status;
  wake();
}

void Environment::add_pipe(os::UniqueFd read_end, OutputPipe::Format format) {
  pipes_.push_back(std::make_unique<OutputPipe>(*loop_, log_, std::move(read_end), format));
  tasks_->spawn(pipes_.back()->read());
}

// What the runtime printed before it answered is in the pipes already; END comes after it.
void Environment::drain_output() {
  for (const std::unique_ptr<OutputPipe>& pipe : pipes_) pipe->drain();
}

net::Task<void> Environment::teardown() {
  deadline_timer_.disarm();
  freeze_timer_.disarm();
  ready_ = false;
  frozen_ = false;
  if (tasks_) tasks_->cancel_all();
  if (sandbox_) {
    sandbox_->kill();
    co_await sandbox_->destroy();
    drain_output();
  }
  tasks_.reset();
  pipes_.clear();
  service_.reset();
  api_.reset();
  extensions_.reset();
  session_.reset();
  sandbox_.reset();
}

void Environment::interrupt() {
  interrupted_ = true;
  if (sandbox_) sandbox_->kill();  // whose exit wakes whoever waits
}

net::Task<void> Environment::shutdown() { return teardown(); }

net::Task<void> Environment::run(Invocation invocation, net::OneShotSender<Outcome> answer) {
  freeze_timer_.disarm();
  if (frozen_) {
    frozen_ = false;
    // A sandbox that cannot be thawed will time out below, and be replaced.
    if (const Status thawed = sandbox_->thaw(); !thawed) {
      host_->logger->error("runtime", "thaw", {{"error", thawed.error().to_log()}});
    }
  }
  if (invocation.want_tail) log_.start_tail();
  MonoTime begun = loop_->now();
  const MonoTime deadline = begun + std::chrono::seconds(function_->timeout_s);
  InvokeReport report;
  report.request_id = invocation.request_id;
  report.trace_id = invocation.trace_id;
  report.memory_size_mb = function_->memory_mb;

  Outcome outcome;
  bool healthy = ready_;
  if (!healthy) {
    healthy = co_await run_init("invoke", deadline);
    if (!healthy) outcome = init_failure_outcome(invocation);
  }
  report.init_duration_ms = std::exchange(init_ms_, std::nullopt);
  log_.start(invocation.request_id);

  if (healthy) {
    const WallTime wall_deadline = loop_->clock().wall() + (deadline - loop_->now());
    timed_out_ = false;
    extensions_->give_invoke({invocation.request_id, invocation.invoked_arn, invocation.trace_id,
                              unix_ms(wall_deadline)});
    session_->give(invocation, unix_ms(wall_deadline));
    deadline_timer_.arm_at(deadline);
    while (!session_->has_reply() && !stopped()) {
      changed_.reset();
      co_await changed_.wait();
    }
    if (session_->has_reply()) {
      Reply reply = session_->take_reply();
      if (reply.broke_off) co_await expect_exit();
      outcome =
          reply.broke_off && exit_ ? exit_outcome(invocation) : reply_outcome(std::move(reply));
      // The caller need not wait for what the runtime does afterwards.
      if (!invocation.want_tail) {
        if (invocation.sink) invocation.sink->close();
        answer.send(std::move(outcome));
        answered_since_ = loop_->now();
      }
      while (!invoke_complete() && !stopped()) {
        changed_.reset();
        co_await changed_.wait();
      }
    } else {
      outcome = stop_outcome(invocation);
    }
    deadline_timer_.disarm();
    answered_since_.reset();
    healthy = invoke_complete() && !exit_ && !extensions_->failure();
    if (!healthy) {
      report.status = stop_status();
      sandbox_->kill();
    }
  } else {
    report.status = init_failure_->status;
  }
  if (healthy) report.response = session_->response_times();
  finish_log(report, begun, &outcome, invocation.want_tail);
  if (invocation.sink) invocation.sink->close();
  answer.send(std::move(outcome));  // nobody's, when it went out above
  if (healthy) {
    freeze_timer_.arm_after(kFreezeAfter);
  } else {
    co_await teardown();
  }
}

// A crash in the middle of a streamed response is seen as a connection that ends early, a
// moment before the process is seen to be gone.
net::Task<void> Environment::expect_exit() {
  bool waited = false;
  net::Timer timer(*loop_, [this, &waited] {
    waited = true;
    wake();
  });
  timer.arm_after(kExitExpected);
  while (!exit_ && !timed_out_ && !waited) {
    changed_.reset();
    co_await changed_.wait();
  }
}

void Environment::finish_log(InvokeReport report, MonoTime begun, Outcome* outcome,
                             bool want_tail) {
  report.duration_ms = to_ms(loop_->now() - begun);
  report.max_memory_used_mb = memory_used_mb();
  drain_output();
  // The runtime's own errors show as an error in JSON; in text only failures of the
  // environment have a Status.
  InvokeReport json_report = report;
  if (function_->logging.format == LogFormat::kJson &&
      outcome->kind == Outcome::Kind::kFunctionError &&
      report.status.kind == PhaseStatus::Kind::kSuccess) {
    json_report.status = {PhaseStatus::Kind::kError, public_error_type(outcome->error_type)};
  }
  log_.finish(json_report);
  if (want_tail) outcome->log_tail = log_.take_tail();
}

std::uint32_t Environment::memory_used_mb() {
  const MonoTime now = loop_->now();
  if (sandbox_ && (memory_peak_mb_ == 0 || now - memory_looked_ > kMemoryLookEvery)) {
    memory_looked_ = now;
    const auto peak = static_cast<std::uint32_t>((sandbox_->memory().peak_bytes + kMiB - 1) / kMiB);
    memory_peak_mb_ = std::max(memory_peak_mb_, std::min(peak, function_->memory_mb));
  }
  return memory_peak_mb_;
}

std::string Environment::exit_error_type() const {
  // An internal extension that gave up takes the runtime's process with it.
  if (extensions_ && !extensions_->posted_failure().empty()) {
    return extensions_->posted_failure();
  }
  return exit_ && exit_->out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
}

bool Environment::invoke_complete() const {
  return session_->ready() && extensions_->invoke_done();
}

// Why an invocation did not come to its end, as the REPORT line shows it.
PhaseStatus Environment::stop_status() const {
  if (const auto& failure = extensions_->failure()) {
    return {PhaseStatus::Kind::kError, failure->error_type};
  }
  if (exit_) return {PhaseStatus::Kind::kError, exit_error_type()};
  return {PhaseStatus::Kind::kTimeout, ""};
}

// The same as the caller gets it.
Outcome Environment::stop_outcome(const Invocation& invocation) const {
  if (const auto& failure = extensions_->failure()) {
    return platform_outcome(failure->error_type, invocation.request_id, failure->text);
  }
  return exit_ ? exit_outcome(invocation) : timeout_outcome(invocation);
}

Outcome Environment::init_failure_outcome(const Invocation& invocation) const {
  Outcome outcome;
  switch (init_failure_->kind) {
    case InitFailure::Kind::kPosted:
      outcome = reply_outcome(init_failure_->posted);
      outcome.kind = Outcome::Kind::kFunctionError;
      break;
    case InitFailure::Kind::kFailed:
      outcome = platform_outcome(init_failure_->status.error_type, invocation.request_id,
                                 init_failure_->text);
      break;
    case InitFailure::Kind::kTimedOut:
      outcome = timeout_outcome(invocation);
      break;
    case InitFailure::Kind::kPlatform:
      outcome.kind = Outcome::Kind::kPlatformError;
      outcome.error_type = init_failure_->status.error_type;
      outcome.detail = init_failure_->text;
      break;
  }
  return outcome;
}

Outcome Environment::exit_outcome(const Invocation& invocation) const {
  return platform_outcome(exit_error_type(), invocation.request_id, exit_text(*exit_));
}

Outcome Environment::timeout_outcome(const Invocation& invocation) const {
  return platform_outcome(kTimedOut, invocation.request_id,
                          fmt::format("Task timed out after {:.2f} seconds",
                                      static_cast<double>(function_->timeout_s)));
}

}  // namespace lapwing::runtime

#include "runtime/environment.hpp"

#include <array>
#include <ctime>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/random.hpp"
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

std::string log_stream_name(const FunctionVersion& function, WallTime now, Random& random) {
  const std::time_t seconds = unix_ms(now) / 1000;
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  // A group shared by several functions tells them apart by the stream.
  const bool own_group =
      function.logging.log_group == fmt::format("/aws/lambda/{}", function.name.view());
  return fmt::format("{:04}/{:02}/{:02}/{}[{}]{}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     own_group ? std::string_view() : function.name.view(), function.version,
                     random_hex(random, 32));
}

struct Pipe {
  os::UniqueFd read;
  os::UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return fail(errno_error("pipe2"));
  Pipe pipe{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
  // Best effort: a larger pipe lets a chatty function run on while we are busy.
  fcntl(pipe.write.get(), F_SETPIPE_SZ, kOutputPipeBytes);
  return pipe;
}

}  // namespace

Environment::Environment(net::Loop& loop, const EnvironmentHost& host, FunctionVersionPtr function)
    : loop_(&loop),
      host_(&host),
      function_(std::move(function)),
      stream_{function_->account, function_->region, function_->logging.log_group,
              log_stream_name(*function_, loop.clock().wall(), *host.random)},
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
  co_return warm;
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
    deadline_timer_.arm_at(std::min(begun + host_->init_timeout, deadline));
    while (!session_->ready() && !session_->has_reply() && !exit_ && !timed_out_) {
      changed_.reset();
      co_await changed_.wait();
    }
    deadline_timer_.disarm();
    answered = session_->ready();
  }
  const double took_ms = to_ms(loop_->now() - begun);
  const WallTime now = loop_->clock().wall();
  if (answered) {
    ready_ = true;
    if (phase == "init") init_ms_ = took_ms;
    drain_output();
    log_line(init_runtime_done_line(*function_, now, phase, {}));
    log_line(init_report_line(*function_, now, {took_ms, phase, {}}));
    co_return true;
  }
  PhaseStatus status;
  if (!launched) {
    const bool theirs = launched.error().code() == kInvalidEntrypoint;
    init_failure_ =
        InitFailure{theirs ? InitFailure::Kind::kEntrypoint : InitFailure::Kind::kPlatform,
                    {},
                    launched.error()};
    status = {PhaseStatus::Kind::kError, theirs ? kInvalidEntrypoint : "Sandbox.Failure"};
  } else if (session_->has_reply()) {
    init_failure_ =
        InitFailure{InitFailure::Kind::kPosted, session_->take_reply(), internal_error("")};
    status = {PhaseStatus::Kind::kError, public_error_type(init_failure_->posted.error_type)};
  } else if (exit_) {
    init_failure_ = InitFailure{InitFailure::Kind::kExited, {}, internal_error("")};
    status = {PhaseStatus::Kind::kError, exit_error_type()};
  } else {
    init_failure_ = InitFailure{InitFailure::Kind::kTimedOut, {}, internal_error("")};
    status = {PhaseStatus::Kind::kTimeout, ""};
  }
  if (sandbox_) sandbox_->kill();
  drain_output();
  log_line(init_runtime_done_line(*function_, now, phase, status));
  log_line(init_report_line(*function_, now, {took_ms, phase, status}));
  co_await teardown();
  co_return false;
}

Result<Environment::Ends> Environment::make_ends(const RuntimeChoice& choice) const {
  Ends ends;
  LAPWING_TRY(Pipe output, make_pipe());
  os::UniqueFd copy(fcntl(output.write.get(), F_DUPFD_CLOEXEC, 3));
  if (copy.get() < 0) return fail(errno_error("dup of the output pipe"));
  ends.output = std::move(output.read);
  ends.inherited.push_back({STDOUT_FILENO, std::move(output.write)});
  ends.inherited.push_back({STDERR_FILENO, std::move(copy)});
  if (choice.id.language == Language::kProvided) return ends;
  LAPWING_TRY(Pipe telemetry, make_pipe());
  ends.telemetry = std::move(telemetry.read);
  ends.inherited.push_back({kTelemetryFd, std::move(telemetry.write)});
  LAPWING_TRY(net::SocketPair sockets, net::socket_pair());
  ends.runtime = std::move(sockets.first);
  // The bootstrap expects a blocking socket.
  const int flags = fcntl(sockets.second.get(), F_GETFL);
  fcntl(sockets.second.get(), F_SETFL, flags & ~O_NONBLOCK);
  ends.inherited.push_back({kRuntimeFd, std::move(sockets.second)});
  return ends;
}

net::Task<Status> Environment::launch() {
  LAPWING_CO_TRY(const RuntimeChoice choice, host_->catalogue->choose(function_->runtime));
  log_line(init_start_line(
      *function_, loop_->clock().wall(),
      {runtime_version(choice), runtime_version_arn(*function_, choice), choice.note}));
  EnvironmentInputs inputs;
  inputs.function = function_.get();
  inputs.runtime = &choice;
  inputs.credentials = host_->credentials->mint(*function_);
  inputs.log_stream = stream_.stream;
  LAPWING_CO_TRY(const sandbox::Plan plan, host_->planner->plan(*function_, choice, inputs));
  LAPWING_CO_TRY(Ends ends, make_ends(choice));
  std::vector<sandbox::InheritedFd> inherited = std::move(ends.inherited);
  Result<std::unique_ptr<sandbox::Sandbox>> launched =
      co_await host_->launcher->launch(*loop_, plan, std::move(inherited));
  if (!launched) co_return fail(entrypoint_error(std::move(launched).error(), plan.argv[0]));
  sandbox_ = *std::move(launched);
  exit_.reset();
  co_return serve_sandbox(std::move(ends));
}

Status Environment::serve_sandbox(Ends ends) {
  session_ = std::make_unique<RuntimeSession>(*loop_, changed_);
  api_ = std::make_unique<RuntimeApi>(*session_, host_->stream);
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
  output_ = std::make_unique<net::FdWatcher>(*loop_, std::move(ends.output));
  tasks_->spawn(read_output(*output_, false));
  if (ends.telemetry) {
    telemetry_ = std::make_unique<net::FdWatcher>(*loop_, std::move(ends.telemetry));
    tasks_->spawn(read_output(*telemetry_, true));
  }
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
  const sandbox::ExitStatus status = co_await sandbox_->exited();
  exit_ = status;
  wake();
}

net::Task<void> Environment::read_output(net::FdWatcher& pipe, bool framed) {
  std::vector<char> buffer(kOutputChunkBytes);
  while (true) {
    // A flood waits in the pipe, where it stops only the function that makes it.
    while (host_->logs->backlog_bytes() > host_->logs->backlog_limit_bytes()) {
      co_await loop_->sleep(std::chrono::milliseconds(5));
    }
    const Result<std::size_t> n =
        co_await pipe.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!n || *n == 0) co_return;
    take_output({buffer.data(), *n}, framed);
    co_await loop_->yield();
  }
}

void Environment::take_output(std::string_view bytes, bool framed) {
  std::vector<ports::LogEvent> events;
  const WallTime now = loop_->clock().wall();
  if (framed) {
    frames_.feed(bytes, now, events);
  } else {
    lines_.feed(bytes, now, events);
  }
  append(std::move(events));
}

void Environment::append(std::vector<ports::LogEvent> events) {
  if (events.empty()) return;
  if (tail_.active()) {
    for (const ports::LogEvent& event : events) tail_.add(event.message);
  }
  host_->logs->append(stream_, std::move(events));
}

void Environment::log_line(std::string line) {
  if (line.empty()) return;
  std::vector<ports::LogEvent> events;
  events.push_back({loop_->clock().wall(), std::move(line)});
  append(std::move(events));
}

// What the runtime printed before it answered is in the pipes already; END comes after it.
void Environment::drain_output() {
  drain_pipe(output_.get(), false);
  drain_pipe(telemetry_.get(), true);
  std::vector<ports::LogEvent> events;
  lines_.flush(loop_->clock().wall(), events);
  append(std::move(events));
}

void Environment::drain_pipe(net::FdWatcher* pipe, bool framed) {
  if (pipe == nullptr) return;
  std::array<char, kOutputChunkBytes> buffer;
  // No more than the pipe can hold: a function that prints on and on does not hold us.
  for (int left = kOutputPipeBytes; left > 0;) {
    const ssize_t n = ::read(pipe->fd(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    take_output({buffer.data(), static_cast<std::size_t>(n)}, framed);
    left -= static_cast<int>(n);
  }
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
  output_.reset();
  telemetry_.reset();
  service_.reset();
  api_.reset();
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
  if (invocation.want_tail) tail_.start();
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
  log_line(start_line(*function_, loop_->clock().wall(), invocation.request_id));

  if (healthy) {
    const WallTime wall_deadline = loop_->clock().wall() + (deadline - loop_->now());
    timed_out_ = false;
    session_->give(invocation, unix_ms(wall_deadline));
    deadline_timer_.arm_at(deadline);
    while (!session_->has_reply() && !exit_ && !timed_out_) {
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
      while (!session_->ready() && !exit_ && !timed_out_) {
        changed_.reset();
        co_await changed_.wait();
      }
    } else {
      outcome = exit_ ? exit_outcome(invocation) : timeout_outcome(invocation);
    }
    deadline_timer_.disarm();
    answered_since_.reset();
    healthy = session_->ready() && !exit_;
    if (!healthy && timed_out_ && !exit_) report.status = {PhaseStatus::Kind::kTimeout, ""};
    if (!healthy && exit_) report.status = {PhaseStatus::Kind::kError, exit_error_type()};
    if (!healthy && sandbox_) sandbox_->kill();
  } else {
    report.status = status_of(outcome);
  }
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
  const WallTime now = loop_->clock().wall();
  // The runtime's own errors show as an error in JSON; in text only failures of the
  // environment have a Status.
  InvokeReport json_report = report;
  if (function_->logging.format == LogFormat::kJson &&
      outcome->kind == Outcome::Kind::kFunctionError &&
      report.status.kind == PhaseStatus::Kind::kSuccess) {
    json_report.status = {PhaseStatus::Kind::kError, public_error_type(outcome->error_type)};
  }
  log_line(end_line(*function_, now, json_report));
  log_line(report_line(*function_, now, json_report));
  if (want_tail) outcome->log_tail = tail_.take();
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
  return exit_ && exit_->out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
}

PhaseStatus Environment::status_of(const Outcome& outcome) const {
  if (outcome.error_type == kTimedOut) return {PhaseStatus::Kind::kTimeout, ""};
  return {PhaseStatus::Kind::kError, public_error_type(outcome.error_type)};
}

Outcome Environment::init_failure_outcome(const Invocation& invocation) const {
  switch (init_failure_->kind) {
    case InitFailure::Kind::kPosted: {
      Outcome outcome = reply_outcome(init_failure_->posted);
      outcome.kind = Outcome::Kind::kFunctionError;
      return outcome;
    }
    case InitFailure::Kind::kExited:
      return exit_outcome(invocation);
    case InitFailure::Kind::kTimedOut:
      return timeout_outcome(invocation);
    case InitFailure::Kind::kEntrypoint:
      return platform_outcome(kInvalidEntrypoint, invocation.request_id,
                              init_failure_->error.message());
    case InitFailure::Kind::kPlatform:
      break;
  }
  Outcome outcome;
  outcome.kind = Outcome::Kind::kPlatformError;
  outcome.error_type = "Sandbox.Failure";
  outcome.detail = init_failure_->error.to_log();
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

#include "runtime/environment/sandbox_session.hpp"

#include <fcntl.h>
#include <functional>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.hpp"
#include "net/listener.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "runtime/extensions/extension_files.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "runtime/start/sandbox_planner.hpp"

namespace lapwing::runtime {

SandboxSession::SandboxSession(net::Loop& loop, const EnvironmentHost& host,
                               FunctionVersionPtr function, InitializationType type,
                               FunctionLog& log, net::Event& changed)
    : loop_(&loop),
      host_(&host),
      function_(std::move(function)),
      type_(type),
      log_(&log),
      changed_(&changed),
      runtime_(loop, changed),
      extensions_(loop, changed, *host.random),
      telemetry_(loop, *this),
      api_(runtime_, extensions_, function_, host.stream, telemetry_, log, *host.credentials),
      memory_({.bodies = kRuntimeBodiesMax, .bodies_each = kRuntimeBodiesMax}),
      runtime_connections_(std::make_shared<std::atomic<std::size_t>>(0)),
      endpoint_connections_(std::make_shared<std::atomic<std::size_t>>(0)),
      connections_(loop),
      tasks_(loop) {
  log_->set_telemetry(&telemetry_);
  if (host.memory != nullptr) api_.count_replies(*host.memory);
  // The invocation's own time limit is the only one: a runtime may be silent as long as it
  // likes between requests, and between the pieces of a response.
  service_.options.timeouts.keep_alive = kNoHttpTimeout;
  service_.options.timeouts.body_idle = kNoHttpTimeout;
  service_.options.timeouts.body_window = kNoHttpTimeout;
  service_.options.timeouts.body_whole = kNoHttpTimeout;
  service_.options.memory = &memory_;
  service_.options.limits.trailer_bytes = kErrorTrailerBytesMax;
  service_.handler = [this](http::RequestContext& context) { return api_.handle(context); };
}

SandboxSession::~SandboxSession() { log_->set_telemetry(nullptr); }

void SandboxSession::restore_from(SnapshotPtr snapshot) {
  snapshot_ = std::move(snapshot);
  runtime_.expect_restore();
}

// INIT_START or RESTORE_START.
void SandboxSession::announce(std::string_view phase) {
  InitStart init;
  // An image's runtime is its own affair.
  if (!function_->image) {
    init.runtime_version = runtime_version(choice_);
    std::string_view partition = std::string_view(function_->arn).substr(std::size("arn:") - 1);
    partition = partition.substr(0, partition.find(':'));
    init.runtime_version_arn =
        runtime_version_arn(partition, function_->region.view(), function_->runtime);
  }
  init.note = choice_.note;
  init.type = type_;
  init.phase = phase;
  if (snapshot_) {
    log_->restore_start(std::move(init));
  } else {
    log_->init_start(std::move(init));
  }
}

net::Task<Status> SandboxSession::prepare(std::string_view phase) {
  LAPWING_CO_TRY(choice_, choose_runtime(*host_->catalogue, *function_));
  announce(phase);
  LAPWING_CO_TRY(const RoleCredentials credentials, host_->credentials->mint(*function_));
  EnvironmentInputs inputs;
  inputs.function = function_.get();
  inputs.runtime = &choice_;
  if (outlives_keys()) {
    inputs.credentials_token = snapshot_ ? snapshot_->token : capture_->token();
    api_.set_credentials_token(inputs.credentials_token);
  } else {
    inputs.credentials = credentials;
  }
  inputs.log_stream = log_->stream();
  inputs.initialization_type = to_string(snapshot_ ? InitializationType::kSnapStart : type_);
  LAPWING_CO_TRY(plan_, host_->planner->plan(*function_, choice_, inputs));
  // Both need a waiting sandbox of the kind that restored processes use.
  std::vector<std::string> argv;
  if (outlives_keys()) argv = std::exchange(plan_.argv, {kRestoreProgram});
  if (!co_await prepare_again()) {
    LAPWING_CO_TRY(started_,
                   co_await host_->starters->of(*loop_).prepare(function_->arn, plan_, choice_));
    adopt(started_.sandbox->take_listeners());
  }
  if (capture_ != nullptr) {
    plan_.argv = std::move(argv);
    add_snapshot_variables(plan_.environment);
  }
  for (SandboxListener& listener : listeners_) tasks_.spawn(accept_loop(listener));
  co_return Status();
}

// In the sandbox of an earlier session. Where that has come to its end meanwhile, a new one is as
// good, but for /tmp.
net::Task<bool> SandboxSession::prepare_again() {
  if (!cleared_) co_return false;
  ClearedSandbox cleared = *std::exchange(cleared_, std::nullopt);
  Starter& starter = host_->starters->of(*loop_);
  if (const Status done = co_await starter.prepare_again(cleared.started, plan_, choice_); !done) {
    host_->logger->warn("runtime", "a sandbox could not be used again",
                        {{"function", function_->arn}, {"error", done.error().to_log()}});
    co_return false;
  }
  started_ = std::move(cleared.started);
  listeners_ = std::move(cleared.listeners);
  runtime_connections_ = std::move(cleared.runtime_connections);
  endpoint_connections_ = std::move(cleared.endpoint_connections);
  co_return true;
}

void SandboxSession::adopt(std::vector<sandbox::NamedListener> listeners) {
  for (sandbox::NamedListener& one : listeners) {
    Result<net::Listener> listener = net::Listener::adopt(*loop_, std::move(one.fd));
    if (!listener) {
      host_->logger->error("runtime", "adopt a sandbox's listener",
                           {{"error", listener.error().to_log()}});
      continue;
    }
    listeners_.push_back({*std::move(listener), one.name != kEndpointListener});
  }
}

void SandboxSession::start_extensions() {
  const std::vector<std::string> names =
      function_->image ? image_extension_files(function_->image->root)
                       : extension_files({function_->code_dir, function_->layers_dir});
  for (const std::string& name : names) {
    if (!extensions_.add_external(name)) return;  // too many: none is started
  }
  for (const std::string& name : names) tasks_.spawn(run_extension(name));
}

net::Task<void> SandboxSession::run_extension(std::string name) {
  const std::string path = std::string(kExtensionsDirectory) + "/" + name;
  Result<PipeEnds> output = make_output_pipe();
  os::UniqueFd copy;
  if (output) copy = os::UniqueFd(fcntl(output->write.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) {
    extensions_.launch_failed(name, false, "no descriptors for its output");
    co_return;
  }
  std::vector<sandbox::InheritedFd> inherited;
  inherited.push_back({STDOUT_FILENO, std::move(output->write)});
  inherited.push_back({STDERR_FILENO, std::move(copy)});
  add_pipe(std::move(output->read), OutputPipe::Format::kLines, TelemetryCategory::kExtension);
  const sandbox::ProgramPlan plan{{path}, extension_environment(plan_.environment), "/"};
  Result<sandbox::ProgramId> program = co_await started_.sandbox->start(plan, std::move(inherited));
  if (!program) {
    const bool forbidden = program.error().kind() == ErrorKind::kDenied;
    const Error error = entrypoint_error(std::move(program).error(), path);
    extensions_.launch_failed(name, forbidden, error.message());
    co_return;
  }
  extension_programs_[name] = *program;
  const sandbox::ExitStatus status = co_await started_.sandbox->program_exited(*program);
  extensions_.exited(name, status);
}

net::Task<Status> SandboxSession::launch() {
  Starter& starter = host_->starters->of(*loop_);
  std::vector<sandbox::InheritedFd> more;
  if (capture_ != nullptr) {
    more = capture_->take_inherited();
    capture_->begin();
  }
  if (!snapshot_) co_return co_await starter.launch(started_, plan_, choice_, std::move(more));
  LAPWING_CO_TRY(more, snapshot_ends(*snapshot_));
  co_return co_await starter.launch_restored(started_, plan_, choice_, std::move(more));
}

net::Task<Status> SandboxSession::start_runtime() {
  Status launched = co_await launch();
  if (!launched) {
    co_return fail(
        entrypoint_error(std::move(launched).error(), plan_.argv[0], plan_.working_directory));
  }
  runtime_started_ = true;
  LaunchEnds& ends = started_.ends;
  add_pipe(std::move(ends.output), OutputPipe::Format::kLines, TelemetryCategory::kFunction);
  if (ends.telemetry) {
    add_pipe(std::move(ends.telemetry), OutputPipe::Format::kFrames, TelemetryCategory::kFunction);
  }
  if (ends.runtime) {
    Result<net::Stream> adopted =
        ends.to_runtime
            ? net::Stream::adopt_pipes(*loop_, std::move(ends.runtime), std::move(ends.to_runtime))
            : net::Stream::adopt(*loop_, std::move(ends.runtime));
    LAPWING_CO_TRY(net::Stream stream, std::move(adopted));
    only_given_link_ = connections_.size() == 0;
    connections_.spawn(http::serve_connection(std::move(stream), service_));
  }
  tasks_.spawn(watch_runtime());
  co_return Status();
}

net::Task<void> SandboxSession::accept_loop(SandboxListener& from) {
  for (std::size_t in_a_row = 0;; ++in_a_row) {
    const MonoTime asked = loop_->now();
    Result<os::UniqueFd> connection = co_await from.listener.accept();
    if (!connection) co_return;
    if (loop_->now() - asked > kAcceptPause) in_a_row = 0;
    // While this one waits for its place no other is accepted: those cost us nothing where they
    // are.
    http::ConnectionPlace found = co_await place(from.is_runtime_api);
    accepted(*std::move(connection), from.is_runtime_api, std::move(found));
    if (in_a_row < kAcceptsInARow) continue;
    in_a_row = 0;
    co_await loop_->sleep(kAcceptPause);
  }
}

net::Task<http::ConnectionPlace> SandboxSession::place(bool is_runtime_api) {
  const auto& own = is_runtime_api ? runtime_connections_ : endpoint_connections_;
  const std::size_t most = is_runtime_api ? kRuntimeConnectionsMax : kEndpointConnectionsMax;
  while (true) {
    http::ConnectionPlace found = host_->connections->open_inside(own, most);
    if (found) co_return found;
    co_await loop_->sleep(kConnectionLook);
  }
}

void SandboxSession::accepted(os::UniqueFd connection, bool is_runtime_api,
                              http::ConnectionPlace place) {
  http::Origin origin{.caller = 0, .place = std::move(place)};
  if (!is_runtime_api) {
    origin.caller = std::hash<std::string>()(function_->arn);
    if (host_->planner->reaches_endpoint(*function_)) {
      host_->endpoint->serve(*loop_, std::move(connection), std::move(origin));
    } else {
      host_->endpoint->refuse(*loop_, std::move(connection), std::move(origin));
    }
    return;
  }
  Result<net::Stream> stream = net::Stream::adopt(*loop_, std::move(connection));
  only_given_link_ = false;
  if (!stream) return;
  connections_.spawn(http::serve_connection(*std::move(stream), service_, std::move(origin)));
}

net::Task<void> SandboxSession::watch_runtime() {
  const sandbox::ExitStatus status = co_await started_.sandbox->program_exited(started_.program);
  if (!status.detail.empty()) {
    host_->logger->error("runtime", "forked child", {{"error", status.detail}});
  }
  exit_ = status;
  changed_->set();
}

net::Task<Result<net::Stream>> SandboxSession::connect(std::uint16_t port, MonoTime deadline) {
  LAPWING_CO_TRY(net::Address address, net::Address::ip("127.0.0.1", port));
  LAPWING_CO_TRY(os::UniqueFd socket, co_await started_.sandbox->socket(AF_INET, SOCK_STREAM));
  co_return co_await net::Stream::connect_through(*loop_, std::move(socket), std::move(address),
                                                  deadline);
}

void SandboxSession::add_pipe(os::UniqueFd read_end, OutputPipe::Format format,
                              TelemetryCategory source) {
  pipes_.push_back(
      std::make_unique<OutputPipe>(*loop_, *log_, std::move(read_end), format, source));
  tasks_.spawn(pipes_.back()->read());
}

// What the runtime printed before it answered is in the pipes already; END comes after it.
void SandboxSession::drain_output() {
  for (const std::unique_ptr<OutputPipe>& pipe : pipes_) pipe->drain(OutputPipe::Drain::kAll);
}

// The kernel reports in the order in which things happened. So where the bytes of an answer were
// read because they had been reported, what was printed before them has been reported as well:
// over the connection that the runtime was given, when the answer fits one read. New connections
// and long answers are read without waiting for a report.
void SandboxSession::drain_after_answer(std::uint64_t answer_bytes) {
  if (!only_given_link_ || answer_bytes > http::kReadBufferBytes / 2) return drain_output();
  for (const std::unique_ptr<OutputPipe>& pipe : pipes_) pipe->drain(OutputPipe::Drain::kReported);
}

bool SandboxSession::freeze() {
  if (!started_.sandbox->freeze()) return false;
  telemetry_.pause();
  return true;
}

void SandboxSession::thaw() {
  // A sandbox that cannot be thawed will time out, and be replaced.
  if (const Status thawed = started_.sandbox->thaw(); !thawed) {
    host_->logger->error("runtime", "thaw", {{"error", thawed.error().to_log()}});
  }
  telemetry_.resume();
}

bool SandboxSession::runtime_runs() const { return runtime_started_ && !exit_; }

void SandboxSession::signal_runtime(int signal_number) {
  // Gone meanwhile, or going: then its exit is on its way.
  if (runtime_runs()) (void)started_.sandbox->signal(signal_number, started_.program);
}

void SandboxSession::kill_extension(std::string_view name) {
  const auto found = extension_programs_.find(name);
  if (found != extension_programs_.end()) (void)started_.sandbox->signal(SIGKILL, found->second);
}

net::Task<void> SandboxSession::deliver_telemetry(MonoTime deadline) {
  return telemetry_.drain(deadline);
}

void SandboxSession::kill() {
  if (started_.sandbox) started_.sandbox->kill();
}

void SandboxSession::hang_up() {
  telemetry_.stop();
  drain_output();
  connections_.cancel_all();
}

net::Task<void> SandboxSession::end() {
  tasks_.cancel_all();
  if (started_.sandbox) {
    started_.sandbox->kill();
    co_await started_.sandbox->destroy();
  }
  hang_up();
}

net::Task<std::optional<ClearedSandbox>> SandboxSession::clear() {
  if (!started_.sandbox) co_return std::nullopt;
  tasks_.cancel_all();
  if (const Status done = co_await started_.sandbox->clear(); !done) {
    host_->logger->warn("runtime", "a sandbox could not be cleared",
                        {{"function", function_->arn}, {"error", done.error().to_log()}});
    co_return std::nullopt;
  }
  hang_up();
  // What killed programs still asked for is nobody's question any more.
  for (SandboxListener& one : listeners_) one.listener.drop_waiting();
  started_.ends = {};
  co_return ClearedSandbox{std::move(started_), std::move(listeners_), runtime_connections_,
                           endpoint_connections_};
}

}  // namespace lapwing::runtime

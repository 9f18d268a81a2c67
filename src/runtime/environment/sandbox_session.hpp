// SandboxSession: what lives in one sandbox of a function, from its making to its end: the
// runtime and the extensions with what they print, the APIs they speak to, the telemetry they
// are sent. Environment has one at a time and knows what is to happen when.
//
//   prepare() -> start_extensions() -> start_runtime() -> ... -> end()
//                                                             -> clear() -> the next session
//
// After a crash or a timeout clear() ends every program, and what is left is a sandbox of the
// same function with its /tmp, in which the next session starts its runtime again.
//
// Whatever comes to its end, programs are dead before the connections to their APIs are closed:
// what a client has to say about a lost connection is not to be read in the function's log.
//
// Thread-safety: one loop. end() before destruction; not from a task of its own.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "net/listener.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "runtime/api/runtime_session.hpp"
#include "runtime/api/sandbox_api.hpp"
#include "runtime/environment/environment_host.hpp"
#include "runtime/environment/shutdown.hpp"
#include "runtime/extensions/extension_registry.hpp"
#include "runtime/log/function_log.hpp"
#include "runtime/log/output_pipe.hpp"
#include "runtime/snapshot/snapshot_capture.hpp"
#include "runtime/telemetry/telemetry_hub.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing::runtime {

// What serves one of a sandbox's ports.
struct SandboxListener {
  net::Listener listener;
  bool is_runtime_api = false;
};

// A sandbox between two sessions: nothing runs in it.
struct ClearedSandbox {
  StartedRuntime started;
  std::vector<SandboxListener> listeners;
  // Connections of earlier programs that are still served count.
  std::shared_ptr<std::atomic<std::size_t>> runtime_connections;
  std::shared_ptr<std::atomic<std::size_t>> endpoint_connections;
};

class SandboxSession final : private SandboxConnector, public ShutdownParty {
 public:
  // `changed` is set whenever something happened that the environment may wait for.
  SandboxSession(net::Loop& loop, const EnvironmentHost& host, FunctionVersionPtr function,
                 InitializationType type, FunctionLog& log, net::Event& changed);
  ~SandboxSession() override;

  // From here on its runtime becomes a snapshot (`capture` outlives the session), or comes from
  // one. Before prepare().
  void take_snapshot_into(SnapshotCapture& capture) { capture_ = &capture; }
  void restore_from(SnapshotPtr snapshot);
  // From here on it is to use what an earlier one left, if that is still of use. Before prepare().
  void continue_in(ClearedSandbox cleared) { cleared_ = std::move(cleared); }

  // The function's sandbox, its APIs answering, nothing of the function's running yet.
  net::Task<Status> prepare(std::string_view phase);
  // Every file in /opt/extensions, all at once; how that goes shows in extensions().
  void start_extensions();
  // kInvalidEntrypoint when the function's own executable cannot be started.
  net::Task<Status> start_runtime();

  RuntimeSession& runtime() { return runtime_; }
  ExtensionRegistry& extensions() { return extensions_; }
  TelemetryHub& telemetry() { return telemetry_; }
  // How the runtime ended, once it has.
  const std::optional<sandbox::ExitStatus>& exit() const { return exit_; }

  // What was printed up to now goes into the log.
  void drain_output();
  // The same after an answer of that size, which cheaply tells when there is nothing.
  void drain_after_answer(std::uint64_t answer_bytes);
  bool freeze();
  void thaw();
  sandbox::MemoryUse memory() { return started_.sandbox->memory(); }
  bool has_sandbox() const { return started_.sandbox != nullptr; }
  // Everything inside, at once.
  void kill();
  // Kills and releases; completes when nothing is left.
  net::Task<void> end();
  // Kills, and completes when nothing runs any more. Nothing when the sandbox is of no more use;
  // then end() is still to come.
  net::Task<std::optional<ClearedSandbox>> clear();

  // ---- ShutdownParty
  bool runtime_runs() const override;
  void signal_runtime(int signal_number) override;
  void kill_extension(std::string_view name) override;
  net::Task<void> deliver_telemetry(MonoTime deadline) override;

 private:
  void announce(std::string_view phase);
  net::Task<Status> launch();
  net::Task<Result<net::Stream>> connect(std::uint16_t port, MonoTime deadline) override;
  // What was printed to the end goes into the log, then every connection is closed.
  void hang_up();
  net::Task<bool> prepare_again();
  void adopt(std::vector<sandbox::NamedListener> listeners);
  net::Task<void> accept_loop(SandboxListener& from);
  // A place for one connection more, as soon as there is one.
  net::Task<http::ConnectionPlace> place(bool is_runtime_api);
  void accepted(os::UniqueFd connection, bool is_runtime_api, http::ConnectionPlace place);
  net::Task<void> run_extension(std::string name);
  net::Task<void> watch_runtime();
  void add_pipe(os::UniqueFd read_end, OutputPipe::Format format, TelemetryCategory source);

  net::Loop* loop_;
  const EnvironmentHost* host_;
  FunctionVersionPtr function_;
  InitializationType type_;
  FunctionLog* log_;
  net::Event* changed_;

  // Of a process that becomes a snapshot or comes from one.
  bool outlives_keys() const { return capture_ != nullptr || snapshot_; }

  SnapshotCapture* capture_ = nullptr;
  SnapshotPtr snapshot_;  // restored from it

  RuntimeChoice choice_;
  sandbox::Plan plan_;
  std::optional<ClearedSandbox> cleared_;  // until prepare() has used it
  StartedRuntime started_;
  std::vector<SandboxListener> listeners_;
  bool runtime_started_ = false;
  bool only_given_link_ = false;  // the Runtime API was only used over the connection made for it
  std::optional<sandbox::ExitStatus> exit_;
  std::map<std::string, sandbox::ProgramId, std::less<>> extension_programs_;

  RuntimeSession runtime_;
  ExtensionRegistry extensions_;
  TelemetryHub telemetry_;
  SandboxApi api_;
  http::Memory memory_;
  http::ServiceShared service_;
  // Of this sandbox, as they are counted.
  std::shared_ptr<std::atomic<std::size_t>> runtime_connections_;
  std::shared_ptr<std::atomic<std::size_t>> endpoint_connections_;
  std::vector<std::unique_ptr<OutputPipe>> pipes_;
  net::TaskGroup connections_;
  net::TaskGroup tasks_;  // last: uses everything above
};

}  // namespace lapwing::runtime

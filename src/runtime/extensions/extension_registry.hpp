// The extensions of one environment and what each of them may do, as a state machine without
// any HTTP. extensions_api.hpp puts HTTP in front of it; Environment drives the other side.
//
//   Started --register--> Registered --next--> Ready --event--> Running --next--> Ready
//   Registered --init/error--> InitError      any of the last three --exit/error--> ExitError
//
// External extensions are announced by add_external() before their program starts, and then
// register by the name of their file. Internal ones come into being by registering, from the
// runtime's process. An extension that posted an error is expected to exit; the phase fails
// when it does.
//
// States, names and messages are those of RAPID (the open-source runtime interface emulator).
// Errors are kDenied with the API's errorType as code() and its errorMessage as message().
//
// Thread-safety: one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing {
class Random;
}

namespace lapwing::runtime {

// Why an extension brought the environment down.
struct ExtensionFailure {
  std::string error_type;  // "Extension.Crash"
  std::string text;        // "exit code 0"
};

// What a call of event/next answers; `json` is the event.
struct ExtensionEvent {
  std::string id;
  std::string json;
};

struct InvokeEvent {
  std::string_view request_id;
  std::string_view invoked_arn;
  std::string_view trace_id;  // may be empty
  std::int64_t deadline_unix_ms = 0;
};

enum class ShutdownReason { kSpindown, kTimeout, kFailure };

class ExtensionRegistry {
 public:
  enum class State {
    kStarted,
    kRegistered,
    kReady,
    kRunning,
    kInitError,
    kExitError,
    kShutdownFailed,
    kExited,
    kLaunchError,
  };
  struct Extension {
    std::string name;
    std::string id;
    bool external = false;
    bool wants_invoke = false;
    bool wants_shutdown = false;
    State state = State::kStarted;
    std::string error_type;  // as posted, or why it could not be launched
  };

  // `changed` is set whenever something happened that the environment may wait for.
  ExtensionRegistry(net::Loop& loop, net::Event& changed, Random& random);
  ~ExtensionRegistry();

  // ---- the extensions' side.

  Result<const Extension*> register_extension(std::string_view name,
                                              std::span<const std::string_view> events);
  // Completes with the extension's next event.
  net::Task<Result<ExtensionEvent>> next(std::string id);
  Status init_error(std::string_view id, std::string_view error_type);
  Status exit_error(std::string_view id, std::string_view error_type);
  const Extension* find(std::string_view id) const;

  // ---- the environment's side.

  // kTooLarge beyond kExtensionsMax.
  Status add_external(std::string_view name);
  // `text` is what the caller of the function reads; `forbidden`: the file may not be executed.
  void launch_failed(std::string_view name, bool forbidden, std::string text);
  // The program of an external extension has ended. Outside a shutdown that is a failure.
  void exited(std::string_view name, const sandbox::ExitStatus& status);
  // No extension may register from here on.
  void close_registration() { open_ = false; }

  bool empty() const { return entries_.empty(); }
  bool has_external() const;
  // Every external extension has registered.
  bool all_registered() const;
  // Every extension waits for an event.
  bool all_ready() const;
  // Hands the event to everyone subscribed.
  void give_invoke(const InvokeEvent& event);
  // Everyone subscribed has asked for the next event again.
  bool invoke_done() const;
  // Hands SHUTDOWN to the subscribed; from here on exits are no failures.
  void give_shutdown(ShutdownReason reason, std::int64_t deadline_unix_ms);
  // External extensions whose program runs.
  std::vector<const Extension*> running_external() const;

  const std::optional<ExtensionFailure>& failure() const { return failure_; }
  // What an extension posted with init/error or exit/error, as the error type a failure of
  // the whole environment gets: it counts before the exit that follows it.
  const std::string& posted_failure() const { return posted_failure_; }
  std::vector<const Extension*> extensions() const;

 private:
  struct Entry;
  Entry* by_name(std::string_view name) const;
  Entry* by_id(std::string_view id) const;
  void hand_out(Entry& entry, std::string json);
  void fail_with(std::string error_type, std::string text);

  net::Loop* loop_;
  net::Event* changed_;
  Random* random_;
  bool open_ = true;
  bool shutting_down_ = false;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::string posted_failure_;
  std::optional<ExtensionFailure> failure_;
};

// RAPID's name of a state: "Ready".
std::string_view to_string(ExtensionRegistry::State state);
// "spindown": lower case on the wire, whatever the manual prints.
std::string_view to_string(ShutdownReason reason);

}  // namespace lapwing::runtime

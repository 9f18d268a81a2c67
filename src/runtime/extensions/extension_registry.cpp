#include "runtime/extensions/extension_registry.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/random.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "text/json_writer.hpp"

namespace lapwing::runtime {

struct ExtensionRegistry::Entry {
  explicit Entry(net::Loop& loop) : offered(loop) {}
  Extension about;
  bool program_runs = false;
  std::optional<ExtensionEvent> offer;
  net::Event offered;
};

namespace {

constexpr char kInvalidState[] = "Extension.InvalidExtensionState";

Error denied(std::string code, std::string message) {
  return Error(ErrorKind::kDenied, std::move(code), std::move(message));
}

Error not_allowed(ExtensionRegistry::State from, ExtensionRegistry::State to,
                  std::string_view whom) {
  return denied(kInvalidState, fmt::format("State transition from {} to {} failed for extension "
                                           "{}. Error: State transition is not allowed",
                                           to_string(from), to_string(to), whom));
}

// Both posted errors need an extension in one of `from`; repeating one is harmless.
Status check_posted(const ExtensionRegistry::Extension& about, ExtensionRegistry::State to,
                    std::initializer_list<ExtensionRegistry::State> from) {
  if (std::ranges::find(from, about.state) != from.end()) return {};
  return fail(not_allowed(about.state, to, about.id));
}

Error unknown_identifier() {
  return denied("Extension.UnknownExtensionIdentifier", "Unknown Lambda-Extension-Identifier");
}

std::string invoke_json(const InvokeEvent& event) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("eventType", "INVOKE");
  json.member("deadlineMs", event.deadline_unix_ms);
  json.member("requestId", event.request_id);
  json.member("invokedFunctionArn", event.invoked_arn);
  if (!event.trace_id.empty()) {
    json.key("tracing");
    json.begin_object();
    json.member("type", "X-Amzn-Trace-Id");
    json.member("value", event.trace_id);
    json.end_object();
  }
  json.end_object();
  return out;
}

std::string shutdown_json(ShutdownReason reason, std::int64_t deadline_unix_ms) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("eventType", "SHUTDOWN");
  json.member("deadlineMs", deadline_unix_ms);
  json.member("shutdownReason", to_string(reason));
  json.end_object();
  return out;
}

}  // namespace

std::string_view to_string(ExtensionRegistry::State state) {
  using State = ExtensionRegistry::State;
  switch (state) {
    case State::kStarted:
      return "Started";
    case State::kRegistered:
      return "Registered";
    case State::kReady:
      return "Ready";
    case State::kRunning:
      return "Running";
    case State::kInitError:
      return "InitError";
    case State::kExitError:
      return "ExitError";
    case State::kShutdownFailed:
      return "ShutdownFailed";
    case State::kExited:
      return "Exited";
    case State::kLaunchError:
      return "LaunchError";
  }
  return "Started";
}

std::string_view to_string(ShutdownReason reason) {
  switch (reason) {
    case ShutdownReason::kSpindown:
      return "spindown";
    case ShutdownReason::kTimeout:
      return "timeout";
    case ShutdownReason::kFailure:
      return "failure";
  }
  return "failure";
}

ExtensionRegistry::ExtensionRegistry(net::Loop& loop, net::Event& changed, Random& random)
    : loop_(&loop), changed_(&changed), random_(&random) {}

ExtensionRegistry::~ExtensionRegistry() = default;

ExtensionRegistry::Entry* ExtensionRegistry::by_name(std::string_view name) const {
  const auto found = std::ranges::find_if(
      entries_, [&](const std::unique_ptr<Entry>& entry) { return entry->about.name == name; });
  return found == entries_.end() ? nullptr : found->get();
}

ExtensionRegistry::Entry* ExtensionRegistry::by_id(std::string_view id) const {
  const auto found = std::ranges::find_if(
      entries_, [&](const std::unique_ptr<Entry>& entry) { return entry->about.id == id; });
  return found == entries_.end() ? nullptr : found->get();
}

const ExtensionRegistry::Extension* ExtensionRegistry::find(std::string_view id) const {
  const Entry* entry = by_id(id);
  return entry == nullptr ? nullptr : &entry->about;
}

Result<const ExtensionRegistry::Extension*> ExtensionRegistry::register_extension(
    std::string_view name, std::span<const std::string_view> events) {
  if (name.empty()) {
    return fail(denied("Extension.InvalidExtensionName", "Empty extension name"));
  }
  Entry* entry = by_name(name);
  const bool external = entry != nullptr && entry->about.external;
  bool invoke = false;
  bool shutdown = false;
  for (const std::string_view event : events) {
    std::string_view problem;
    if (event == "INVOKE") {
      invoke = true;
    } else if (event != "SHUTDOWN") {
      problem = "ErrorInvalidEventType";
    } else if (!external) {
      problem = "ShutdownEventNotSupportedForInternalExtension";
    } else {
      shutdown = true;
    }
    if (!problem.empty()) {
      return fail(denied("Extension.InvalidEventType", fmt::format("{}: {}", event, problem)));
    }
  }
  if (external) {
    if (entry->about.state != State::kStarted) {
      return fail(not_allowed(entry->about.state, State::kRegistered, name));
    }
  } else {
    if (!open_) {
      return fail(denied("Extension.RegistrationClosed", "Extension registration closed already"));
    }
    if (entries_.size() >= kExtensionsMax) {
      return fail(denied("Extension.TooManyExtensions",
                         fmt::format("Extension limit ({}) reached", kExtensionsMax)));
    }
    if (entry != nullptr) {
      return fail(denied(kInvalidState, "Extension with this name already registered"));
    }
    entries_.push_back(std::make_unique<Entry>(*loop_));
    entry = entries_.back().get();
    entry->about.name = name;
    entry->about.id = make_uuid(*random_);
  }
  entry->about.wants_invoke = invoke;
  entry->about.wants_shutdown = shutdown;
  entry->about.state = State::kRegistered;
  changed_->set();
  return &entry->about;
}

net::Task<Result<ExtensionEvent>> ExtensionRegistry::next(std::string id) {
  Entry* entry = by_id(id);
  if (entry == nullptr) {
    co_return fail(
        denied("Extension.UnknownExtensionIdentifier", fmt::format("Unknown extension {}", id)));
  }
  State& state = entry->about.state;
  if (state != State::kRegistered && state != State::kRunning) {
    co_return fail(not_allowed(state, State::kReady, id));
  }
  state = State::kReady;
  changed_->set();
  while (!entry->offer) {
    entry->offered.reset();
    co_await entry->offered.wait();
  }
  ExtensionEvent event = *std::move(entry->offer);
  entry->offer.reset();
  entry->about.state = State::kRunning;
  co_return event;
}

Status ExtensionRegistry::init_error(std::string_view id, std::string_view error_type) {
  Entry* entry = by_id(id);
  if (entry == nullptr) return fail(unknown_identifier());
  LAPWING_CHECK(
      check_posted(entry->about, State::kInitError, {State::kRegistered, State::kInitError}));
  if (entry->about.state == State::kInitError) return {};
  entry->about.state = State::kInitError;
  entry->about.error_type = error_type;
  if (posted_failure_.empty()) posted_failure_ = "Extension.InitError";
  return {};
}

Status ExtensionRegistry::exit_error(std::string_view id, std::string_view error_type) {
  Entry* entry = by_id(id);
  if (entry == nullptr) return fail(unknown_identifier());
  LAPWING_CHECK(
      check_posted(entry->about, State::kExitError,
                   {State::kRegistered, State::kReady, State::kRunning, State::kExitError}));
  if (entry->about.state == State::kExitError) return {};
  entry->about.state = State::kExitError;
  entry->about.error_type = error_type;
  if (posted_failure_.empty()) posted_failure_ = "Extension.ExitError";
  return {};
}

Status ExtensionRegistry::add_external(std::string_view name) {
  entries_.push_back(std::make_unique<Entry>(*loop_));
  Entry& entry = *entries_.back();
  entry.about.name = name;
  entry.about.id = make_uuid(*random_);
  entry.about.external = true;
  if (entries_.size() > kExtensionsMax) {
    entry.about.state = State::kLaunchError;
    entry.about.error_type = "TooManyExtensions";
    fail_with("Extension.LaunchError", "ErrTooManyExtensions");
    return fail(make_error(ErrorKind::kTooLarge, "too many extensions"));
  }
  entry.program_runs = true;
  return {};
}

void ExtensionRegistry::launch_failed(std::string_view name, bool forbidden, std::string text) {
  Entry* entry = by_name(name);
  if (entry == nullptr) return;
  entry->program_runs = false;
  entry->about.state = State::kLaunchError;
  entry->about.error_type = forbidden ? "PermissionDenied" : "UnknownError";
  fail_with("Extension.LaunchError", std::move(text));
}

void ExtensionRegistry::exited(std::string_view name, const sandbox::ExitStatus& status) {
  Entry* entry = by_name(name);
  if (entry == nullptr || !entry->program_runs) return;
  entry->program_runs = false;
  if (shutting_down_) {
    const bool well = !status.signalled && status.code == 0;
    if (entry->about.state == State::kRunning) {
      entry->about.state = well ? State::kExited : State::kShutdownFailed;
    }
    changed_->set();
    return;
  }
  fail_with("Extension.Crash", process_exit_text(status));
}

void ExtensionRegistry::fail_with(std::string error_type, std::string text) {
  if (!failure_) {
    // What an extension said about itself explains its exit better than the exit.
    failure_ = ExtensionFailure{posted_failure_.empty() ? std::move(error_type) : posted_failure_,
                                std::move(text)};
  }
  changed_->set();
}

bool ExtensionRegistry::has_external() const {
  return std::ranges::any_of(entries_, [](const auto& entry) { return entry->about.external; });
}

bool ExtensionRegistry::all_registered() const {
  return std::ranges::none_of(
      entries_, [](const auto& entry) { return entry->about.state == State::kStarted; });
}

bool ExtensionRegistry::all_ready() const {
  return std::ranges::all_of(entries_,
                             [](const auto& entry) { return entry->about.state == State::kReady; });
}

void ExtensionRegistry::hand_out(Entry& entry, std::string json) {
  if (entry.about.state != State::kReady) return;
  entry.about.state = State::kRunning;
  entry.offer = ExtensionEvent{make_uuid(*random_), std::move(json)};
  entry.offered.set();
}

void ExtensionRegistry::give_invoke(const InvokeEvent& event) {
  std::string json;
  for (const std::unique_ptr<Entry>& entry : entries_) {
    if (!entry->about.wants_invoke) continue;
    if (json.empty()) json = invoke_json(event);
    hand_out(*entry, json);
  }
}

bool ExtensionRegistry::invoke_done() const {
  return std::ranges::all_of(entries_, [](const auto& entry) {
    return !entry->about.wants_invoke || entry->about.state == State::kReady;
  });
}

void ExtensionRegistry::give_shutdown(ShutdownReason reason, std::int64_t deadline_unix_ms) {
  shutting_down_ = true;
  const std::string json = shutdown_json(reason, deadline_unix_ms);
  for (const std::unique_ptr<Entry>& entry : entries_) {
    if (!entry->about.wants_shutdown) continue;
    if (entry->about.state == State::kReady) {
      hand_out(*entry, json);
    } else if (entry->about.state == State::kRunning) {
      // Still at its last event: SHUTDOWN is what its next call gets.
      entry->offer = ExtensionEvent{make_uuid(*random_), json};
      entry->offered.set();
    }
  }
}

std::vector<const ExtensionRegistry::Extension*> ExtensionRegistry::running_external() const {
  std::vector<const Extension*> running;
  for (const std::unique_ptr<Entry>& entry : entries_) {
    if (entry->program_runs) running.push_back(&entry->about);
  }
  return running;
}

std::vector<const ExtensionRegistry::Extension*> ExtensionRegistry::extensions() const {
  std::vector<const Extension*> all;
  for (const std::unique_ptr<Entry>& entry : entries_) all.push_back(&entry->about);
  return all;
}

}  // namespace lapwing::runtime

// What the platform tells of an environment's life: the facts of each phase, and their JSON
// records, which are the same in a JSON log, in the Telemetry API and in the Logs API.
// Source: AWS Lambda developer guide, "Lambda Telemetry API Event schema reference".
//
// Durations are milliseconds. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "runtime/execution_environment.hpp"
#include "runtime/extensions/extension_registry.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"
#include "runtime/telemetry/telemetry_subscription.hpp"

namespace lapwing::runtime {

// How an initialisation or an invocation ended, as Status and Error Type show it.
struct PhaseStatus {
  enum class Kind { kSuccess, kFailure, kError, kTimeout } kind = Kind::kSuccess;
  std::string error_type;  // "Runtime.ExitError"; empty on success and timeout
};

struct InitStart {
  std::string runtime_version;      // "python:3.8.v18"; empty for images
  std::string runtime_version_arn;  // may be empty (images)
  std::string note;                 // which interpreter serves instead, or empty
  InitializationType type = InitializationType::kOnDemand;
  std::string_view phase = "init";  // "init" or "invoke"
  std::string_view instance_id = {};
};

struct InitReport {
  double duration_ms = 0;
  std::string_view phase = "init";
  PhaseStatus status;
  InitializationType type = InitializationType::kOnDemand;
};

// Of a restored environment.
struct RestoreReport {
  double duration_ms = 0;
  PhaseStatus status;
};

// An extension subscribed to telemetry.
struct SubscriptionNote {
  std::string_view extension;
  TelemetryKind kind = TelemetryKind::kTelemetry;
  bool already = false;
  std::vector<TelemetryCategory> types;
};

// A part of an invocation.
struct Span {
  std::string_view name;  // "responseLatency"
  WallTime start{};
  double duration_ms = 0;
};

// What is told of a trace, which is nothing unless it is sampled.
struct Sampled {
  std::string_view header;   // "Root=1-...;Parent=...;Sampled=1", the lineage left out
  std::string_view root;     // "1-..."
  std::string_view segment;  // the parent's
};
std::optional<Sampled> sampled(std::string_view trace_id);

// The runtime's part of an invocation.
struct RuntimeDone {
  std::string_view request_id;
  std::string_view tenant_id;  // or empty
  std::string_view trace_id;
  PhaseStatus status;
  double duration_ms = 0;
  std::optional<ResponseTimes> response;  // nothing when it posted none
};

struct InvokeReport {
  std::string_view request_id;
  std::string_view tenant_id;  // or empty
  std::string_view trace_id;
  double duration_ms = 0;
  std::optional<double> init_duration_ms;
  std::optional<double> restore_duration_ms;
  std::optional<double> restore_runtime_ms;  // the runtime's part of it, which is billed
  std::uint32_t memory_size_mb = 0;
  std::uint32_t max_memory_used_mb = 0;
  PhaseStatus status;  // of the environment
  // The same with the function's own errors, which records show and text lines do not.
  std::optional<PhaseStatus> told_status;
  std::vector<Span> spans;
};

// Milliseconds charged for an invocation: duration and initialisation, rounded up together.
std::int64_t billed_ms(const InvokeReport& report);
// The same for a restore, which is charged apart.
std::int64_t billed_restore_ms(const InvokeReport& report);

enum class SystemLevel { kDebug, kInfo, kWarn };

struct PlatformEvent {
  std::string_view type;  // "platform.start"
  SystemLevel level = SystemLevel::kInfo;
  std::string record;  // a JSON object
};

PlatformEvent init_start_event(const FunctionVersion& fn, const InitStart& init);
PlatformEvent init_runtime_done_event(const InitReport& report);
PlatformEvent extension_event(const ExtensionRegistry::Extension& extension);
PlatformEvent subscription_event(const SubscriptionNote& note);
PlatformEvent init_report_event(const InitReport& report);
PlatformEvent restore_start_event(const FunctionVersion& fn, const InitStart& restore);
PlatformEvent restore_runtime_done_event(const RestoreReport& report);
PlatformEvent restore_report_event(const RestoreReport& report);
// Why a version has no snapshot. Ours alone: AWS has no such event.
PlatformEvent snapshot_off_event(std::string_view why);
PlatformEvent start_event(const FunctionVersion& fn, std::string_view request_id,
                          std::string_view trace_id, std::string_view tenant_id = {});
PlatformEvent runtime_done_event(const RuntimeDone& done);
PlatformEvent report_event(const InvokeReport& report);

// "success"
std::string_view to_string(PhaseStatus::Kind kind);

}  // namespace lapwing::runtime

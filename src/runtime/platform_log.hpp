// The lines the platform itself writes into a function's log: INIT_START, START, END,
// REPORT and INIT_REPORT, in AWS's text and JSON formats (AWS Lambda developer guide,
// "Lambda advanced logging controls" and recorded log streams).
//
// Every function returns the message without a trailing newline, or an empty string when
// the function's system log level keeps it out. Durations are milliseconds.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "runtime/execution_environment.hpp"
#include "runtime/extension_registry.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"

namespace lapwing::runtime {

// How an initialisation or an invocation ended, as Status and Error Type show it.
struct PhaseStatus {
  enum class Kind { kSuccess, kFailure, kError, kTimeout } kind = Kind::kSuccess;
  std::string error_type;  // "Runtime.ExitError"; empty on success and timeout
};

struct InitStart {
  std::string runtime_version;      // "python:3.8.v18"
  std::string runtime_version_arn;  // may be empty (images)
  std::string note;                 // which interpreter serves instead, or empty
  InitializationType type = InitializationType::kOnDemand;
};

struct InitReport {
  double duration_ms = 0;
  std::string_view phase = "init";  // "init" or "invoke"
  PhaseStatus status;
  InitializationType type = InitializationType::kOnDemand;
};

struct InvokeReport {
  std::string_view request_id;
  std::string_view trace_id;
  double duration_ms = 0;
  std::optional<double> init_duration_ms;
  std::uint32_t memory_size_mb = 0;
  std::uint32_t max_memory_used_mb = 0;
  PhaseStatus status;
  std::optional<ResponseTimes> response;
};

// Milliseconds charged for an invocation: duration and initialisation, rounded up together.
std::int64_t billed_ms(const InvokeReport& report);

std::string init_start_line(const FunctionVersion& fn, WallTime now, const InitStart& init);
std::string init_runtime_done_line(const FunctionVersion& fn, WallTime now, std::string_view phase,
                                   const PhaseStatus& status,
                                   InitializationType type = InitializationType::kOnDemand);
// An extension at the end of the initialisation: its state, what it subscribed to.
std::string extension_line(const FunctionVersion& fn, WallTime now,
                           const ExtensionRegistry::Extension& extension);
// Text: written for failures, and always for provisioned concurrency. JSON: always (level DEBUG
// when successful on demand, else INFO).
std::string init_report_line(const FunctionVersion& fn, WallTime now, const InitReport& report);
std::string start_line(const FunctionVersion& fn, WallTime now, std::string_view request_id);
// "END" in text, platform.runtimeDone in JSON.
std::string end_line(const FunctionVersion& fn, WallTime now, const InvokeReport& report);
std::string report_line(const FunctionVersion& fn, WallTime now, const InvokeReport& report);

}  // namespace lapwing::runtime

// The lines the platform itself writes into a function's log: INIT_START, START, END,
// REPORT and INIT_REPORT, in AWS's text and JSON formats (AWS Lambda developer guide,
// "Lambda advanced logging controls" and recorded log streams).
//
// Every function returns the message without a trailing newline, or an empty string when
// the function's log format has no such line or its system log level keeps it out.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "runtime/function_version.hpp"
#include "runtime/log/platform_event.hpp"

namespace lapwing::runtime {

std::string init_start_line(const FunctionVersion& fn, WallTime now, const InitStart& init);
// JSON only.
std::string init_runtime_done_line(const FunctionVersion& fn, WallTime now,
                                   const InitReport& report);
// An extension at the end of the initialisation: its state, what it subscribed to.
std::string extension_line(const FunctionVersion& fn, WallTime now,
                           const ExtensionRegistry::Extension& extension);
// "TELEMETRY" or "LOGS" in text.
std::string subscription_line(const FunctionVersion& fn, WallTime now,
                              const SubscriptionNote& note);
// Text: written for failures, and always for provisioned concurrency. JSON: always (level DEBUG
// when successful on demand, else INFO).
std::string init_report_line(const FunctionVersion& fn, WallTime now, const InitReport& report);
// "RESTORE_START" in text.
std::string restore_start_line(const FunctionVersion& fn, WallTime now, const InitStart& restore);
// JSON only.
std::string restore_runtime_done_line(const FunctionVersion& fn, WallTime now,
                                      const RestoreReport& report);
std::string restore_report_line(const FunctionVersion& fn, WallTime now,
                                const RestoreReport& report);
// "SNAPSTART" in text.
std::string snapshot_off_line(const FunctionVersion& fn, WallTime now, std::string_view why);
std::string start_line(const FunctionVersion& fn, WallTime now, std::string_view request_id,
                       std::string_view trace_id = {}, std::string_view tenant_id = {});
// JSON only.
std::string runtime_done_line(const FunctionVersion& fn, WallTime now, const RuntimeDone& done);
// Text only.
std::string end_line(const FunctionVersion& fn, std::string_view request_id);
std::string report_line(const FunctionVersion& fn, WallTime now, const InvokeReport& report);

}  // namespace lapwing::runtime

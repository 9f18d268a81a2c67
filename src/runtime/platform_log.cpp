#include "runtime/platform_log.hpp"

#include <cmath>
#include <ctime>

#include <fmt/core.h>

#include "text/json_writer.hpp"

namespace lapwing::runtime {
namespace {

enum class Level { kDebug, kInfo, kWarn };

bool is_json(const FunctionVersion& fn) { return fn.logging.format == LogFormat::kJson; }

bool wanted(const FunctionVersion& fn, Level level) {
  if (!is_json(fn)) return true;
  const std::string& set = fn.logging.system_log_level;
  if (set == "DEBUG") return true;
  if (set == "WARN") return level == Level::kWarn;
  return level != Level::kDebug;
}

std::string iso_time(WallTime time) {
  const std::int64_t ms = unix_ms(time);
  const std::time_t seconds = ms / 1000;
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms % 1000);
}

std::string event(WallTime now, std::string_view type, std::string_view record) {
  return fmt::format(R"({{"time":"{}","type":"platform.{}","record":{{{}}}}})", iso_time(now), type,
                     record);
}

std::string_view status_name(PhaseStatus::Kind kind) {
  switch (kind) {
    case PhaseStatus::Kind::kSuccess:
      return "success";
    case PhaseStatus::Kind::kFailure:
      return "failure";
    case PhaseStatus::Kind::kError:
      return "error";
    case PhaseStatus::Kind::kTimeout:
      return "timeout";
  }
  return "success";
}

// ,"status":"error","errorType":"..." : error types are ours or of [A-Za-z.], never quoted text.
std::string status_json(const PhaseStatus& status) {
  std::string out = fmt::format(R"(,"status":"{}")", status_name(status.kind));
  if (!status.error_type.empty()) out += fmt::format(R"(,"errorType":"{}")", status.error_type);
  return out;
}

Level level_of(const PhaseStatus& status, Level on_success) {
  return status.kind == PhaseStatus::Kind::kSuccess ? on_success : Level::kWarn;
}

std::string status_text(const PhaseStatus& status) {
  if (status.kind == PhaseStatus::Kind::kSuccess) return {};
  std::string out = fmt::format("\tStatus: {}", status_name(status.kind));
  if (!status.error_type.empty()) out += fmt::format("\tError Type: {}", status.error_type);
  return out;
}

std::string tracing_json(std::string_view trace_id) {
  if (trace_id.empty()) return {};
  return fmt::format(R"(,"tracing":{{"type":"X-Amzn-Trace-Id","value":"{}"}})", trace_id);
}

// Until the response began, while it lasted, and until the runtime was ready for more.
std::string spans_json(const ResponseTimes& times) {
  const auto span = [](std::string_view name, WallTime from, Duration took) {
    return fmt::format(R"({{"name":"{}","start":"{}","durationMs":{:.3f}}})", name, iso_time(from),
                       std::chrono::duration<double, std::milli>(took).count());
  };
  const WallTime begun = times.given + times.latency;
  return fmt::format(R"(,"spans":[{},{},{}])", span("responseLatency", times.given, times.latency),
                     span("responseDuration", begun, times.lasted),
                     span("runtimeOverhead", begun + times.lasted, times.overhead));
}

}  // namespace

std::int64_t billed_ms(const InvokeReport& report) {
  return static_cast<std::int64_t>(
      std::ceil(report.duration_ms + report.init_duration_ms.value_or(0)));
}

std::string init_start_line(const FunctionVersion& fn, WallTime now, const InitStart& init) {
  if (!is_json(fn)) {
    std::string line = fmt::format("INIT_START Runtime Version: {}", init.runtime_version);
    if (!init.runtime_version_arn.empty()) {
      line += fmt::format("\tRuntime Version ARN: {}", init.runtime_version_arn);
    }
    if (!init.note.empty()) line += fmt::format("\tNote: {}", init.note);
    return line;
  }
  if (!wanted(fn, Level::kInfo)) return {};
  std::string record =
      fmt::format(R"("initializationType":"{}","phase":"init","runtimeVersion":"{}")",
                  to_string(init.type), init.runtime_version);
  if (!init.runtime_version_arn.empty()) {
    record += fmt::format(R"(,"runtimeVersionArn":"{}")", init.runtime_version_arn);
  }
  if (!init.note.empty()) record += fmt::format(R"(,"note":"{}")", init.note);
  record += fmt::format(R"(,"functionName":"{}","functionVersion":"{}","instanceMaxMemory":{})",
                        fn.name.view(), fn.version, std::uint64_t{fn.memory_mb} * 1024 * 1024);
  return event(now, "initStart", record);
}

std::string init_runtime_done_line(const FunctionVersion& fn, WallTime now, std::string_view phase,
                                   const PhaseStatus& status, InitializationType type) {
  if (!is_json(fn) || !wanted(fn, level_of(status, Level::kDebug))) return {};
  return event(now, "initRuntimeDone",
               fmt::format(R"("initializationType":"{}","phase":"{}"{})", to_string(type), phase,
                           status_json(status)));
}

std::string extension_line(const FunctionVersion& fn, WallTime now,
                           const ExtensionRegistry::Extension& extension) {
  std::string_view events;
  const bool json = is_json(fn);
  if (extension.wants_invoke && extension.wants_shutdown) {
    events = json ? R"("INVOKE","SHUTDOWN")" : "INVOKE, SHUTDOWN";
  } else if (extension.wants_invoke) {
    events = json ? R"("INVOKE")" : "INVOKE";
  } else if (extension.wants_shutdown) {
    events = json ? R"("SHUTDOWN")" : "SHUTDOWN";
  }
  if (!json) {
    std::string line = fmt::format("EXTENSION\tName: {}\tState: {}\tEvents: [{}]", extension.name,
                                   to_string(extension.state), events);
    if (!extension.error_type.empty()) line += "\tError Type: " + extension.error_type;
    return line;
  }
  if (!wanted(fn, Level::kInfo)) return {};
  std::string name;
  text::append_json_string(name, extension.name);
  std::string record = fmt::format(R"("name":{},"state":"{}","events":[{}])", name,
                                   to_string(extension.state), events);
  if (!extension.error_type.empty()) {
    record += R"(,"errorType":)";
    text::append_json_string(record, extension.error_type);
  }
  return event(now, "extension", record);
}

std::string init_report_line(const FunctionVersion& fn, WallTime now, const InitReport& report) {
  const bool on_demand = report.type == InitializationType::kOnDemand;
  if (!is_json(fn)) {
    if (on_demand && report.status.kind == PhaseStatus::Kind::kSuccess) return {};
    return fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: {}{}", report.duration_ms,
                       report.phase, status_text(report.status));
  }
  if (!wanted(fn, level_of(report.status, on_demand ? Level::kDebug : Level::kInfo))) return {};
  return event(now, "initReport",
               fmt::format(R"("initializationType":"{}","phase":"{}"{},)"
                           R"("metrics":{{"durationMs":{:.3f}}})",
                           to_string(report.type), report.phase, status_json(report.status),
                           report.duration_ms));
}

std::string start_line(const FunctionVersion& fn, WallTime now, std::string_view request_id) {
  if (!is_json(fn)) return fmt::format("START RequestId: {} Version: {}", request_id, fn.version);
  if (!wanted(fn, Level::kInfo)) return {};
  return event(now, "start",
               fmt::format(R"("requestId":"{}","version":"{}")", request_id, fn.version));
}

std::string end_line(const FunctionVersion& fn, WallTime now, const InvokeReport& report) {
  if (!is_json(fn)) return fmt::format("END RequestId: {}", report.request_id);
  if (!wanted(fn, level_of(report.status, Level::kDebug))) return {};
  std::string metrics = fmt::format(R"("durationMs":{:.3f})", report.duration_ms);
  if (report.response) metrics += fmt::format(R"(,"producedBytes":{})", report.response->bytes);
  return event(now, "runtimeDone",
               fmt::format(R"("requestId":"{}"{},"metrics":{{{}}}{}{})", report.request_id,
                           status_json(report.status), metrics,
                           report.response ? spans_json(*report.response) : "",
                           tracing_json(report.trace_id)));
}

std::string report_line(const FunctionVersion& fn, WallTime now, const InvokeReport& report) {
  if (!is_json(fn)) {
    std::string line = fmt::format(
        "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t"
        "Max Memory Used: {} MB\t",
        report.request_id, report.duration_ms, billed_ms(report), report.memory_size_mb,
        report.max_memory_used_mb);
    if (report.init_duration_ms) {
      line += fmt::format("Init Duration: {:.2f} ms\t", *report.init_duration_ms);
    }
    const std::string status = status_text(report.status);
    if (!status.empty()) line += status.substr(1);
    return line;
  }
  if (!wanted(fn, level_of(report.status, Level::kInfo))) return {};
  std::string metrics = fmt::format(
      R"("durationMs":{:.3f},"billedDurationMs":{},"memorySizeMB":{},"maxMemoryUsedMB":{})",
      report.duration_ms, billed_ms(report), report.memory_size_mb, report.max_memory_used_mb);
  if (report.init_duration_ms) {
    metrics += fmt::format(R"(,"initDurationMs":{:.3f})", *report.init_duration_ms);
  }
  return event(now, "report",
               fmt::format(R"("requestId":"{}","metrics":{{{}}}{}{})", report.request_id, metrics,
                           status_json(report.status), tracing_json(report.trace_id)));
}

}  // namespace lapwing::runtime

#include "runtime/log/platform_log.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include <fmt/core.h>

#include "text/time_format.hpp"

namespace lapwing::runtime {
namespace {

bool is_json(const FunctionVersion& fn) { return fn.logging.format == LogFormat::kJson; }

bool wanted(const FunctionVersion& fn, SystemLevel level) {
  const std::string& set = fn.logging.system_log_level;
  if (set == "DEBUG") return true;
  if (set == "WARN") return level == SystemLevel::kWarn;
  return level != SystemLevel::kDebug;
}

// The lines of every invocation are put together by hand: a formatter costs several times as
// much, three times a call.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 1;  // the log adds the newline in place
  for (const std::string_view part : parts) size += part.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view part : parts) out += part;
  return out;
}

class Number {
 public:
  explicit Number(std::int64_t value) { put(value); }
  // With two decimals.
  explicit Number(double value) {
    const std::int64_t hundredths = std::llround(value * 100);
    put(hundredths / 100);
    const auto rest = static_cast<int>(hundredths % 100);
    *end_++ = '.';
    *end_++ = static_cast<char>('0' + rest / 10);
    *end_++ = static_cast<char>('0' + rest % 10);
  }
  std::string_view text() const { return {digits_.data(), end_}; }

 private:
  void put(std::int64_t value) {
    end_ = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value).ptr;
  }

  std::array<char, 32> digits_;  // more than any number and its decimals
  char* end_;
};

std::string json_line(const FunctionVersion& fn, WallTime now, const PlatformEvent& event) {
  if (!wanted(fn, event.level)) return {};
  return fmt::format(R"({{"time":"{}","type":"{}","record":{}}})", text::format_iso8601(now, true),
                     event.type, event.record);
}

std::string status_text(const PhaseStatus& status) {
  if (status.kind == PhaseStatus::Kind::kSuccess) return {};
  std::string out = fmt::format("\tStatus: {}", to_string(status.kind));
  if (!status.error_type.empty()) out += fmt::format("\tError Type: {}", status.error_type);
  return out;
}

std::string_view capitalised(TelemetryCategory category) {
  switch (category) {
    case TelemetryCategory::kPlatform:
      return "Platform";
    case TelemetryCategory::kFunction:
      return "Function";
    case TelemetryCategory::kExtension:
      return "Extension";
  }
  return "Platform";
}

std::string start_of(std::string_view what, const InitStart& init) {
  std::string line(what);
  if (!init.runtime_version.empty()) {
    line += fmt::format(" Runtime Version: {}", init.runtime_version);
  }
  if (!init.runtime_version_arn.empty()) {
    line += fmt::format("\tRuntime Version ARN: {}", init.runtime_version_arn);
  }
  if (!init.note.empty()) line += fmt::format("\tNote: {}", init.note);
  return line;
}

}  // namespace

std::string init_start_line(const FunctionVersion& fn, WallTime now, const InitStart& init) {
  if (is_json(fn)) return json_line(fn, now, init_start_event(fn, init));
  return start_of("INIT_START", init);
}

std::string restore_start_line(const FunctionVersion& fn, WallTime now, const InitStart& restore) {
  if (is_json(fn)) return json_line(fn, now, restore_start_event(fn, restore));
  return start_of("RESTORE_START", restore);
}

std::string restore_runtime_done_line(const FunctionVersion& fn, WallTime now,
                                      const RestoreReport& report) {
  if (!is_json(fn)) return {};
  return json_line(fn, now, restore_runtime_done_event(report));
}

std::string restore_report_line(const FunctionVersion& fn, WallTime now,
                                const RestoreReport& report) {
  if (is_json(fn)) return json_line(fn, now, restore_report_event(report));
  return fmt::format("RESTORE_REPORT Restore Duration: {:.2f} ms{}", report.duration_ms,
                     status_text(report.status));
}

std::string snapshot_off_line(const FunctionVersion& fn, WallTime now, std::string_view why) {
  if (is_json(fn)) return json_line(fn, now, snapshot_off_event(why));
  return fmt::format("SNAPSTART\tStatus: off\tReason: {}", why);
}

std::string init_runtime_done_line(const FunctionVersion& fn, WallTime now,
                                   const InitReport& report) {
  if (!is_json(fn)) return {};
  return json_line(fn, now, init_runtime_done_event(report));
}

std::string extension_line(const FunctionVersion& fn, WallTime now,
                           const ExtensionRegistry::Extension& extension) {
  if (is_json(fn)) return json_line(fn, now, extension_event(extension));
  const std::string_view both = extension.wants_invoke && extension.wants_shutdown ? ", " : "";
  std::string line = fmt::format("EXTENSION\tName: {}\tState: {}\tEvents: [{}{}{}]", extension.name,
                                 to_string(extension.state), extension.wants_invoke ? "INVOKE" : "",
                                 both, extension.wants_shutdown ? "SHUTDOWN" : "");
  if (!extension.error_type.empty()) line += "\tError Type: " + extension.error_type;
  return line;
}

std::string subscription_line(const FunctionVersion& fn, WallTime now,
                              const SubscriptionNote& note) {
  if (is_json(fn)) return json_line(fn, now, subscription_event(note));
  std::string types;
  for (const TelemetryCategory type : note.types) {
    if (!types.empty()) types += ", ";
    types += capitalised(type);
  }
  return fmt::format("{}\tName: {}\tState: {}\tTypes: [{}]",
                     note.kind == TelemetryKind::kLogs ? "LOGS" : "TELEMETRY", note.extension,
                     note.already ? "Already subscribed" : "Subscribed", types);
}

std::string init_report_line(const FunctionVersion& fn, WallTime now, const InitReport& report) {
  if (is_json(fn)) return json_line(fn, now, init_report_event(report));
  if (report.type == InitializationType::kOnDemand &&
      report.status.kind == PhaseStatus::Kind::kSuccess) {
    return {};
  }
  return fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: {}{}", report.duration_ms,
                     report.phase, status_text(report.status));
}

std::string start_line(const FunctionVersion& fn, WallTime now, std::string_view request_id,
                       std::string_view trace_id, std::string_view tenant_id) {
  if (is_json(fn)) return json_line(fn, now, start_event(fn, request_id, trace_id, tenant_id));
  return joined({"START RequestId: ", request_id, " Version: ", fn.version});
}

std::string runtime_done_line(const FunctionVersion& fn, WallTime now, const RuntimeDone& done) {
  if (!is_json(fn)) return {};
  return json_line(fn, now, runtime_done_event(done));
}

std::string end_line(const FunctionVersion& fn, std::string_view request_id) {
  if (is_json(fn)) return {};
  return joined({"END RequestId: ", request_id});
}

std::string report_line(const FunctionVersion& fn, WallTime now, const InvokeReport& report) {
  if (is_json(fn)) return json_line(fn, now, report_event(report));
  const Number duration(report.duration_ms);
  const Number billed(billed_ms(report));
  const Number size(std::int64_t{report.memory_size_mb});
  const Number used(std::int64_t{report.max_memory_used_mb});
  std::string line =
      joined({"REPORT RequestId: ", report.request_id, "\tDuration: ", duration.text(),
              " ms\tBilled Duration: ", billed.text(), " ms\tMemory Size: ", size.text(),
              " MB\tMax Memory Used: ", used.text(), " MB\t"});
  if (report.init_duration_ms) {
    line += fmt::format("Init Duration: {:.2f} ms\t", *report.init_duration_ms);
  }
  if (report.restore_duration_ms) {
    line += fmt::format("Restore Duration: {:.2f} ms\tBilled Restore Duration: {} ms\t",
                        *report.restore_duration_ms, billed_restore_ms(report));
  }
  const std::string status = status_text(report.status);
  if (!status.empty()) line += status.substr(1);
  if (const std::optional<Sampled> trace = sampled(report.trace_id)) {
    line += joined(
        {"\nXRAY TraceId: ", trace->root, "\tSegmentId: ", trace->segment, "\tSampled: true\t"});
  }
  return line;
}

}  // namespace lapwing::runtime

#include "runtime/log/platform_event.hpp"

#include <cmath>

#include <fmt/core.h>

#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::runtime {
namespace {

SystemLevel level_of(const PhaseStatus& status, SystemLevel on_success) {
  return status.kind == PhaseStatus::Kind::kSuccess ? on_success : SystemLevel::kWarn;
}

// AWS: INFO where a runtime version is told, which images have none of.
SystemLevel level_of(const InitStart& start) {
  return start.runtime_version.empty() ? SystemLevel::kDebug : SystemLevel::kInfo;
}

double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Until the response began, while it lasted, and until the runtime was ready for more.
std::vector<Span> spans_of(const ResponseTimes& times) {
  const WallTime begun = times.given + times.latency;
  return {{"responseLatency", times.given, to_ms(times.latency)},
          {"responseDuration", begun, to_ms(times.lasted)},
          {"runtimeOverhead", begun + times.lasted, to_ms(times.overhead)}};
}

// A record under construction: an object whose end is put by finish().
class Record {
 public:
  Record() { json.begin_object(); }
  PlatformEvent finish(std::string_view type, SystemLevel level) {
    json.end_object();
    return {type, level, std::move(out_)};
  }
  void phase(InitializationType type, std::string_view name) {
    json.member("initializationType", to_string(type));
    json.member("phase", name);
  }
  // What the beginnings of an initialisation and of a restore tell.
  void start(const FunctionVersion& fn, const InitStart& init) {
    if (!init.runtime_version.empty()) json.member("runtimeVersion", init.runtime_version);
    if (!init.runtime_version_arn.empty()) {
      json.member("runtimeVersionArn", init.runtime_version_arn);
    }
    if (!init.note.empty()) json.member("note", init.note);
    json.member("functionName", fn.name.view());
    json.member("functionVersion", fn.version);
    // The log stream is what tells one environment from another.
    if (!init.instance_id.empty()) json.member("instanceId", init.instance_id);
    json.member("instanceMaxMemory", std::uint64_t{fn.memory_mb} * 1024 * 1024);
  }
  void status(const PhaseStatus& status) {
    json.member("status", to_string(status.kind));
    if (!status.error_type.empty()) json.member("errorType", status.error_type);
  }
  void request(std::string_view request_id, std::string_view tenant_id) {
    json.member("requestId", request_id);
    if (!tenant_id.empty()) json.member("tenantId", tenant_id);
  }
  // Durations to the microsecond; more digits are noise.
  void milliseconds(std::string_view name, double value) {
    json.key(name);
    json.raw(fmt::format("{:.3f}", value));
  }
  void spans(const std::vector<Span>& spans) {
    if (spans.empty()) return;
    json.key("spans");
    json.begin_array();
    for (const Span& span : spans) {
      json.begin_object();
      json.member("name", span.name);
      json.member("start", text::format_iso8601(span.start, true));
      milliseconds("durationMs", span.duration_ms);
      json.end_object();
    }
    json.end_array();
  }
  void tracing(std::string_view trace_id) {
    const std::optional<Sampled> trace = sampled(trace_id);
    if (!trace) return;
    json.key("tracing");
    json.begin_object();
    json.member("spanId", trace->segment);
    json.member("type", "X-Amzn-Trace-Id");
    json.member("value", trace->header);
    json.end_object();
  }

 private:
  std::string out_;

 public:
  text::JsonWriter json{out_};
};

// The value after `name`, up to the next field.
std::string_view field(std::string_view header, std::string_view name) {
  const std::size_t at = header.find(name);
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + name.size());
  return header.substr(0, header.find(';'));
}

}  // namespace

std::optional<Sampled> sampled(std::string_view trace_id) {
  constexpr std::string_view kMark = ";Sampled=1";
  const std::size_t mark = trace_id.find(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  Sampled out;
  out.header = trace_id.substr(0, mark + kMark.size());
  out.root = field(out.header, "Root=");
  out.segment = field(out.header, "Parent=");
  return out;
}

std::string_view to_string(PhaseStatus::Kind kind) {
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

std::int64_t billed_ms(const InvokeReport& report) {
  return static_cast<std::int64_t>(
      std::ceil(report.duration_ms + report.init_duration_ms.value_or(0)));
}

std::int64_t billed_restore_ms(const InvokeReport& report) {
  return static_cast<std::int64_t>(std::ceil(report.restore_runtime_ms.value_or(0)));
}

PlatformEvent init_start_event(const FunctionVersion& fn, const InitStart& init) {
  Record record;
  record.phase(init.type, init.phase);
  record.start(fn, init);
  return record.finish("platform.initStart", level_of(init));
}

PlatformEvent restore_start_event(const FunctionVersion& fn, const InitStart& restore) {
  Record record;
  record.start(fn, restore);
  return record.finish("platform.restoreStart", level_of(restore));
}

PlatformEvent restore_runtime_done_event(const RestoreReport& report) {
  Record record;
  record.status(report.status);
  return record.finish("platform.restoreRuntimeDone", level_of(report.status, SystemLevel::kDebug));
}

PlatformEvent restore_report_event(const RestoreReport& report) {
  Record record;
  record.status(report.status);
  record.json.key("metrics");
  record.json.begin_object();
  record.milliseconds("durationMs", report.duration_ms);
  record.json.end_object();
  return record.finish("platform.restoreReport", level_of(report.status, SystemLevel::kInfo));
}

PlatformEvent snapshot_off_event(std::string_view why) {
  Record record;
  record.json.key("status");
  record.json.string("off");
  record.json.key("reason");
  record.json.string(why);
  return record.finish("platform.snapStart", SystemLevel::kWarn);
}

PlatformEvent init_runtime_done_event(const InitReport& report) {
  Record record;
  record.phase(report.type, report.phase);
  record.status(report.status);
  return record.finish("platform.initRuntimeDone", level_of(report.status, SystemLevel::kDebug));
}

PlatformEvent extension_event(const ExtensionRegistry::Extension& extension) {
  Record record;
  record.json.member("name", extension.name);
  record.json.member("state", to_string(extension.state));
  record.json.key("events");
  record.json.begin_array();
  if (extension.wants_invoke) record.json.string("INVOKE");
  if (extension.wants_shutdown) record.json.string("SHUTDOWN");
  record.json.end_array();
  if (!extension.error_type.empty()) record.json.member("errorType", extension.error_type);
  const bool failed = !extension.error_type.empty();
  return record.finish("platform.extension", failed ? SystemLevel::kWarn : SystemLevel::kInfo);
}

PlatformEvent subscription_event(const SubscriptionNote& note) {
  Record record;
  record.json.member("name", note.extension);
  record.json.member("state", note.already ? "Already subscribed" : "Subscribed");
  record.json.key("types");
  record.json.begin_array();
  for (const TelemetryCategory type : note.types) record.json.string(to_string(type));
  record.json.end_array();
  const bool logs = note.kind == TelemetryKind::kLogs;
  return record.finish(logs ? "platform.logsSubscription" : "platform.telemetrySubscription",
                       SystemLevel::kInfo);
}

PlatformEvent init_report_event(const InitReport& report) {
  Record record;
  record.phase(report.type, report.phase);
  record.status(report.status);
  record.json.key("metrics");
  record.json.begin_object();
  record.milliseconds("durationMs", report.duration_ms);
  record.json.end_object();
  const bool on_demand = report.type == InitializationType::kOnDemand;
  return record.finish(
      "platform.initReport",
      level_of(report.status, on_demand ? SystemLevel::kDebug : SystemLevel::kInfo));
}

PlatformEvent start_event(const FunctionVersion& fn, std::string_view request_id,
                          std::string_view trace_id, std::string_view tenant_id) {
  Record record;
  record.request(request_id, tenant_id);
  record.json.member("version", fn.version);
  record.tracing(trace_id);
  return record.finish("platform.start", SystemLevel::kInfo);
}

PlatformEvent runtime_done_event(const RuntimeDone& done) {
  Record record;
  record.request(done.request_id, done.tenant_id);
  record.status(done.status);
  record.json.key("metrics");
  record.json.begin_object();
  record.milliseconds("durationMs", done.duration_ms);
  if (done.response) record.json.member("producedBytes", done.response->bytes);
  record.json.end_object();
  if (done.response) record.spans(spans_of(*done.response));
  record.tracing(done.trace_id);
  return record.finish("platform.runtimeDone", level_of(done.status, SystemLevel::kDebug));
}

PlatformEvent report_event(const InvokeReport& report) {
  Record record;
  record.request(report.request_id, report.tenant_id);
  record.json.key("metrics");
  record.json.begin_object();
  record.milliseconds("durationMs", report.duration_ms);
  record.json.member("billedDurationMs", billed_ms(report));
  record.json.member("memorySizeMB", report.memory_size_mb);
  record.json.member("maxMemoryUsedMB", report.max_memory_used_mb);
  if (report.init_duration_ms) record.milliseconds("initDurationMs", *report.init_duration_ms);
  if (report.restore_duration_ms) {
    record.milliseconds("restoreDurationMs", *report.restore_duration_ms);
    record.json.member("billedRestoreDurationMs", billed_restore_ms(report));
  }
  record.json.end_object();
  const PhaseStatus& status = report.told_status ? *report.told_status : report.status;
  record.status(status);
  record.spans(report.spans);
  record.tracing(report.trace_id);
  return record.finish("platform.report", level_of(status, SystemLevel::kInfo));
}

}  // namespace lapwing::runtime
